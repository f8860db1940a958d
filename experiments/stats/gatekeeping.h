// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/multiplicity.h"

namespace tierwise {

// Which claims a campaign supports: first that there is an effect overall, then that tiers differ, then which tiers
// have an effect of their own. A claim further on is open only when the gates before it have passed, so that slicing by
// tiers cannot make up an effect.
struct GateRule {
  double alpha = 0.05;
  Multiplicity tier_method = Multiplicity::kBenjaminiHochberg;  // over the tiers
  // The share of alpha kept for tiers that differ while no overall effect is shown (gains in one, losses in another).
  // 0: in strict sequence, overall and then heterogeneity, each at alpha. Above 0: overall at (1 - share) alpha;
  // heterogeneity at alpha where the overall effect is shown and at share * alpha where not, which is then the tiers'
  // level, too.
  double heterogeneity_share = 0.0;
};

struct Claims {
  bool has_overall_effect = false;
  bool tiers_differ = false;
  bool are_tiers_tested = false;      // tier claims were open; otherwise no tier is claimed, whatever its p-value
  double tier_alpha = 0.0;            // the family's level
  std::vector<FamilyDecision> tiers;  // in the order given; adjusted p-values also where not open
};

// Two-sided p-values. InvalidArgument: a p-value outside [0, 1], alpha outside (0, 1), a share outside [0, 1).
absl::StatusOr<Claims> GatekeepClaims(double overall_p, double heterogeneity_p, absl::Span<const double> tier_p_values,
                                      const GateRule& rule);

}  // namespace tierwise
