// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/analysis/campaign_data.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// Checks of what users did, each "ok" in one line where nothing is found. REQUIRES: there are users.

// Whether each targeted arm of each tier has the kEventsToStart events on the primary metric that a lift needs. A
// warning names those that don't. OK without the primary metric.
v1::HealthCheck CheckSampleSize(const CampaignData& data);

// Whether every metric varies at all. A warning names those that don't.
v1::HealthCheck CheckZeroVariance(const CampaignData& data);

// Below this p-value, divided by the number of comparisons made, covariates are taken to differ.
inline constexpr double kImbalanceAlpha = 0.001;

// Whether what users did before their exposure differs between a variant and the control, tiers weighted by their
// users: it can't be an effect, so a difference is a failure of the randomisation or of the records. Reports the
// smallest p-value. InvalidArgument: impossible moments.
absl::StatusOr<v1::HealthCheck> CheckPreExposure(const CampaignData& data);

}  // namespace tierwise
