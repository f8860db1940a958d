// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "experiments/tuning/tier_values.h"
#include "experiments/tuning/tuning_input.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// What the plan gives one tier: a dose, by its place among the doses, or shares of them.
struct TierPlanned {
  size_t dose = 0;
  const std::vector<double>& shares;
  bool is_in_shares = false;
};

// One tier of the offer plan, with the evidence for it.
v1::TierOffer MakeTierOffer(const TuningInput& input, const TierCells& tier, const TierValues& values,
                            const TierPlanned& planned, double confidence);

}  // namespace tierwise
