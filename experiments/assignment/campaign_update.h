// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// Sets what is output only in `proposed` to what `current` has: meta, state, pinned version, launch time, conclusion,
// the layer's ranges, the phase of every tier plan (0 where `current` has no such plan).
void TakeOutputOnly(const v1::Campaign& current, v1::Campaign& proposed);

// A change of a campaign: see Update in definition_update.h.
absl::StatusOr<v1::Campaign> UpdateCampaign(const v1::Campaign& current, v1::Campaign proposed,
                                            const Definitions& definitions);

// Whether every user has the same arm under both plans in the same phase: the variants of positive weight are the same
// ones in the same order, with the same shares.
bool IsSameSplit(const v1::TierPlan& a, const v1::TierPlan& b);

}  // namespace tierwise
