// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "experiments/analysis/campaign_data.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// Mean and error of one arm's outcomes, by the metric's kind of outcome. `moments` may be empty.
v1::ArmSummary SummarizeArm(Estimand estimand, const JointMoments& moments);

// Treatment against control within one population (a tier, or all tiers taken together): difference and lift by the estimator of the
// metric's kind, with the intervals that docs/statistics.md names. Tier and variant are left for the caller to fill in.
absl::StatusOr<v1::Comparison> CompareArms(Estimand estimand, const JointMoments& control, const JointMoments& treatment,
                                           double confidence);

// Variant `treatment` against control over all tiers: the tiers' differences weighted by the tiers' shares of users. Tiers that lack an
// arm are left out, and named in `reason`.
absl::StatusOr<v1::Comparison> ComparePostStratified(const CampaignData& data, const MetricData& metric, size_t treatment,
                                                     double confidence);

}  // namespace tierwise
