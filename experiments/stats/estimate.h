// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// A closed interval. An infinite end is unbounded; the default interval excludes nothing.
struct Interval {
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();

  bool IsBounded() const { return std::isfinite(lower) && std::isfinite(upper); }
  bool Contains(double x) const { return lower <= x && x <= upper; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

// How an estimate was made.
enum class Method {
  kWelch,               // difference of means, Welch-Satterthwaite
  kScore,               // difference of rates: pooled score test, Newcombe interval
  kFisherMidP,          // difference of rates at small counts: mid-p exact test, Newcombe interval
  kWald,                // difference of rates, unpooled
  kRatioDelta,          // difference of ratios of totals, delta method
  kQuantile,            // difference of quantiles, order statistics with clustered variance
  kRegressionAdjusted,  // difference of means adjusted by a slope per arm (Lin)
  kPooledCuped,         // difference of means adjusted by one slope (CUPED)
  kPostStratified,      // tier effects weighted by tier shares
  kLinearContrast,      // treatment - (1 + margin) control
  kKatz,                // relative lift, log ratio
  kFieller,             // relative lift, Fieller's theorem
  kDeltaLift,           // relative lift, delta method
  kScoreLift,           // relative lift of rates from Wilson limits (Donner & Zou)
  kSkewnessCorrected,   // difference or lift of means, studentised, corrected for skewness
  kSkewnessScore,       // difference or lift of rates, score test corrected for skewness (Gart & Nam)
};
absl::string_view MethodName(Method method);

// Why an estimate lacks a part.
enum class Gap {
  kNone,             // it lacks nothing
  kNoUsers,          // an arm has no users
  kTooFewUsers,      // an arm has too few users for a variance
  kZeroVariance,     // the outcome does not vary, so nothing can be tested
  kZeroControl,      // a relative change of zero does not exist
  kZeroDenominator,  // the denominator of a ratio adds up to zero
  kUnbounded,        // the confidence set is not an interval: the control is not told apart from zero
};
absl::string_view GapName(Gap gap);

// A test against a null value. The default claims nothing.
struct Test {
  double statistic = 0.0;                               // z or t
  double df = std::numeric_limits<double>::infinity();  // +inf: normal
  double p = 1.0;                                       // two-sided
  double log_p = 0.0;                                   // ln p, right also where p underflows to 0
};
// The test of `statistic` against Student's t with `df` degrees of freedom (normal where +inf).
Test TestOf(double statistic, double df);

// An effect with its error, test of no effect and interval. What cannot be known claims nothing: effect 0, standard
// error +inf, p 1 and the unbounded interval, and `gap` says why. Never NaN.
struct Estimate {
  Method method = Method::kWelch;
  Gap gap = Gap::kNone;
  double effect = 0.0;
  double se = std::numeric_limits<double>::infinity();
  Test test = {};
  Interval interval = {};
  double confidence = 0.95;
};

// effect -+ quantile * se, with Student's t at `df` (normal where +inf); with `se` 0 (kZeroVariance) or not finite
// (kTooFewUsers) the effect stands without test and interval.
Estimate MakeEstimate(Method method, double effect, double se, double df, double confidence);
// An estimate that claims nothing, because of `gap`.
Estimate MissingEstimate(Method method, Gap gap, double confidence);

// The two-sided critical value: the (1 + confidence)/2 quantile of Student's t at `df`, or of the normal where `df` is
// +inf.
double CriticalValue(double confidence, double df);

// Third central moments of two arms' means, E (mean - expectation)^3.
struct ThirdMoments {
  double control = 0.0;
  double treatment = 0.0;
};

// Two arms' means with their squared standard errors: what every estimator can be reduced to, and what contrasts,
// relative lifts and post-stratification start from. `covariance` is that between the two means (0 unless adjusted).
struct ArmMeans {
  double control = 0.0;
  double control_variance = 0.0;
  double treatment = 0.0;
  double treatment_variance = 0.0;
  double covariance = 0.0;
  double df = std::numeric_limits<double>::infinity();  // of treatment - control
  // What corrects for skewness; nullopt where the users' third moments are not known.
  std::optional<ThirdMoments> thirds = std::nullopt;

  double DifferenceVariance() const { return std::fmax(0.0, control_variance + treatment_variance - 2.0 * covariance); }
};

// Welch-Satterthwaite degrees of freedom of a sum of independent variance estimates `a` and `b` with `df_a` and `df_b`
// each; +inf where both are 0.
double SatterthwaiteDf(double a, double df_a, double b, double df_b);

// treatment - (1 + margin) control: the decision scale, linear where the relative lift is not. `margin` > -1 is the
// relative change to test against: positive for superiority by a margin, negative for non-inferiority. InvalidArgument
// names the field.
absl::StatusOr<Estimate> LinearContrast(const ArmMeans& means, double margin, double confidence);

// InvalidArgument naming the field, unless 0 < confidence < 1.
absl::Status CheckConfidence(double confidence);
// InvalidArgument naming the field, unless `margin` is finite and above -1.
absl::Status CheckMargin(double margin);
// InvalidArgument naming the field under `field`, unless n >= 0, mean finite, m2 finite and >= 0.
absl::Status CheckMoments(const Moments& moments, absl::string_view field);
// As CheckMoments for every variable, and |comoment(i, j)| at most the geometric mean of comoment(i, i) and comoment(j,
// j).
absl::Status CheckJointMoments(const JointMoments& moments, absl::string_view field);
// InvalidArgument naming the field, unless all is finite, variances >= 0 and covariance^2 <= their product.
absl::Status CheckArmMeans(const ArmMeans& means);

}  // namespace tierwise
