// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/thompson.h"

namespace tierwise {

// Beliefs about the arms of several tiers, each tier's effects drawn towards the other tiers' as far as those agree:
// what NextShares takes. beliefs[tier][arm]; every arm's difference to the tier's control is pooled over tiers
// (PoolPartially), with a prior under which they differ by about a tenth of the control's mean; the control stays as it
// is. Arms that have no spread yet (sd 0, or no users) and single tiers are left as they are. Errors: tiers with other
// numbers of arms, `control` that is none of them, means or sds out of range.
absl::StatusOr<std::vector<std::vector<ArmBelief>>> PoolBeliefs(absl::Span<const std::vector<ArmBelief>> tiers,
                                                                size_t control);

}  // namespace tierwise
