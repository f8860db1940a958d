// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "experiments/assignment/snapshot.h"
#include "experiments/audience/user_attributes.h"
#include "tierwise/v1/assignment.pb.h"

namespace tierwise {

// What was decided for one user in one campaign; fields as in v1::Assignment. The views are of the snapshot.
struct Decision {
  v1::AssignmentReason reason = v1::ASSIGNMENT_REASON_UNSPECIFIED;
  absl::string_view variant;
  absl::string_view tier;
  absl::string_view parameters_json;
  double propensity = 0;
  uint32_t phase = 0;
  int64_t campaign_revision = 0;
  v1::TierSource tier_source = v1::TIER_SOURCE_UNSPECIFIED;

  friend bool operator==(const Decision&, const Decision&) = default;
};

// What is known of a user before a decision.
struct UserStanding {
  static constexpr int kFindTier = -1;

  // Attributes alone, as of a request: the tier is found from them.
  UserStanding(const UserAttributes& all_attributes)  // NOLINT: attributes are a standing
      : attributes(all_attributes) {}
  UserStanding(const UserAttributes& all_attributes, int known_tier, v1::TierSource source)
      : attributes(all_attributes), tier(known_tier), tier_source(source) {}

  const UserAttributes& attributes;
  int tier = kFindTier;  // index into the campaign's tiers, where it is known beforehand
  v1::TierSource tier_source = v1::TIER_SOURCE_REQUEST;
};

// Which arm `user_id` gets, and why. A pure function of its arguments that allocates nothing on the heap. `campaign` is
// null where there is no such campaign. `user` has the schema of the campaign's snapshot; `now_micros` is in
// microseconds since the epoch.
Decision Assign(const CompiledCampaign* campaign, absl::string_view user_id, const UserStanding& user,
                int64_t now_micros);

// One step on the way to a decision.
struct DecisionStep {
  v1::AssignmentReason step;  // the reason that it gives where it decides
  bool decided;
  std::string detail;  // what it looked at and found, for people
};

struct Explanation {
  Decision decision;                // what Assign returns
  std::vector<DecisionStep> steps;  // every step taken, in order; the last one decided
};

// Assign, with what every step found.
Explanation ExplainAssignment(const CompiledCampaign* campaign, absl::string_view user_id, const UserStanding& user,
                              int64_t now_micros);

}  // namespace tierwise
