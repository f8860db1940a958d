// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "experiments/analysis/campaign_data.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// What must be read before any lift, failures first, then warnings: sample ratio over all and per tier (corrected over
// tiers by Bonferroni), the same day by day, users seen in two variants, events before exposure, behaviour before
// exposure, too little data, metrics that don't vary, changed weights, unknown cells. See tierwise.v1.HealthCheck.
// Without users there is one check, which says so. InvalidArgument: impossible moments.
absl::StatusOr<std::vector<v1::HealthCheck>> CheckHealth(const CampaignData& data);

}  // namespace tierwise
