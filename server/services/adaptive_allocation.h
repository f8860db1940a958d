// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/services/allocation_data.h"
#include "server/services/evidence_cache.h"
#include "server/services/live_catalog.h"
#include "server/services/phase_history.h"
#include "server/storage/catalog.h"
#include "server/storage/event_log.h"
#include "tierwise/v1/tuning_service.pb.h"

namespace tierwise {

// Who changes weights, in the audit trail.
inline constexpr char kAllocationActor[] = "adaptive allocation";

// Gives more users to what works in adaptive campaigns: weights per tier follow the primary metric by the campaign's
// AdaptivePlan, and each change of them is a new phase. Thread-safe. What it is made of must outlive it.
class AdaptiveAllocation {
 public:
  AdaptiveAllocation(LiveCatalog& catalog, Catalog& storage, EventLog& events, EvidenceCache& evidence, int threads)
      : catalog_(catalog),
        storage_(storage),
        events_(events),
        evidence_(evidence),
        history_(storage),
        threads_(threads) {}

  // Changes the weights of every running adaptive campaign whose `every` has passed since it was launched or its
  // weights changed last. One that fails is logged and tried again at the next call.
  void RunDue(absl::Time now);

  // Changes the weights of one campaign now; whether any changed. FailedPrecondition for a campaign that is not
  // running, or not adaptive.
  absl::StatusOr<bool> Reallocate(const std::string& campaign, absl::Time now);

  // How the weights went and what the arms are worth, as of `now`. FailedPrecondition for a campaign that is a draft or
  // was never adaptive.
  absl::StatusOr<v1::GetAllocationResponse> Read(const std::string& campaign, absl::Time now);

 private:
  absl::Status RunIfDue(const v1::Campaign& campaign, absl::Time now);
  absl::StatusOr<bool> IsDue(const v1::Campaign& campaign, absl::Time now);
  absl::StatusOr<AllocationData> Gather(const std::string& campaign, absl::Time now, LaunchedCampaign& launched);

  LiveCatalog& catalog_;
  Catalog& storage_;
  EventLog& events_;
  EvidenceCache& evidence_;
  PhaseHistory history_;
  const int threads_;
  std::mutex mutex_;                             // guards looked_at_
  std::map<std::string, absl::Time> looked_at_;  // when each campaign was last due
};

}  // namespace tierwise
