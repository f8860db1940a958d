// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// Each adds to `problems` what campaign.proto does not allow in that part of a normalized campaign. `field` is the
// campaign's name.

// The variants' offers: doses, units, costs.
void CheckOffers(const v1::Campaign& campaign, absl::string_view field, Problems& problems);

// What conversions are worth. The metrics that it names must measure the same window, since conversions and revenue are
// read as two outcomes of one user.
void CheckEconomics(const v1::Campaign& campaign, const Definitions& definitions, absl::string_view field,
                    Problems& problems);

// How weights follow results.
void CheckAdaptive(const v1::Campaign& campaign, const Definitions& definitions, absl::string_view field,
                   Problems& problems);

}  // namespace tierwise
