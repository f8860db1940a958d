// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "experiments/analysis/campaign_data.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// Checks of how users came to be exposed, day by day. REQUIRES: there are users.

// "sample_ratio_sequential": the test of Lindon and Malek (2022) at the end of each day of first exposure, which may be
// read daily and acted on at any time, unlike the chi-square beside it. Over all tiers, the tiers' Bayes factors
// multiplied (or of all users together where every tier has the same weights); fails below kSampleRatioAlpha. Then each
// tier that fails by itself, by Bonferroni. Empty without CampaignData::daily_users.
absl::StatusOr<std::vector<v1::HealthCheck>> CheckSampleRatioDaily(const CampaignData& data);

// "events_before_exposure": whether more users of a variant than of the control had the primary metric's event after
// the campaign's start and before their first exposure, tiers weighted by their users. Exposure cannot reach back, so a
// difference (p < 0.001 by the variants) says that exposures of one arm are recorded too late, after outcomes that then
// do not count: a failure. Empty without CampaignData::early_users.
absl::StatusOr<std::vector<v1::HealthCheck>> CheckEarlyEvents(const CampaignData& data);

}  // namespace tierwise
