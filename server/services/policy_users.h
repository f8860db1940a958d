// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/tuning/policy_data.h"
#include "server/services/campaign_lookup.h"
#include "server/services/evidence_cache.h"
#include "server/services/phase_history.h"
#include "server/storage/event_log.h"
#include "tierwise/v1/metric.pb.h"

namespace tierwise {

// A campaign's randomised users, one by one, without attributes.
struct PolicyUsers {
  PolicyData data;             // arms in the order of the campaign's variants, tiers in that of its tiering
  std::vector<uint64_t> keys;  // KeyOf(user_id), in the order of the data's columns
};

// More users than these are not looked at one by one.
inline constexpr size_t kMostPolicyUsers = 2'000'000;

// What a user is worth from the user's outcomes, those of `metric`'s parts in its order, and the variant.
using UserWorth = std::function<double(const std::vector<double>& outcomes, size_t variant)>;

// Every user with the propensity that was in force in the phase of the first exposure; forced users, users in two
// variants and those whose propensity is not known are left out. ResourceExhausted for more than kMostPolicyUsers.
// `metric` has one outcome, or, as a ratio, two.
absl::StatusOr<PolicyUsers> GatherPolicyUsers(const LaunchedCampaign& launched, const v1::Metric& metric,
                                              const UserWorth& worth, EventLog& events, EvidenceCache& evidence,
                                              PhaseHistory& history);

}  // namespace tierwise
