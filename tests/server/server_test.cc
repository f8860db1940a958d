// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "tests/server/server_fixture.h"

namespace tierwise {
namespace {

TEST_F(ServerTest, ACampaignGoesFromDefinitionsToALiftPerTier) {
  LaunchSpring();
  RunSpring(600);
  const v1::Report report = ReportOfSpring();
  EXPECT_EQ(report.cohort().users(), 600);
  double revenue = 0.0;
  for (const v1::ArmSummary& arm : report.metrics(1).arms()) {
    if (!arm.tier().empty()) continue;
    revenue += arm.total();
    EXPECT_EQ(arm.total(), arm.variant() == "ten" ? 60.0 * std::round(arm.total() / 60.0) : arm.total());
  }
  int orders = 0;
  for (int i = 0; i < 600; i += 3) {
    orders += AssignSpring(absl::StrCat("user-", i), i % 2 == 0 ? 500 : 50).variant() == "ten" ? 2 : 1;
  }
  EXPECT_NEAR(revenue, 30.0 * orders, 1e-9);
}

TEST_F(ServerTest, AssignmentNamesTierVariantParametersAndReason) {
  LaunchSpring();
  const v1::Assignment waist = AssignSpring("user-7", 500);
  EXPECT_EQ(waist.reason(), v1::ASSIGNMENT_REASON_SPLIT);
  EXPECT_EQ(waist.tier(), "waist");
  EXPECT_EQ(waist.propensity(), 0.5);
  EXPECT_EQ(waist.phase(), 1u);
  EXPECT_EQ(AssignSpring("user-7", 5000).reason(), v1::ASSIGNMENT_REASON_TIER_NOT_TARGETED);
  EXPECT_EQ(AssignSpring("user-7", 500, "FR").reason(), v1::ASSIGNMENT_REASON_NOT_ELIGIBLE);
  std::map<std::string, std::string> parameters;
  for (int i = 0; i < 50; ++i) {
    const v1::Assignment tail = AssignSpring(absl::StrCat("user-", i), 5);
    parameters[tail.variant()] = tail.parameters_json();
  }
  EXPECT_EQ(parameters,
            (std::map<std::string, std::string>{{"none", "{\"discount\":0}"}, {"ten", "{\"discount\":15}"}}));
}

TEST_F(ServerTest, BatchAndStreamAnswerAsUnaryDoes) {
  LaunchSpring();
  v1::AssignBatchRequest batch;
  batch.add_campaigns("spring");
  batch.add_campaigns("no-such");
  v1::AttributeColumn* spend = batch.add_columns();
  spend->set_attribute("spend");
  v1::AttributeColumn* country = batch.add_columns();
  country->set_attribute("country");
  country->add_strings("CN");
  for (int i = 0; i < 100; ++i) {
    batch.add_user_ids(absl::StrCat("user-", i));
    spend->add_doubles(i * 3);
    country->add_string_codes(0);
  }
  v1::AssignBatchResponse batched;
  ASSERT_TRUE(Call(*assignment_, &v1::AssignmentService::Stub::AssignBatch, batch, &batched).ok());
  ASSERT_EQ(batched.campaigns_size(), 2);
  EXPECT_EQ(batched.campaigns(1).distinct(0).reason(), v1::ASSIGNMENT_REASON_NOT_FOUND);

  grpc::ClientContext context;
  auto stream = assignment_->AssignStream(&context);
  for (int i = 0; i < 100; ++i) {
    const v1::CampaignAssignments& spring = batched.campaigns(0);
    const v1::Assignment& from_batch = spring.distinct(static_cast<int>(spring.assigned(i)));
    const v1::Assignment unary = AssignSpring(batch.user_ids(i), i * 3);
    EXPECT_EQ(from_batch.SerializeAsString(), unary.SerializeAsString());

    v1::AssignStreamRequest request;
    request.set_request_id(static_cast<uint64_t>(i));
    request.mutable_request()->set_user_id(batch.user_ids(i));
    request.mutable_request()->add_campaigns("spring");
    v1::AttributeValue* value = request.mutable_request()->add_attributes();
    value->set_attribute("spend");
    value->set_int_value(i * 3);
    value = request.mutable_request()->add_attributes();
    value->set_attribute("country");
    value->set_string_value("CN");
    ASSERT_TRUE(stream->Write(request));
    v1::AssignStreamResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.request_id(), static_cast<uint64_t>(i));
    EXPECT_EQ(response.response().assignments(0).SerializeAsString(), unary.SerializeAsString());
  }
  ASSERT_TRUE(stream->Write(v1::AssignStreamRequest()));  // no user: an error, and the stream goes on
  v1::AssignStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ServerTest, EverythingAcknowledgedIsThereAfterARestart) {
  LaunchSpring();
  RunSpring(100);
  // One time for both: what is said of the days to come depends on it.
  const absl::Time then = absl::Now();
  const v1::Report before = ReportOfSpring(then);
  EXPECT_EQ(before.cohort().users(), 100);
  const v1::Assignment assigned = AssignSpring("user-1", 500);
  Restart();
  EXPECT_EQ(ReportOfSpring().cohort().SerializeAsString(), before.cohort().SerializeAsString());
  EXPECT_EQ(ReportOfSpring(then).SerializeAsString(), before.SerializeAsString());
  EXPECT_EQ(AssignSpring("user-1", 500).SerializeAsString(), assigned.SerializeAsString());
}

TEST_F(ServerTest, AsOfGivesYesterdaysReportAgain) {
  LaunchSpring();
  RunSpring(60);
  const absl::Time then = absl::Now();
  const v1::Report before = ReportOfSpring(then);
  EXPECT_EQ(before.cohort().users(), 60);
  RunSpring(120);
  EXPECT_EQ(ReportOfSpring().cohort().users(), 120);
  EXPECT_EQ(ReportOfSpring(then).SerializeAsString(), before.SerializeAsString());
}

TEST_F(ServerTest, ARunningCampaignKeepsTheTieringItWasLaunchedWith) {
  LaunchSpring();
  const v1::Assignment before = AssignSpring("user-3", 500);
  v1::ApplyDefinitionsResponse applied;
  const grpc::Status status = Apply(R"pb(definitions {
                                           tiering {
                                             id: "value"
                                             tiers { id: "head" }
                                             tiers { id: "waist" }
                                             tiers { id: "tail" }
                                             rules {
                                               rules {
                                                 tier: "head"
                                                 when { text: "spend >= 100" }
                                               }
                                               rules {
                                                 tier: "waist"
                                                 when { text: "spend >= 20" }
                                               }
                                               otherwise: "tail"
                                             }
                                           }
                                         })pb",
                                    &applied);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(AssignSpring("user-3", 500).SerializeAsString(), before.SerializeAsString());
}

