// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <vector>

#include "experiments/assignment/assign.h"
#include "experiments/assignment/definition_update.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"
#include "tests/support/allocation_count.h"

namespace tierwise {
namespace {

TEST(AssignAllocationTest, AssigningTakesNothingFromTheHeap) {
  Definitions definitions = Shop();
  definitions.Put(Create(
      Parse(R"(holdout { id: "global" share_bp: 500 tiering: "value" tier_shares { tier: "gold" share_bp: 1000 } })")));
  v1::Campaign draft = Draft("spring");
  *draft.mutable_audience() =
      Parse(R"(segment { id: "s" condition { text: "country in [\"CN\", \"SG\"] and plan starts_with \"pro\"" } })")
          .segment()
          .condition();
  draft.mutable_layer()->set_layer("email");
  draft.mutable_layer()->set_share_bp(9'000);
  draft.set_traffic_share_bp(9'000);
  v1::ForcedUser* forced = draft.add_forced_users();
  forced->set_user_id("a user whose id is too long for a small string");
  forced->set_variant("small");
  PutLaunched(draft, definitions);
  const auto snapshot = MustCompile(definitions);

  std::vector<std::string> users = {forced->user_id()};
  for (int i = 0; i < 1000; ++i) users.push_back("a rather long identifier of a user: " + UserId(i));
  UserAttributes attributes(snapshot->schema());
  const int country = *snapshot->schema().SlotOf("country");
  const int plan = *snapshot->schema().SlotOf("plan");
  const int spend = *snapshot->schema().SlotOf("spend");
  std::array<int, v1::AssignmentReason_ARRAYSIZE> reasons = {};
  attributes.SetString(country, "CN");
  attributes.SetString(plan, "professional");
  attributes.SetDouble(spend, 1);

  const int64_t before = AllocationCount();
  for (size_t i = 0; i < users.size(); ++i) {
    attributes.Clear();
    attributes.SetString(country, i % 5 == 4 ? "US" : "SG");
    attributes.SetString(plan, "professional with a name too long for a small string");
    attributes.SetDouble(spend, static_cast<double>(i % 3) * 600);
    ++reasons[static_cast<size_t>(Assign(snapshot->Find("spring"), users[i], attributes, kNow).reason)];
  }
  ++reasons[static_cast<size_t>(Assign(snapshot->Find("none"), users[0], attributes, kNow).reason)];
  EXPECT_EQ(AllocationCount() - before, 0);

  for (const v1::AssignmentReason reason :
       {v1::ASSIGNMENT_REASON_NOT_FOUND, v1::ASSIGNMENT_REASON_FORCED, v1::ASSIGNMENT_REASON_NOT_ELIGIBLE,
        v1::ASSIGNMENT_REASON_TIER_NOT_TARGETED, v1::ASSIGNMENT_REASON_IN_HOLDOUT, v1::ASSIGNMENT_REASON_TAKEN_BY_LAYER,
        v1::ASSIGNMENT_REASON_OUTSIDE_TRAFFIC, v1::ASSIGNMENT_REASON_SPLIT}) {
    EXPECT_GT(reasons[static_cast<size_t>(reason)], 0) << v1::AssignmentReason_Name(reason) << " was not met";
  }
}

}  // namespace
}  // namespace tierwise
