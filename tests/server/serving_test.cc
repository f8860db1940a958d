// SPDX-License-Identifier: Apache-2.0
// Assignments that find the user's tier in memory.
#include <gmock/gmock.h>

#include <string>

#include "tests/server/tiers_fixture.h"

namespace tierwise {
namespace {

const absl::Time kNow = absl::Now();
constexpr absl::Duration kDay = absl::Hours(24);

class ServingTest : public TiersTest {
 protected:
  // user-0, user-3, ... are regular.
  ServingTest() {
    ApplyShop();
    FillShop(30, kNow - 2 * kDay);
    Refresh();
  }

  void LaunchAgain() {
    const grpc::Status status = Launch("again");
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
};

TEST_F(ServingTest, AssignWithoutAttributesFindsTheStoredTier) {
  LaunchAgain();
  const v1::Assignment regular = Assign("user-3", "again");
  EXPECT_EQ(regular.reason(), v1::ASSIGNMENT_REASON_SPLIT);
  EXPECT_EQ(regular.tier(), "regular");
  EXPECT_EQ(regular.tier_source(), v1::TIER_SOURCE_STORED);
  EXPECT_EQ(Assign("user-4", "again").tier(), "occasional");
  const v1::Assignment stranger = Assign("stranger", "again");
  EXPECT_EQ(stranger.tier(), "occasional");
  EXPECT_EQ(stranger.tier_source(), v1::TIER_SOURCE_UNKNOWN_USER);
}

TEST_F(ServingTest, AttributesOfTheRequestOverrideStoredOnes) {
  LaunchAgain();
  const v1::Assignment overridden = Assign("user-3", "again", 1);
  EXPECT_EQ(overridden.tier(), "occasional");
  EXPECT_EQ(overridden.tier_source(), v1::TIER_SOURCE_REQUEST);
  EXPECT_EQ(Assign("stranger", "again", 5).tier(), "regular");
  EXPECT_EQ(Assign("stranger", "again", 5).tier_source(), v1::TIER_SOURCE_REQUEST);
}

TEST_F(ServingTest, ExposedUsersKeepTheTierOfTheirFirstExposure) {
  LaunchAgain();
  const v1::Assignment first = Assign("user-4", "again");
  Expose("user-4", "again", first);
  Buy("user-4", 10, kNow - kDay);
  Refresh();
  ASSERT_EQ(TiersOf("user-4")["loyalty"], "regular");
  for (int round = 0; round < 2; ++round, Restart()) {
    const v1::Assignment later = Assign("user-4", "again");
    EXPECT_EQ(later.tier(), "occasional");
    EXPECT_EQ(later.tier_source(), v1::TIER_SOURCE_FIRST_EXPOSURE);
    EXPECT_EQ(later.variant(), first.variant());
  }
  // Another user who moved, but was never exposed, is served the tier of now.
  Buy("user-5", 10, kNow - kDay);
  Refresh();
  EXPECT_EQ(Assign("user-5", "again").tier(), "regular");
}

TEST_F(ServingTest, AnEarlierExposureThatArrivesLateIsTheFirst) {
  LaunchAgain();
  v1::Assignment assignment = Assign("user-4", "again");
  Expose("user-4", "again", assignment, kNow);
  assignment.set_tier("regular");
  Expose("user-4", "again", assignment, kNow - kDay);
  EXPECT_EQ(Assign("user-4", "again").tier(), "regular");
}

TEST_F(ServingTest, ARunningCampaignIsNotDisturbedByNewCuts) {
  ASSERT_TRUE(Launch("spread").ok());
  ASSERT_EQ(Assign("user-29", "spread").tier(), "head");
  for (int i = 0; i < 10; ++i) Buy(absl::StrCat("rich-", i), 1e6, kNow - kDay);
  Refresh();
  EXPECT_EQ(TiersOf("user-29")["value"], "waist") << "by the cuts of now";
  const v1::Assignment assignment = Assign("user-29", "spread");
  EXPECT_EQ(assignment.tier(), "head") << "by the cuts of the launch";
  EXPECT_EQ(assignment.tier_source(), v1::TIER_SOURCE_STORED);
}

TEST_F(ServingTest, BatchStreamAndExplainAnswerAsUnaryDoes) {
  LaunchAgain();
  Expose("user-7", "again", Assign("user-7", "again"));
  Buy("user-7", 1, kNow - kDay);
  Refresh();
  v1::AssignBatchRequest batch;
  batch.add_campaigns("again");
  for (int i = 0; i < 35; ++i) batch.add_user_ids(absl::StrCat("user-", i));
  v1::AssignBatchResponse batched;
  ASSERT_TRUE(Call(*assignment_, &v1::AssignmentService::Stub::AssignBatch, batch, &batched).ok());
  grpc::ClientContext context;
  auto stream = assignment_->AssignStream(&context);
  for (int i = 0; i < 35; ++i) {
    const v1::Assignment unary = Assign(batch.user_ids(i), "again");
    const v1::CampaignAssignments& again = batched.campaigns(0);
    EXPECT_EQ(again.distinct(static_cast<int>(again.assigned(i))).SerializeAsString(), unary.SerializeAsString());
    v1::AssignStreamRequest request;
    request.mutable_request()->set_user_id(batch.user_ids(i));
    request.mutable_request()->add_campaigns("again");
    ASSERT_TRUE(stream->Write(request));
    v1::AssignStreamResponse streamed;
    ASSERT_TRUE(stream->Read(&streamed));
    EXPECT_EQ(streamed.response().assignments(0).SerializeAsString(), unary.SerializeAsString());
    v1::ExplainRequest explain;
    explain.set_user_id(batch.user_ids(i));
    explain.set_campaign("again");
    v1::ExplainResponse explained;
    ASSERT_TRUE(Call(*assignment_, &v1::AssignmentService::Stub::Explain, explain, &explained).ok());
    EXPECT_EQ(explained.assignment().SerializeAsString(), unary.SerializeAsString());
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ServingTest, ABatchMayOverrideForSomeUsersOnly) {
  LaunchAgain();
  v1::AssignBatchRequest batch;
  batch.add_campaigns("again");
  for (const char* user : {"user-3", "user-3", "user-4"}) batch.add_user_ids(user);
  v1::AttributeColumn& orders = *batch.add_columns();
  orders.set_attribute("orders");
  orders.set_present("\x02");  // the second one alone
  orders.add_ints(0);
  v1::AssignBatchResponse batched;
  ASSERT_TRUE(Call(*assignment_, &v1::AssignmentService::Stub::AssignBatch, batch, &batched).ok());
  const v1::CampaignAssignments& again = batched.campaigns(0);
  const auto of = [&](int user) { return again.distinct(static_cast<int>(again.assigned(user))); };
  EXPECT_EQ(of(0).tier(), "regular");
  EXPECT_EQ(of(0).tier_source(), v1::TIER_SOURCE_STORED);
  EXPECT_EQ(of(1).tier(), "occasional");
  EXPECT_EQ(of(1).tier_source(), v1::TIER_SOURCE_REQUEST);
  EXPECT_EQ(of(2).tier(), "occasional");
}

TEST_F(ServingTest, AnExposureWithoutATierGetsTheOneThatAnAssignmentWould) {
  LaunchAgain();
  v1::Assignment assignment = Assign("user-3", "again");
  assignment.clear_tier();
  Expose("user-3", "again", assignment);
  Buy("user-4", 1, kNow - kDay);
  Refresh();
  const v1::Assignment kept = Assign("user-3", "again");
  EXPECT_EQ(kept.tier(), "regular");
  EXPECT_EQ(kept.tier_source(), v1::TIER_SOURCE_FIRST_EXPOSURE);
}

}  // namespace
}  // namespace tierwise
