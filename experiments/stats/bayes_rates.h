// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// The posterior of a conversion rate: Beta(alpha, beta), with both parameters in this range.
inline constexpr double kLeastBetaParameter = 1e-6;
inline constexpr double kMostBetaParameter = 1e20;
struct BetaPosterior {
  double alpha = 1.0;
  double beta = 1.0;

  double Mean() const { return alpha / (alpha + beta); }
};

// Beta(prior.alpha + conversions, prior.beta + users - conversions). InvalidArgument: conversions outside [0, users],
// or a prior parameter out of range.
absl::StatusOr<BetaPosterior> UpdateBeta(const BetaPosterior& prior, int64_t conversions, int64_t users);

// Equal-tailed. REQUIRES: 0 < confidence < 1.
Interval CredibleInterval(const BetaPosterior& posterior, double confidence);

// Treatment against control, independent posteriors.
struct RateComparison {
  double chance_to_beat_control = 0.5;  // P(treatment rate > control rate)
  // What choosing an arm loses on average, in rate: E[max(other - chosen, 0)].
  double expected_loss_treatment = 0.0;
  double expected_loss_control = 0.0;
};

// By quadrature of both densities on the logit scale, where they are smooth and log-concave whatever the parameters.
// The cost does not grow with the counts: some 500 evaluations of each density. Absolute error below 1e-12 for
// parameters up to 1e9; beyond, that of representing a rate in a double. InvalidArgument as for UpdateBeta.
absl::StatusOr<RateComparison> CompareRates(const BetaPosterior& control, const BetaPosterior& treatment);

}  // namespace tierwise
