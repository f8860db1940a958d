// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/mean_contrast.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "experiments/base/status_macros.h"
#include "experiments/stats/root_finding.h"
#include "experiments/stats/skewness.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

}  // namespace

MeanContrast::Studentized MeanContrast::At(double cosine, double sine) const {
  const double effect = cosine * means_.treatment - sine * means_.control;
  const double variance = cosine * cosine * means_.treatment_variance + sine * sine * means_.control_variance -
                          2.0 * cosine * sine * means_.covariance;
  if (!(variance > 0.0)) return {effect == 0.0 ? 0.0 : std::copysign(kInf, effect), 0.0};
  const double se = std::sqrt(variance);
  if (!is_corrected()) return {effect / se, 0.0};
  const double third =
      cosine * cosine * cosine * means_.thirds->treatment - sine * sine * sine * means_.thirds->control;
  return {effect / se, third / variance / se};
}

double MeanContrast::Statistic(double ratio) const {
  const Studentized contrast = At(1.0, ratio);
  return std::isinf(contrast.statistic) ? 0.0 : NormalizeStudentized(contrast.statistic, contrast.skewness);
}

Interval MeanContrast::Difference(double critical) const {
  const double se = std::sqrt(means_.DifferenceVariance());
  if (!std::isfinite(critical) || !(se > 0.0)) return {};
  const double effect = means_.treatment - means_.control;
  const double skewness = At(1.0, 1.0).skewness;
  return {effect - se * StudentizedQuantile(critical, skewness),
          effect - se * StudentizedQuantile(-critical, skewness)};
}

// The ratio, less 1, at which the statistic is that of the normal deviate `w`. REQUIRES: a control mean above 0 that
// the statistic tells apart from 0.
double MeanContrast::LiftEnd(double w) const {
  const double estimate = std::atan2(means_.treatment, means_.control);
  // Bounded, as Brent's method needs it, with the same root.
  const auto excess = [&](double angle) {
    const Studentized contrast = At(std::cos(angle), std::sin(angle));
    return std::atan(contrast.statistic) - std::atan(StudentizedQuantile(w, contrast.skewness));
  };
  const double far = std::copysign(0.5 * std::numbers::pi, -w);
  const double at_estimate = excess(estimate);
  // So skewed that `w` lies beyond the estimate itself.
  if (at_estimate == 0.0 || std::signbit(at_estimate) == std::signbit(excess(far))) {
    return (means_.treatment - means_.control) / means_.control;
  }
  constexpr double kTolerance = 1e-15;
  return std::tan(FindRoot(excess, far, estimate, kTolerance)) - 1.0;
}

Interval MeanContrast::Lift(double critical) const {
  if (!std::isfinite(critical) || means_.control == 0.0) return {};
  if (means_.control < 0.0) {
    ArmMeans mirrored = means_;
    mirrored.control = -means_.control;
    mirrored.treatment = -means_.treatment;
    if (is_corrected()) mirrored.thirds = {-means_.thirds->control, -means_.thirds->treatment};
    const Interval lift = MeanContrast(mirrored).Lift(critical);
    return {-lift.upper, -lift.lower};
  }
  if (!is_corrected()) {
    return FiellerInterval(means_.treatment - means_.control, means_.DifferenceVariance(), means_.control,
                           means_.control_variance, means_.covariance - means_.control_variance, critical);
  }
  const Studentized of_control = At(0.0, -1.0);
  if (!(of_control.statistic > StudentizedQuantile(critical, of_control.skewness))) return {};
  return {LiftEnd(critical), LiftEnd(-critical)};
}

absl::StatusOr<Estimate> CompareContrast(const MeanContrast& contrast, Method classical, double confidence) {
  const ArmMeans& means = contrast.means();
  TIERWISE_RETURN_IF_ERROR(CheckArmMeans(means));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  Estimate estimate = MakeEstimate(classical, means.treatment - means.control, std::sqrt(means.DifferenceVariance()),
                                   means.df, confidence);
  if (!contrast.is_corrected() || estimate.gap != Gap::kNone) return estimate;
  estimate.method = Method::kSkewnessCorrected;
  estimate.test = TestOf(contrast.Statistic(), means.df);
  estimate.interval = contrast.Difference(CriticalValue(confidence, means.df));
  return estimate;
}

absl::StatusOr<RelativeLift> ContrastLift(const MeanContrast& contrast, double confidence) {
  TIERWISE_ASSIGN_OR_RETURN(RelativeLift lift, FiellerLift(contrast.means(), confidence));
  const bool has_interval = lift.gap == Gap::kNone || lift.gap == Gap::kUnbounded;
  if (!contrast.is_corrected() || !has_interval) return lift;
  lift.method = Method::kSkewnessCorrected;
  lift.interval = contrast.Lift(CriticalValue(confidence, contrast.means().df));
  lift.gap = lift.interval.IsBounded() ? Gap::kNone : Gap::kUnbounded;
  return lift;
}

}  // namespace tierwise
