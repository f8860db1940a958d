// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "experiments/base/problems.h"
#include "server/tiers/serving_plan.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {

// Fills in what exposures may leave out: time (`now`), tier (as an assignment without attributes finds it), phase and
// propensity (from the tier's plan). One entry an exposure: what is wrong with it, if anything is; such an exposure is
// left half-filled.
std::vector<std::optional<Problem>> CompleteExposures(const ServingPlan& plan, absl::Time now,
                                                      std::vector<v1::Exposure>& exposures);

}  // namespace tierwise
