// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "server/services/allocation_data.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/tuning_service.pb.h"

namespace tierwise {

// How an adaptive campaign's weights went and what its arms are worth: by propensities, plainly, and as an always-valid
// difference to the control. Arms without users have no estimates. REQUIRES: `data` is of `campaign`, which is
// launched.
absl::StatusOr<v1::GetAllocationResponse> ReadAllocation(const v1::Campaign& campaign, const AllocationData& data);

// Fills in a policy estimate from the library's.
void FillEstimate(const PolicyValue& value, v1::PolicyEstimate& estimate);

}  // namespace tierwise
