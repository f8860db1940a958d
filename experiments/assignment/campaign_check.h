// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// The plan of every tier that has none of its own.
inline constexpr char kEveryOtherTier[] = "*";

// Adds to `problems` everything that is wrong with a normalized campaign. `definitions` is what it refers to: for a
// launched campaign its tierings and segments are those of the pinned version, all else is as it is now. `field` is the
// campaign's name.
void CheckCampaign(const v1::Campaign& campaign, const Definitions& definitions, absl::string_view field,
                   Problems& problems);

}  // namespace tierwise
