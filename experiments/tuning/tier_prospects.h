// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "experiments/tuning/next_experiment.h"
#include "experiments/tuning/tier_values.h"
#include "experiments/tuning/tuning_input.h"

namespace tierwise {

// The beliefs about a tier's doses and about those between the best and its neighbours; where the best is the largest
// tried, about one beyond it. Responses between two doses are drawn between theirs, at a random place about the
// straight line; beyond the largest they grow by up to as much again as in the last step. Costs are on the straight
// line. REQUIRES: tier.IsJudged(); `values` are the tier's.
TierProspects ProspectsOf(const TuningInput& input, const TierCells& tier, const TierValues& values, uint64_t seed);

}  // namespace tierwise
