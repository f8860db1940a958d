// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/relative_lift.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/base/status_macros.h"
#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

absl::Status CheckInput(const ArmMeans& means, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckArmMeans(means));
  return CheckConfidence(confidence);
}

RelativeLift StartLift(Method method, const ArmMeans& means, double confidence) {
  RelativeLift result{.method = method, .confidence = confidence};
  if (means.control == 0.0) {
    result.gap = Gap::kZeroControl;
    if (means.treatment != 0.0) result.lift = std::copysign(kInf, means.treatment);
  } else {
    result.lift = (means.treatment - means.control) / std::abs(means.control);
    if (means.DifferenceVariance() == 0.0) result.gap = Gap::kZeroVariance;
  }
  return result;
}

}  // namespace

Interval FiellerInterval(double numerator, double numerator_variance, double denominator, double denominator_variance,
                         double covariance, double critical) {
  // In units of the denominator, so that nothing overflows: the roots of a r^2 - 2 b r + c, r = ratio.
  if (denominator == 0.0) return {};
  const double ratio = numerator / denominator;
  const double scale = critical / denominator;
  const double g = scale * scale * denominator_variance;
  const double a = 1.0 - g;
  if (a <= 0.0) return {};
  const double scaled_covariance = scale * scale * covariance;
  const double scaled_variance = scale * scale * numerator_variance;
  const double middle = ratio - scaled_covariance;
  // b^2 - a c, written without the difference of squares that cancels.
  const double discriminant = scaled_variance - 2.0 * ratio * scaled_covariance + ratio * ratio * g -
                              (scaled_variance * g - scaled_covariance * scaled_covariance);
  const double half_width = std::sqrt(std::max(0.0, discriminant));
  return {(middle - half_width) / a, (middle + half_width) / a};
}

absl::StatusOr<RelativeLift> FiellerLift(const ArmMeans& means, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckInput(means, confidence));
  RelativeLift result = StartLift(Method::kFieller, means, confidence);
  if (result.gap != Gap::kNone) return result;
  // The set of (treatment - control) / control: small lifts keep their digits.
  const double covariance = means.covariance - means.control_variance;
  const Interval change = FiellerInterval(means.treatment - means.control, means.DifferenceVariance(), means.control,
                                          means.control_variance, covariance, CriticalValue(confidence, means.df));
  if (!change.IsBounded()) {
    result.gap = Gap::kUnbounded;
  } else {
    result.interval = means.control > 0.0 ? change : Interval{-change.upper, -change.lower};
  }
  return result;
}

double LogRatioSe(const ArmMeans& means) {
  const double control = std::sqrt(means.control_variance) / means.control;
  const double treatment = std::sqrt(means.treatment_variance) / means.treatment;
  const double covariance = means.covariance / means.control / means.treatment;
  return std::sqrt(std::max(0.0, control * control + treatment * treatment - 2.0 * covariance));
}

absl::StatusOr<RelativeLift> KatzLift(const ArmMeans& means, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckInput(means, confidence));
  RelativeLift result = StartLift(Method::kKatz, means, confidence);
  if (result.gap == Gap::kZeroControl) return result;
  const double ratio = means.treatment / means.control;
  if (!(ratio > 0.0)) {
    result.gap = Gap::kUnbounded;
    return result;
  }
  const double half_width = CriticalValue(confidence, means.df) * LogRatioSe(means);
  const double log_ratio = std::log1p((means.treatment - means.control) / means.control);
  const Interval change = {std::expm1(log_ratio - half_width), std::expm1(log_ratio + half_width)};
  result.interval = means.control > 0.0 ? change : Interval{-change.upper, -change.lower};
  return result;
}

double DeltaLiftSe(const ArmMeans& means) {
  const double ratio = means.treatment / means.control;
  const double variance =
      means.treatment_variance + ratio * ratio * means.control_variance - 2.0 * ratio * means.covariance;
  return std::sqrt(std::max(0.0, variance)) / std::abs(means.control);
}

absl::StatusOr<RelativeLift> DeltaLift(const ArmMeans& means, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckInput(means, confidence));
  RelativeLift result = StartLift(Method::kDeltaLift, means, confidence);
  if (result.gap != Gap::kNone) return result;
  const double se = DeltaLiftSe(means);
  if (se == 0.0) {
    result.gap = Gap::kZeroVariance;
    return result;
  }
  const double half_width = CriticalValue(confidence, means.df) * se;
  result.interval = {result.lift - half_width, result.lift + half_width};
  return result;
}

}  // namespace tierwise
