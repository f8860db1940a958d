// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/rate_contrast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "absl/functional/function_ref.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/root_finding.h"
#include "experiments/stats/skewness.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

double Users(const Proportion& arm) { return static_cast<double>(arm.users); }
double Conversions(const Proportion& arm) { return static_cast<double>(arm.conversions); }

// A sum of weighted rates' variances and third moments under a hypothesis.
struct Spread {
  double variance = 0.0;
  double third = 0.0;

  void Add(double weight, double rate, double users) {
    const double part = weight * weight * std::max(0.0, rate * (1.0 - rate)) / users;
    variance += part;
    third += part * weight * (1.0 - 2.0 * rate) / users;
  }
};

// The control's rate of greatest likelihood given treatment rate = ratio * control rate: the smaller root of
// a c^2 - b c + conversions = 0, in the form that does not cancel.
double ControlRateAtRatio(const Proportion& control, const Proportion& treatment, double ratio) {
  const double conversions = Conversions(control) + Conversions(treatment);
  const double a = (Users(control) + Users(treatment)) * ratio;
  const double b = Users(treatment) * ratio + Conversions(treatment) + Users(control) + Conversions(control) * ratio;
  const double root = std::sqrt(std::max(0.0, b * b - 4.0 * a * conversions));
  return std::min(2.0 * conversions / (b + root), std::min(1.0, 1.0 / ratio));
}

ArmMeans Weighted(const std::vector<RateStratum>& strata) {
  ArmMeans total;
  ThirdMoments thirds;
  for (const RateStratum& stratum : strata) {
    const ArmMeans means = MeansOf(stratum.control, stratum.treatment);
    const double square = stratum.weight * stratum.weight;
    total.control += stratum.weight * means.control;
    total.treatment += stratum.weight * means.treatment;
    total.control_variance += square * means.control_variance;
    total.treatment_variance += square * means.treatment_variance;
    thirds.control += stratum.weight * square * means.thirds->control;
    thirds.treatment += stratum.weight * square * means.thirds->treatment;
  }
  total.thirds = thirds;
  return total;
}

// Stratum by stratum: near-equal rates of huge arms keep their digits.
double WeightedDifference(const std::vector<RateStratum>& strata) {
  double difference = 0.0;
  for (const RateStratum& stratum : strata) {
    difference += stratum.weight * RateDifference(stratum.control, stratum.treatment);
  }
  return difference;
}

// Where `excess`, which falls, is 0 between `from` and `to`; `to` where it does not get there.
double EndOf(absl::FunctionRef<double(double)> excess, double from, double to) {
  constexpr double kTolerance = 1e-15;
  const double at_from = excess(from), at_to = excess(to);
  if (at_from == 0.0) return from;
  if (std::signbit(at_from) == std::signbit(at_to)) return std::signbit(at_from) == (to > from) ? from : to;
  return FindRoot(excess, std::min(from, to), std::max(from, to), kTolerance);
}

}  // namespace

RateContrast::RateContrast(std::vector<RateStratum> strata)
    : strata_(std::move(strata)), means_(Weighted(strata_)), difference_(WeightedDifference(strata_)) {}

bool RateContrast::varies() const {
  return std::any_of(strata_.begin(), strata_.end(), [](const RateStratum& stratum) {
    const int64_t conversions = stratum.control.conversions + stratum.treatment.conversions;
    return conversions > 0 && conversions < stratum.control.users + stratum.treatment.users;
  });
}

RateContrast::Score RateContrast::AtRatio(double cosine, double sine) const {
  Spread spread;
  const double ratio = sine / cosine;
  for (const RateStratum& stratum : strata_) {
    // At a ratio without bound nobody of the control converts.
    const double control = cosine > 0.0 ? ControlRateAtRatio(stratum.control, stratum.treatment, ratio) : 0.0;
    spread.Add(cosine * stratum.weight, cosine > 0.0 ? std::min(1.0, ratio * control) : stratum.treatment.Rate(),
               Users(stratum.treatment));
    spread.Add(-sine * stratum.weight, control, Users(stratum.control));
  }
  const double effect = sine == cosine ? cosine * difference_ : cosine * means_.treatment - sine * means_.control;
  if (effect == 0.0 || !(spread.variance > 0.0)) return {effect == 0.0 ? 0.0 : std::copysign(kInf, effect), 0.0};
  const double se = std::sqrt(spread.variance);
  return {effect / se, spread.third / spread.variance / se};
}

