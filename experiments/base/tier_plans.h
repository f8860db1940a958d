// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// What `tier` gets: its own plan, else that of every other tier ("*"); null where it is not targeted.
const v1::TierPlan* PlanForTier(const v1::Campaign& campaign, absl::string_view tier);

// The share of users that `plan` gives each of the campaign's variants, in their order; sums to 1.
std::vector<double> SharesOfVariants(const v1::Campaign& campaign, const v1::TierPlan& plan);

// The place of the control among the variants. REQUIRES: the campaign has one.
int ControlIndex(const v1::Campaign& campaign);

}  // namespace tierwise
