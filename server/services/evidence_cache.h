// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "experiments/analysis/campaign_data.h"
#include "server/services/campaign_evidence.h"
#include "server/storage/event_log.h"

namespace tierwise {

// Gathers evidence from the facts of a store, which must outlive it, for all services that judge campaigns. One
// campaign is gathered at a time, so that memory stays bounded; where no fact came in since, what was gathered is used
// again. Thread-safe.
class EvidenceCache {
 public:
  explicit EvidenceCache(const FactSources& sources) : sources_(sources) {}

  const FactSources& sources() const { return sources_; }

  // `is_present`: the request is as of now, so that it may be answered from what was gathered up to a minute ago.
  absl::StatusOr<CampaignData> Gather(const EvidenceRequest& request, bool is_present);

  // For what gathers by itself: nothing else is gathered as long as it is held.
  std::unique_lock<std::mutex> GatherAlone() { return std::unique_lock(gathering_); }

 private:
  struct Gathered {
    EventLogSize size;
    int64_t last_refresh = 0;  // that moved users between tiers
    CampaignData data;
  };

  const FactSources sources_;
  std::mutex gathering_;                      // held through a join; guards gathered_
  std::map<std::string, Gathered> gathered_;  // by the definitions that they rest on, serialized
};

}  // namespace tierwise