RateContrast::Score RateContrast::AtDifference(double difference) const {
  Spread spread;
  for (const RateStratum& stratum : strata_) {
    const double control = RestrictedControlRate(stratum.control, stratum.treatment, difference);
    spread.Add(stratum.weight, std::clamp(control + difference, 0.0, 1.0), Users(stratum.treatment));
    spread.Add(-stratum.weight, control, Users(stratum.control));
  }
  const double distance = difference_ - difference;
  if (distance == 0.0 || !(spread.variance > 0.0)) {
    return {distance == 0.0 ? 0.0 : std::copysign(kInf, distance), 0.0};
  }
  const double se = std::sqrt(spread.variance);
  return {distance / se, spread.third / spread.variance / se};
}

double RateContrast::Statistic(double ratio) const {
  const Score score = AtRatio(1.0, ratio);
  return std::isinf(score.statistic) ? 0.0 : NormalizeScore(score.statistic, score.skewness);
}

Interval RateContrast::Difference(double critical) const {
  if (!std::isfinite(critical)) return {-1.0, 1.0};
  const auto end = [&](double w) {
    // Bounded, as Brent's method needs it, with the same root.
    const auto excess = [&](double difference) {
      const Score score = AtDifference(difference);
      return std::atan(score.statistic) - std::atan(ScoreQuantile(w, score.skewness));
    };
    return EndOf(excess, difference_, w > 0.0 ? -1.0 : 1.0);
  };
  return {end(critical), end(-critical)};
}

Interval RateContrast::Lift(double critical) const {
  const double estimate = std::atan2(means_.treatment, means_.control);
  const auto end = [&](double w) {
    const auto excess = [&](double angle) {
      const Score score = AtRatio(std::cos(angle), std::sin(angle));
      return std::atan(score.statistic) - std::atan(ScoreQuantile(w, score.skewness));
    };
    return EndOf(excess, estimate, w > 0.0 ? 0.0 : 0.5 * std::numbers::pi);
  };
  const bool is_lower_open = !std::isfinite(critical) || means_.treatment == 0.0;
  const bool is_upper_open = !std::isfinite(critical) || means_.control == 0.0;
  return {is_lower_open ? -1.0 : std::tan(end(critical)) - 1.0, is_upper_open ? kInf : std::tan(end(-critical)) - 1.0};
}

absl::StatusOr<Estimate> CompareContrast(const RateContrast& contrast, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  const ArmMeans& means = contrast.means();
  Estimate estimate = {.method = Method::kSkewnessScore,
                       .effect = contrast.difference(),
                       .se = std::sqrt(means.DifferenceVariance()),
                       .interval = contrast.Difference(CriticalValue(confidence, kInf)),
                       .confidence = confidence};
  if (contrast.varies()) {
    estimate.test = TestOf(contrast.Statistic(), kInf);
  } else {
    estimate.gap = Gap::kZeroVariance;
  }
  return estimate;
}

absl::StatusOr<RelativeLift> ContrastLift(const RateContrast& contrast, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  const ArmMeans& means = contrast.means();
  RelativeLift lift = {.method = Method::kSkewnessScore,
                       .interval = contrast.Lift(CriticalValue(confidence, kInf)),
                       .confidence = confidence};
  if (means.control > 0.0) {
    lift.lift = contrast.difference() / means.control;
  } else {
    lift.gap = Gap::kZeroControl;
    lift.lift = means.treatment > 0.0 ? kInf : 0.0;
  }
  return lift;
}

}  // namespace tierwise
