// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/budget_plan.h"
#include "experiments/tuning/tier_values.h"
#include "experiments/tuning/tuning_input.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// Sets the objective, and the users that each tier is planned for where the constraints name them. Errors, under
// "constraints": values out of range, tiers that are unknown or named twice, a min_dose above its max_dose.
absl::Status ApplyConstraints(const v1::PlanConstraints& constraints, TuningInput& input);

// The plan to solve: one option for each dose tried, its value and cost for all of the tier's users. A tier that is not
// judged has the option of nothing. Doses that cost more than their tier's budget are withheld, and so is every
// dose but the smallest from a tier with too few conversions. Errors, under
// "constraints": limits that leave a tier no dose.
absl::StatusOr<PlanProblem> MakePlanProblem(const TuningInput& input, absl::Span<const TierValues> values,
                                            const v1::PlanConstraints& constraints);

// `status` of a planner with the constraint that each problem is about in place of the planner's own field.
absl::Status AsConstraintError(const absl::Status& status);

}  // namespace tierwise
