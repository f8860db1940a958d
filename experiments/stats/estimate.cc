// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/estimate.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// Sums over users may be of any size, and what is left of a variance after adjustment may be as small as rounding
// leaves it: any finite number is taken. The descriptions are written only when needed, because these checks precede
// every estimate.
void CheckAnyFinite(absl::string_view field, double value, Problems& problems) {
  if (!std::isfinite(value)) problems.Add(field, absl::StrCat("is ", value, "; must be finite"));
}

void CheckSquare(absl::string_view field, double value, Problems& problems) {
  if (!(value >= 0.0 && value < kInf)) {
    problems.Add(field, absl::StrCat("is ", value, "; must be finite and not negative"));
  }
}

void CheckUsers(int64_t n, Problems& problems) {
  if (n < 0) problems.Add("n", absl::StrCat("is ", n, "; must not be negative"));
}

// Within rounding of a positive semi-definite matrix.
bool IsPossibleCovariance(double covariance, double variance, double other_variance) {
  const double bound = std::sqrt(std::max(0.0, variance)) * std::sqrt(std::max(0.0, other_variance));
  return std::abs(covariance) <= bound * (1.0 + 1e-9);
}

}  // namespace

absl::string_view MethodName(Method method) {
  switch (method) {
    case Method::kWelch:
      return "welch";
    case Method::kScore:
      return "score";
    case Method::kFisherMidP:
      return "fisher_mid_p";
    case Method::kWald:
      return "wald";
    case Method::kRatioDelta:
      return "ratio_delta";
    case Method::kQuantile:
      return "quantile";
    case Method::kRegressionAdjusted:
      return "regression_adjusted";
    case Method::kPooledCuped:
      return "pooled_cuped";
    case Method::kPostStratified:
      return "post_stratified";
    case Method::kLinearContrast:
      return "linear_contrast";
    case Method::kKatz:
      return "katz";
    case Method::kFieller:
      return "fieller";
    case Method::kDeltaLift:
      return "delta_lift";
    case Method::kScoreLift:
      return "score_lift";
    case Method::kSkewnessCorrected:
      return "skewness_corrected";
    case Method::kSkewnessScore:
      return "skewness_score";
  }
  return "unknown";
}

absl::string_view GapName(Gap gap) {
  switch (gap) {
    case Gap::kNone:
      return "none";
    case Gap::kNoUsers:
      return "no_users";
    case Gap::kTooFewUsers:
      return "too_few_users";
    case Gap::kZeroVariance:
      return "zero_variance";
    case Gap::kZeroControl:
      return "zero_control";
    case Gap::kZeroDenominator:
      return "zero_denominator";
    case Gap::kUnbounded:
      return "unbounded";
  }
  return "unknown";
}

Test TestOf(double statistic, double df) {
  const double size = std::abs(statistic);
  const double log_p = std::min(0.0, std::log(2.0) + StudentTLogSf(size, df));
  return {statistic, df, std::min(1.0, 2.0 * StudentTSf(size, df)), log_p};
}

double CriticalValue(double confidence, double df) { return -StudentTQuantile(0.5 * (1.0 - confidence), df); }

Estimate MakeEstimate(Method method, double effect, double se, double df, double confidence) {
  Estimate estimate{.method = method, .effect = effect, .se = se, .confidence = confidence};
  if (!std::isfinite(se)) {
    estimate.gap = Gap::kTooFewUsers;
  } else if (se == 0.0) {
    estimate.gap = Gap::kZeroVariance;
  } else {
    estimate.test = TestOf(effect / se, df);
    const double half_width = CriticalValue(confidence, df) * se;
    estimate.interval = {effect - half_width, effect + half_width};
  }
  return estimate;
}

Estimate MissingEstimate(Method method, Gap gap, double confidence) {
  return {.method = method, .gap = gap, .confidence = confidence};
}

double SatterthwaiteDf(double a, double df_a, double b, double df_b) {
  // Shares, not squares of variances: those overflow or vanish for extreme units.
  const double total = a + b;
  if (!(total > 0.0)) return kInf;
  const double share_a = a / total;
  const double share_b = b / total;
  return 1.0 / (share_a * share_a / df_a + share_b * share_b / df_b);
}

absl::StatusOr<Estimate> LinearContrast(const ArmMeans& means, double margin, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckArmMeans(means));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  TIERWISE_RETURN_IF_ERROR(CheckMargin(margin));
  const double scale = 1.0 + margin;
  const double variance =
      means.treatment_variance + scale * scale * means.control_variance - 2.0 * scale * means.covariance;
  return MakeEstimate(Method::kLinearContrast, means.treatment - scale * means.control,
                      std::sqrt(std::max(0.0, variance)), means.df, confidence);
}

absl::Status CheckConfidence(double confidence) {
  Problems problems;
  CheckOpenUnit("confidence", confidence, problems);
  return problems.ToStatus();
}

absl::Status CheckMargin(double margin) {
  if (margin > -1.0 && margin < kInf) return absl::OkStatus();
  return InvalidField("margin", absl::StrCat("is ", margin, "; must be finite and above -1"));
}

absl::Status CheckMoments(const Moments& moments, absl::string_view field) {
  Problems problems;
  CheckUsers(moments.n, problems);
  CheckAnyFinite("mean", moments.mean, problems);
  CheckAnyFinite("mean_rest", moments.mean_rest, problems);
  CheckSquare("m2", moments.m2, problems);
  if (moments.m3.has_value()) CheckAnyFinite("m3", *moments.m3, problems);
  Problems all;
  all.AddAll(field, problems);
  return all.ToStatus();
}

absl::Status CheckJointMoments(const JointMoments& moments, absl::string_view field) {
  Problems problems;
  CheckUsers(moments.n(), problems);
  for (int i = 0; i < moments.size(); ++i) {
    CheckAnyFinite(absl::StrCat("mean[", i, "]"), moments.mean(i), problems);
    CheckSquare(absl::StrCat("comoment[", i, ",", i, "]"), moments.comoment(i, i), problems);
    for (int j = 0; j < i; ++j) {
      if (IsPossibleCovariance(moments.comoment(j, i), moments.comoment(i, i), moments.comoment(j, j))) continue;
      problems.Add(absl::StrCat("comoment[", j, ",", i, "]"), "must not exceed the geometric mean of the two squares");
    }
  }
  Problems all;
  all.AddAll(field, problems);
  return all.ToStatus();
}

absl::Status CheckArmMeans(const ArmMeans& means) {
  Problems problems;
  CheckAnyFinite("control", means.control, problems);
  CheckAnyFinite("treatment", means.treatment, problems);
  CheckSquare("control_variance", means.control_variance, problems);
  CheckSquare("treatment_variance", means.treatment_variance, problems);
  if (!IsPossibleCovariance(means.covariance, means.control_variance, means.treatment_variance)) {
    problems.Add("covariance", "must not exceed the geometric mean of the variances");
  }
  if (means.thirds.has_value()) {
    CheckAnyFinite("thirds.control", means.thirds->control, problems);
    CheckAnyFinite("thirds.treatment", means.thirds->treatment, problems);
  }
  if (!(means.df > 0.0)) problems.Add("df", absl::StrCat("is ", means.df, "; must be positive"));
  return problems.ToStatus();
}

}  // namespace tierwise
