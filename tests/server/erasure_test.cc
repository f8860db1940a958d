// SPDX-License-Identifier: Apache-2.0
// Erasing a user through the API.
#include <string>

#include "tests/server/tiers_fixture.h"

namespace tierwise {
namespace {

const absl::Time kNow = absl::Now();
constexpr absl::Duration kDay = absl::Hours(24);

class ErasureTest : public TiersTest {
 protected:
  grpc::Status Erase(const std::string& user, v1::EraseUserResponse* response) {
    v1::EraseUserRequest request;
    request.set_user_id(user);
    return Call(*events_, &v1::EventService::Stub::EraseUser, request, response);
  }

  v1::Report ReportOf(const std::string& campaign) {
    v1::GetReportRequest request;
    request.set_campaign(campaign);
    v1::GetReportResponse response;
    const grpc::Status status = Call(*reports_, &v1::ReportService::Stub::GetReport, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.report();
  }
};

TEST_F(ErasureTest, NothingIsKnownOfAnErasedUserAndNoRestartOrRefreshBringsOneBack) {
  ApplyShop();
  FillShop(10, kNow - kDay);
  SetAttribute("user-3", "country", "SG");
  SetAttribute("user-3", "country", "CN");
  Refresh();
  ASSERT_TRUE(Launch("again").ok());
  Expose("user-3", "again", Assign("user-3", "again"));
  v1::EraseUserResponse erased;
  const grpc::Status status = Erase("user-3", &erased);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(erased.profile_versions_removed(), 2);
  EXPECT_EQ(erased.tier_moves_removed(), 2);  // of two tierings
  EXPECT_EQ(erased.exposures_made_anonymous(), 1);
  EXPECT_EQ(erased.events_made_anonymous(), 2);
  for (int round = 0; round < 3; ++round) {
    v1::GetProfileResponse profile;
    EXPECT_EQ(GetProfile("user-3", &profile).error_code(), grpc::StatusCode::NOT_FOUND) << round;
    EXPECT_EQ(GetProfile("user-3", &profile, absl::Now()).error_code(), grpc::StatusCode::NOT_FOUND) << round;
    EXPECT_EQ(Assign("user-3", "again").tier_source(), v1::TIER_SOURCE_UNKNOWN_USER);
    for (const v1::Move& move : Moves("loyalty")) EXPECT_NE(move.user_id(), "user-3");
    const v1::EstimateReachResponse reach = Reach("condition { text: \"orders >= 0\" } samples: 100");
    EXPECT_EQ(reach.known_users(), 9) << round;
    for (const std::string& user : reach.sample_user_ids()) EXPECT_NE(user, "user-3");
    EXPECT_EQ(Erase("user-3", &erased).error_code(), grpc::StatusCode::NOT_FOUND);
    if (round == 0) Restart();
    if (round == 1) {
      EXPECT_EQ(Refresh().users(), 9);
    }
  }
}

TEST_F(ErasureTest, ReportsKeepTheirNumbers) {
  ApplyShop();
  FillShop(10, kNow - 9 * kDay);
  Refresh();
  ASSERT_TRUE(Launch("again").ok());
  for (int i = 0; i < 10; ++i) {
    const std::string user = absl::StrCat("user-", i);
    Expose(user, "again", Assign(user, "again"), kNow - 8 * kDay);
    if (i % 2 == 1) Buy(user, 5, kNow - 7 * kDay);
  }
  v1::Report before = ReportOf("again");
  v1::EraseUserResponse erased;
  ASSERT_TRUE(Erase("user-3", &erased).ok());
  ASSERT_TRUE(Erase("user-4", &erased).ok());
  Restart();
  v1::Report after = ReportOf("again");
  EXPECT_EQ(after.cohort().users(), 10);
  before.clear_as_of();
  after.clear_as_of();
  ASSERT_EQ(before.metrics_size(), after.metrics_size());
  for (int i = 0; i < before.metrics_size(); ++i) {
    ASSERT_EQ(before.metrics(i).arms_size(), after.metrics(i).arms_size());
    for (int a = 0; a < before.metrics(i).arms_size(); ++a) {
      EXPECT_EQ(before.metrics(i).arms(a).SerializeAsString(), after.metrics(i).arms(a).SerializeAsString());
    }
  }
}

TEST_F(ErasureTest, AUserMayComeBackAsANewOne) {
  ApplyShop();
  FillShop(3, kNow - kDay);
  Refresh();
  v1::EraseUserResponse erased;
  ASSERT_TRUE(Erase("user-0", &erased).ok());
  Buy("user-0", 4, kNow);
  Refresh();
  EXPECT_EQ(Attributes("user-0")["orders"], "1");
  EXPECT_EQ(Refresh().users(), 3);
}

TEST_F(ErasureTest, BadRequestsNameTheField) {
  v1::EraseUserResponse erased;
  EXPECT_EQ(FieldsOf(Erase("", &erased)), (std::set<std::string>{"user_id"}));
  EXPECT_EQ(Erase("stranger", &erased).error_code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace tierwise
