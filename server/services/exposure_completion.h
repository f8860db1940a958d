// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/assignment/snapshot.h"
#include "experiments/base/problems.h"
#include "server/storage/profile_store.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {

// Fills in what exposures may leave out: time (`now`), tier (from the stored profile, by the campaign's tiering), phase
// and propensity (from the tier's plan). One entry an exposure: what is wrong with it, if anything is; such an exposure
// is left half-filled.
absl::StatusOr<std::vector<std::optional<Problem>>> CompleteExposures(const Snapshot& snapshot, ProfileStore& profiles,
                                                                      absl::Time now,
                                                                      std::vector<v1::Exposure>& exposures);

}  // namespace tierwise
