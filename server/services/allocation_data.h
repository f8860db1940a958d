// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/stats/moments.h"
#include "experiments/tuning/off_policy.h"
#include "server/services/campaign_lookup.h"
#include "server/services/evidence_cache.h"
#include "server/services/phase_history.h"
#include "server/storage/event_log.h"
#include "tierwise/v1/metric.pb.h"

namespace tierwise {

// One tier's batches, by phase: those with users, and shares in force that are known.
struct TierBatches {
  std::string tier;
  std::vector<uint32_t> phases;
  // By metric: shares of all variants, and what each one's users did.
  std::vector<std::vector<AdaptiveBatch>> by_metric;
};

// What an adaptive campaign's users did, batch by batch.
struct AllocationData {
  // The primary one, then the guardrails, in the order of the campaign's analysis plan.
  std::vector<v1::Metric> metrics;
  std::vector<TierBatches> tiers;  // those that are targeted, in the tiering's order
};

// Every user counts in the phase of the first exposure, under the arm of it. One campaign is gathered at a time.
absl::StatusOr<AllocationData> GatherAllocation(const LaunchedCampaign& launched, EventLog& events,
                                                EvidenceCache& evidence, PhaseHistory& history, int threads);

}  // namespace tierwise
