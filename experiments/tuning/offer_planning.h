// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/budget_plan.h"
#include "experiments/tuning/tier_values.h"
#include "experiments/tuning/tuning_input.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// One way to give offers: for each tier the share of its users that gets each dose.
struct OfferChoice {
  std::vector<std::vector<double>> shares;  // each tier's sum to 1
  std::vector<size_t> doses;                // the dose with the largest share, the lower one at a tie
  v1::PlanTotals totals;
};

struct OfferChoices {
  bool is_in_shares = false;
  OfferChoice expected;  // most expected value
  OfferChoice cautious;  // most value at the lower ends of the intervals
  std::vector<v1::FrontierPoint> frontier;
};

// Plans under `constraints`, one dose for each tier or, where they ask for it, in shares. best_probability is counted
// over posterior draws (of at most a few hundred, fewer where there are many doses) and left 0 for shares. Errors:
// those of PlanBudget and PlanShares, in terms of the constraints.
absl::StatusOr<OfferChoices> PlanChoices(const TuningInput& input, absl::Span<const TierValues> values,
                                         const v1::PlanConstraints& constraints, int frontier_points);

}  // namespace tierwise
