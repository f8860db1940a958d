// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/audience/user_table.h"
#include "server/services/evidence_cache.h"
#include "server/services/live_catalog.h"
#include "server/services/phase_history.h"
#include "server/storage/catalog.h"
#include "server/storage/event_log.h"
#include "tierwise/v1/tuning_service.pb.h"

namespace tierwise {

// What rules about a campaign's users are worth, by its randomised users one by one. Thread-safe; what it is made of
// must outlive it.
class PolicyValues {
 public:
  PolicyValues(const LiveCatalog& catalog, Catalog& storage, EventLog& events, EvidenceCache& evidence,
               const UserTable& table)
      : catalog_(catalog), storage_(storage), events_(events), evidence_(evidence), table_(table), history_(storage) {}

  absl::StatusOr<v1::EvaluatePolicyResponse> Evaluate(const v1::EvaluatePolicyRequest& request, absl::Time now);
  absl::StatusOr<v1::LearnPolicyResponse> Learn(const v1::LearnPolicyRequest& request, absl::Time now);

 private:
  const LiveCatalog& catalog_;
  Catalog& storage_;
  EventLog& events_;
  EvidenceCache& evidence_;
  const UserTable& table_;
  PhaseHistory history_;
};

}  // namespace tierwise
