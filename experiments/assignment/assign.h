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

  friend bool operator==(const Decision&, const Decision&) = default;
};

// Which arm `user_id` gets, and why. A pure function of its arguments that allocates nothing on the heap. `campaign` is
// null where there is no such campaign. `attributes` has the schema of the campaign's snapshot; `now_micros` is in
// microseconds since the epoch.
Decision Assign(const CompiledCampaign* campaign, absl::string_view user_id, const UserAttributes& attributes,
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
Explanation ExplainAssignment(const CompiledCampaign* campaign, absl::string_view user_id,
                              const UserAttributes& attributes, int64_t now_micros);

}  // namespace tierwise
