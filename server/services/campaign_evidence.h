// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/analysis/campaign_data.h"
#include "experiments/base/definitions.h"
#include "server/storage/event_log.h"
#include "server/storage/tier_history.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// What is to be gathered: a launched campaign, with what it referred to.
struct EvidenceRequest {
  v1::Campaign campaign;
  v1::Tiering tiering;  // of the version that the campaign pinned
  std::vector<v1::Metric> metrics;
  absl::Time as_of;
  int threads = 1;
};

// Where the facts are.
struct FactSources {
  EventLog& events;
  TierHistory* moves = nullptr;  // null: no tiering was ever refreshed
};

// Scans the facts of a campaign and joins them to moments per cell (docs/evidence.md). ResourceExhausted: more event
// values than a report can hold, for metrics of the kind quantile.
absl::StatusOr<CampaignData> GatherEvidence(const FactSources& sources, const EvidenceRequest& request);

}  // namespace tierwise
