// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/tuning/thompson.h"
#include "server/services/allocation_data.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// Users of an arm in batches that gave it a share: those that can be read out. Users who got an arm of share 0 were not
// randomised to it.
int64_t RandomisedUsers(const std::vector<AdaptiveBatch>& batches, size_t arm);

// What is believed of each tier's arms, in the order of the campaign's variants: means of the primary metric over
// batches weighted by their users (so that neither drift nor the weights themselves bias them), turned round where less
// is better, pooled over tiers. Stopped are arms that the tier's present plan gives nobody, and those that a guardrail
// stops; the control never is. REQUIRES: `data` is of `campaign`, which is launched.
absl::StatusOr<std::vector<std::vector<ArmBelief>>> BeliefsOf(const v1::Campaign& campaign, const AllocationData& data);

// The campaign with the weights that its adaptive plan gives each tier next, out of 10,000; phases are not counted on.
// The same where nothing is known yet. REQUIRES: as BeliefsOf; the campaign is adaptive.
absl::StatusOr<v1::Campaign> WithNextWeights(const v1::Campaign& campaign, const AllocationData& data);

}  // namespace tierwise
