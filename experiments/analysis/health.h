// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "experiments/analysis/campaign_data.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {


// What must be read before any lift: sample ratio over all and per tier (corrected over tiers by Bonferroni), users seen in two
// variants, tiers without enough users. Failures first, then warnings. See tierwise.v1.HealthCheck.
absl::StatusOr<std::vector<v1::HealthCheck>> CheckHealth(const CampaignData& data);

}  // namespace tierwise
