// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/means.h"

#include <algorithm>
#include <cmath>

#include "experiments/base/status_macros.h"
#include "experiments/stats/skewness.h"

namespace tierwise {

absl::StatusOr<Estimate> CompareMeans(const Moments& control, const Moments& treatment, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckMoments(control, "control"));
  TIERWISE_RETURN_IF_ERROR(CheckMoments(treatment, "treatment"));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  if (control.n == 0 || treatment.n == 0) return MissingEstimate(Method::kWelch, Gap::kNoUsers, confidence);
  const double difference = (treatment.mean - control.mean) + (treatment.mean_rest - control.mean_rest);
  if (control.n < 2 || treatment.n < 2) {
    constexpr double kUnknown = std::numeric_limits<double>::infinity();
    return MakeEstimate(Method::kWelch, difference, kUnknown, kUnknown, confidence);
  }
  const ArmMeans means = MeansOf(control, treatment);
  return MakeEstimate(Method::kWelch, difference, std::sqrt(means.DifferenceVariance()), means.df, confidence);
}

ArmMeans MeansOf(const Moments& control, const Moments& treatment) {
  const double control_n = static_cast<double>(control.n);
  const double treatment_n = static_cast<double>(treatment.n);
  const double control_variance = control.Variance() / control_n;
  const double treatment_variance = treatment.Variance() / treatment_n;
  ArmMeans means = {.control = control.mean,
                    .control_variance = control_variance,
                    .treatment = treatment.mean,
                    .treatment_variance = treatment_variance,
                    .df = SatterthwaiteDf(control_variance, control_n - 1.0, treatment_variance, treatment_n - 1.0)};
  if (control.m3.has_value() && treatment.m3.has_value()) {
    means.thirds = ThirdMomentsOfMeans({control_n, control.Variance(), *control.m3 / control_n},
                                       {treatment_n, treatment.Variance(), *treatment.m3 / treatment_n});
  }
  return means;
}

}  // namespace tierwise
