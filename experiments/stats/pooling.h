// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/heterogeneity.h"

namespace tierwise {

// Partial pooling: each tier's effect borrows from the others as far as the tiers agree, and the uncertainty about how
// far they do is carried into every interval. With few tiers an interval that takes the estimated tau as the truth is
// too short.
//
//   effect_k ~ N(theta_k, se_k^2),   theta_k ~ N(mu, tau^2),   mu flat,   tau half-normal with scale tau_scale.
//
// Given tau all is normal and exact; tau is integrated by quadrature (Rubin 1981; Gelman 2006 for the prior).

struct PartialPoolingInput {
  std::vector<TierEffect> effects = {};
  // The prior's scale, on the effects' scale: true effects of tiers differ by more than about twice this seldom. 0.1
  // suits log ratios of conversion rates.
  double tau_scale = 0.1;
  double confidence = 0.95;
};

// The posterior of one effect.
struct Posterior {
  double mean = 0.0;
  double sd = 0.0;
  Interval interval;                  // equal-tailed
  double positive_probability = 0.5;  // P(effect > 0)
};

struct PartialPooling {
  std::vector<Posterior> tiers;  // of each theta_k
  Posterior overall;             // of mu
  double tau_mean = 0.0;
  Interval tau;  // equal-tailed
};

// With one tier its posterior is the raw effect and se: there is nothing to borrow.
absl::StatusOr<PartialPooling> PoolPartially(const PartialPoolingInput& input);

}  // namespace tierwise
