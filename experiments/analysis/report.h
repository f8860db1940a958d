// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/analysis/campaign_data.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// The report of `data`: cohort, health, then each metric per tier and over all tiers. A pure function: equal data give
// equal reports, bit for bit. InvalidArgument names the cell whose moments are impossible, or `confidence`.
absl::StatusOr<v1::Report> BuildReport(const CampaignData& data, double confidence);

}  // namespace tierwise
