// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "experiments/audience/user_attributes.h"
#include "server/services/evidence_cache.h"
#include "server/services/live_catalog.h"
#include "server/services/phase_history.h"
#include "server/storage/catalog.h"
#include "server/storage/event_log.h"
#include "tierwise/v1/tuning_service.pb.h"

namespace tierwise {

// Sets what is known of a user, named by KeyOf(user_id), in a UserAttributes of the present schema; false where nothing
// is.
using UserReader = std::function<bool(uint64_t user_key, UserAttributes& user)>;

// What rules about a campaign's users are worth, by its randomised users one by one. Thread-safe; what it is made of
// must outlive it.
class PolicyValues {
 public:
  // `reader` may be empty: then rules may look at tiers alone.
  PolicyValues(const LiveCatalog& catalog, Catalog& storage, EventLog& events, EvidenceCache& evidence,
               UserReader reader)
      : catalog_(catalog),
        storage_(storage),
        events_(events),
        evidence_(evidence),
        reader_(std::move(reader)),
        history_(storage) {}

  absl::StatusOr<v1::EvaluatePolicyResponse> Evaluate(const v1::EvaluatePolicyRequest& request, absl::Time now);
  absl::StatusOr<v1::LearnPolicyResponse> Learn(const v1::LearnPolicyRequest& request, absl::Time now);

 private:
  absl::Status CheckReader(bool is_needed) const;

  const LiveCatalog& catalog_;
  Catalog& storage_;
  EventLog& events_;
  EvidenceCache& evidence_;
  const UserReader reader_;
  PhaseHistory history_;
};

}  // namespace tierwise
