// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "experiments/tuning/offer_tuning.h"
#include "server/services/campaign_lookup.h"
#include "server/services/evidence_cache.h"
#include "tierwise/v1/metric.pb.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// A campaign's results as its offers are judged by them.
struct TuningEvidence {
  TuningData data;
  // Of the report at the same time: with any, no plan should be acted on.
  std::vector<v1::HealthCheck> failed_checks;
};

// Gathers each user's conversions and revenue, as two outcomes of one user and without caps: what is paid out is paid
// out. Tiers without users are left out, as are variants that are no offer. `threads` is how many the join may use.
// FailedPrecondition for a campaign without economics, without offers or without users.
absl::StatusOr<TuningEvidence> GatherTuning(const LaunchedCampaign& launched, EvidenceCache& evidence, int threads);

// A metric whose outcomes are a user's conversions and, where the economics name a revenue metric, revenue: both have
// the same window. REQUIRES: the campaign has economics.
absl::StatusOr<v1::Metric> OutcomesMetric(const LaunchedCampaign& launched);

}  // namespace tierwise
