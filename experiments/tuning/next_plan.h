// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/tier_values.h"
#include "experiments/tuning/tuning_input.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// What to try next in every tier, each for itself (budgets and limits do not enter): ChooseNextDesign over the tier's
// doses and those next to the best, for the users that are planned for. Errors: those of ChooseNextDesign.
absl::StatusOr<v1::NextExperiment> PlanNextExperiment(const TuningInput& input, absl::Span<const TierValues> values,
                                                      uint64_t seed);

}  // namespace tierwise