TEST_F(ServerTest, AWrongItemOfABatchIsReportedAndTheOthersAreTakenIn) {
  LaunchSpring();
  const auto request = FromText<v1::RecordExposuresRequest>(R"pb(
    exposures { user_id: "a" campaign: "spring" variant: "ten" tier: "waist" }
    exposures { user_id: "b" campaign: "autumn" variant: "ten" tier: "waist" }
    exposures { user_id: "c" campaign: "spring" variant: "twenty" tier: "waist" }
    exposures { user_id: "d" campaign: "spring" variant: "ten" tier: "middle" }
    exposures { user_id: "e" campaign: "spring" variant: "ten" }
    exposures { user_id: "f" campaign: "spring" variant: "ten" tier: "head" }
    exposures { user_id: "g" campaign: "spring" variant: "none" tier: "tail" })pb");
  v1::RecordExposuresResponse response;
  ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::RecordExposures, request, &response).ok());
  EXPECT_EQ(response.accepted(), 2u);
  std::map<uint32_t, std::string> fields;
  for (const v1::ItemError& error : response.errors()) fields[error.index()] = error.field();
  EXPECT_EQ(fields,
            (std::map<uint32_t, std::string>{{1, "campaign"}, {2, "variant"}, {3, "tier"}, {4, "tier"}, {5, "tier"}}));
}

TEST_F(ServerTest, AnExposureWithoutATierTakesItFromTheStoredProfile) {
  LaunchSpring();
  const auto profiles = FromText<v1::UpsertProfilesRequest>(R"pb(
    profiles {
      user_id: "a"
      attributes { attribute: "spend" double_value: 500 }
    }
    profiles {
      user_id: "b"
      attributes { attribute: "spend" int_value: 5 }
    })pb");
  v1::UpsertProfilesResponse upserted;
  ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::UpsertProfiles, profiles, &upserted).ok());
  ASSERT_EQ(upserted.accepted(), 2u);
  const auto exposures = FromText<v1::RecordExposuresRequest>(R"pb(
    exposures { user_id: "b" campaign: "spring" variant: "ten" }
    exposures { user_id: "a" campaign: "spring" variant: "ten" })pb");
  v1::RecordExposuresResponse exposed;
  ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::RecordExposures, exposures, &exposed).ok());
  ASSERT_EQ(exposed.accepted(), 2u) << exposed.DebugString();
  std::map<std::string, int64_t> users;
  const v1::Report report = ReportOfSpring();
  for (const v1::Cell& cell : report.cohort().cells()) {
    if (cell.users() > 0) users[cell.tier() + "/" + cell.variant()] = cell.users();
  }
  EXPECT_EQ(users, (std::map<std::string, int64_t>{{"tail/ten", 1}, {"waist/ten", 1}}));
}

TEST_F(ServerTest, ASecondServerOnThePortSaysSo) {
  ServerOptions options;
  options.store.path = folder_.File("other.duckdb");
  options.listen = absl::StrCat("127.0.0.1:", server_->port());
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, OversizedRequestsAreRefusedAndTheServerGoesOn) {
  LaunchSpring();
  v1::AssignRequest request;
  request.set_user_id(std::string(10 << 20, 'u'));
  v1::AssignResponse response;
  EXPECT_EQ(Call(*assignment_, &v1::AssignmentService::Stub::Assign, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  request.set_user_id(std::string(257, 'u'));
  EXPECT_EQ(FieldsOf(Call(*assignment_, &v1::AssignmentService::Stub::Assign, request, &response)),
            std::set<std::string>{"user_id"});
  EXPECT_EQ(AssignSpring("user-1", 500).tier(), "waist");
}

TEST_F(ServerTest, ADeepConditionIsAnErrorNotACrash) {
  v1::CreateDefinitionRequest request;
  request.mutable_definition()->mutable_segment()->set_id("deep");
  request.mutable_definition()->mutable_segment()->mutable_condition()->set_text(std::string(10000, '(') + "true" +
                                                                                 std::string(10000, ')'));
  v1::CreateDefinitionResponse response;
  EXPECT_EQ(FieldsOf(Call(*catalog_, &v1::CatalogService::Stub::CreateDefinition, request, &response)).size(), 1u);
}

}  // namespace
}  // namespace tierwise
