// SPDX-License-Identifier: Apache-2.0
// The whole server in process, on a free port, spoken to as a client would.
#include "server/server.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "experiments/base/proto_time.h"
#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/server/storage/temporary_folder.h"
#include "tierwise/v1/assignment_service.grpc.pb.h"
#include "tierwise/v1/catalog_service.grpc.pb.h"
#include "tierwise/v1/event_service.grpc.pb.h"
#include "tierwise/v1/report_service.grpc.pb.h"

namespace tierwise {
namespace {

constexpr char kShop[] = R"pb(
  definitions { attribute { id: "spend" type: ATTRIBUTE_TYPE_DOUBLE } }
  definitions { attribute { id: "country" type: ATTRIBUTE_TYPE_STRING } }
  definitions {
    tiering {
      id: "value"
      tiers { id: "head" }
      tiers { id: "waist" }
      tiers { id: "tail" }
      rules {
        rules {
          tier: "head"
          when { text: "spend >= 1000" }
        }
        rules {
          tier: "waist"
          when { text: "spend >= 200" }
        }
        otherwise: "tail"
      }
    }
  }
  definitions {
    segment {
      id: "asia"
      condition { text: "country in [\"CN\", \"SG\"]" }
    }
  }
  definitions {
    metric {
      id: "order"
      conversion { event: "order" }
      window { seconds: 1209600 }
    }
  }
  definitions {
    metric {
      id: "revenue"
      sum { event: "order" }
      window { seconds: 1209600 }
    }
  }
  definitions {
    campaign {
      id: "spring"
      tiering: "value"
      metrics: "order"
      metrics: "revenue"
      audience { text: "segment(asia)" }
      variants {
        id: "none"
        control: true
        parameters {
          fields {
            key: "discount"
            value { number_value: 0 }
          }
        }
      }
      variants {
        id: "ten"
        parameters {
          fields {
            key: "discount"
            value { number_value: 10 }
          }
        }
      }
      tier_plans {
        tier: "waist"
        arms { variant: "none" weight: 1 }
        arms { variant: "ten" weight: 1 }
      }
      tier_plans {
        tier: "tail"
        arms { variant: "none" weight: 1 }
        arms {
          variant: "ten"
          weight: 3
          parameter_overrides {
            fields {
              key: "discount"
              value { number_value: 15 }
            }
          }
        }
      }
    }
  })pb";

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

std::set<std::string> FieldsOf(const grpc::Status& status) {
  google::rpc::Status rpc;
  rpc.ParseFromString(status.error_details());
  std::set<std::string> fields;
  for (const auto& detail : rpc.details()) {
    google::rpc::BadRequest bad_request;
    if (!detail.UnpackTo(&bad_request)) continue;
    for (const auto& violation : bad_request.field_violations()) fields.insert(violation.field());
  }
  return fields;
}

class ServerTest : public testing::Test {
 protected:
  ServerTest() { Start(); }

  void Start() {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.store.path = folder_.File("store.duckdb");
    options.log_level = LogLevel::kError;
    SetUpLog(LogLevel::kError, LogFormat::kText);
    auto server = Server::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials());
    catalog_ = v1::CatalogService::NewStub(channel_);
    assignment_ = v1::AssignmentService::NewStub(channel_);
    events_ = v1::EventService::NewStub(channel_);
    reports_ = v1::ReportService::NewStub(channel_);
  }

  void Restart() {
    server_.reset();
    Start();
  }

  template <typename Stub, typename Request, typename Response>
  grpc::Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    context.AddMetadata("tierwise-actor", "mei");
    return (stub.*method)(&context, request, response);
  }

  grpc::Status Apply(const std::string& text, v1::ApplyDefinitionsResponse* response, bool validate_only = false) {
    auto request = FromText<v1::ApplyDefinitionsRequest>(text);
    request.set_validate_only(validate_only);
    return Call(*catalog_, &v1::CatalogService::Stub::ApplyDefinitions, request, response);
  }

  void LaunchSpring() {
    v1::ApplyDefinitionsResponse applied;
    const grpc::Status status = Apply(kShop, &applied);
    ASSERT_TRUE(status.ok()) << status.error_message();
    v1::LaunchCampaignRequest launch;
    launch.set_campaign("spring");
    launch.set_expected_revision(1);
    v1::LaunchCampaignResponse launched;
    const grpc::Status launched_status = Call(*catalog_, &v1::CatalogService::Stub::LaunchCampaign, launch, &launched);
    ASSERT_TRUE(launched_status.ok()) << launched_status.error_message();
    ASSERT_EQ(launched.campaign().state(), v1::CAMPAIGN_STATE_RUNNING);
  }

  v1::Assignment AssignSpring(const std::string& user, double spend, const std::string& country = "CN") {
    v1::AssignRequest request;
    request.set_user_id(user);
    request.add_campaigns("spring");
    v1::AttributeValue* value = request.add_attributes();
    value->set_attribute("spend");
    value->set_double_value(spend);
    value = request.add_attributes();
    value->set_attribute("country");
    value->set_string_value(country);
    v1::AssignResponse response;
    const grpc::Status status = Call(*assignment_, &v1::AssignmentService::Stub::Assign, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.assignments(0);
  }

  // Exposes `users` users of the waist and the tail as assigned; every third one orders for 30, the ten-percent arm
  // twice.
  void RunSpring(int users) {
    v1::RecordExposuresRequest exposures;
    v1::RecordEventsRequest orders;
    const absl::Time start = absl::Now() - absl::Hours(24 * 20);
    for (int i = 0; i < users; ++i) {
      const std::string user = absl::StrCat("user-", i);
      const v1::Assignment assignment = AssignSpring(user, i % 2 == 0 ? 500 : 50);
      v1::Exposure& exposure = *exposures.add_exposures();
      exposure.set_user_id(user);
      exposure.set_campaign("spring");
      exposure.set_variant(assignment.variant());
      exposure.set_tier(assignment.tier());
      *exposure.mutable_time() = ToProto(start);
      const int count = i % 3 != 0 ? 0 : assignment.variant() == "ten" ? 2 : 1;
      for (int k = 0; k < count; ++k) {
        v1::Event& order = *orders.add_events();
        order.set_user_id(user);
        order.set_event_id(absl::StrCat("order-", k));
        order.set_name("order");
        order.set_value(30);
        *order.mutable_time() = ToProto(start + absl::Hours(k + 1));
      }
    }
    v1::RecordExposuresResponse exposed;
    ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::RecordExposures, exposures, &exposed).ok());
    ASSERT_EQ(exposed.accepted(), static_cast<uint32_t>(users)) << exposed.DebugString();
    for (int repeat = 0; repeat < 2; ++repeat) {  // sent again whole: counts once
      v1::RecordEventsResponse recorded;
      ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::RecordEvents, orders, &recorded).ok());
      ASSERT_EQ(recorded.errors_size(), 0) << recorded.DebugString();
    }
  }

  v1::Report ReportOfSpring(std::optional<absl::Time> as_of = std::nullopt) {
    v1::GetReportRequest request;
    request.set_campaign("spring");
    if (as_of.has_value()) *request.mutable_as_of() = ToProto(*as_of);
    v1::GetReportResponse response;
    const grpc::Status status = Call(*reports_, &v1::ReportService::Stub::GetReport, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.report();
  }

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::CatalogService::Stub> catalog_;
  std::unique_ptr<v1::AssignmentService::Stub> assignment_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::ReportService::Stub> reports_;
};

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

TEST_F(ServerTest, BadDefinitionsListEveryProblemAndChangeNothing) {
  auto request = FromText<v1::ApplyDefinitionsRequest>(kShop);
  for (v1::Definition& definition : *request.mutable_definitions()) {
    if (definition.has_metric()) definition.mutable_metric()->mutable_window()->set_seconds(0);
    if (!definition.has_campaign()) continue;
    v1::Campaign& campaign = *definition.mutable_campaign();
    campaign.mutable_variants(0)->set_control(false);
    campaign.mutable_tier_plans(0)->set_tier("waste");
    for (v1::Arm& arm : *campaign.mutable_tier_plans(0)->mutable_arms()) arm.set_weight(0);
  }
  v1::ApplyDefinitionsResponse applied;
  const grpc::Status status = Call(*catalog_, &v1::CatalogService::Stub::ApplyDefinitions, request, &applied);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const std::set<std::string> fields = FieldsOf(status);
  EXPECT_TRUE(fields.contains("campaigns/spring.variants")) << status.error_message();
  EXPECT_TRUE(fields.contains("campaigns/spring.tier_plans[0].tier")) << status.error_message();
  EXPECT_TRUE(fields.contains("campaigns/spring.tier_plans[0].arms")) << status.error_message();
  EXPECT_TRUE(fields.contains("metrics/order.window")) << status.error_message();
  v1::ListDefinitionsResponse listed;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListDefinitions, v1::ListDefinitionsRequest(), &listed).ok());
  EXPECT_EQ(listed.definitions_size(), 0);
  EXPECT_EQ(listed.catalog_version(), 0);
}

TEST_F(ServerTest, ValidateOnlyShowsWhatWouldBeAndChangesNothing) {
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(kShop, &applied, /*validate_only=*/true).ok());
  EXPECT_EQ(applied.diffs_size(), 7);
  for (const v1::DefinitionDiff& diff : applied.diffs()) EXPECT_EQ(diff.verb(), v1::CHANGE_VERB_CREATE);
  EXPECT_EQ(applied.catalog_version(), 0);
  v1::ListChangesResponse changes;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListChanges, v1::ListChangesRequest(), &changes).ok());
  EXPECT_EQ(changes.changes_size(), 0);
}

TEST_F(ServerTest, ApplyingTheSameAgainChangesNothing) {
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(kShop, &applied).ok());
  ASSERT_TRUE(Apply(kShop, &applied).ok());
  for (int i = 7; i < applied.diffs_size(); ++i) EXPECT_EQ(applied.diffs(i).verb(), v1::CHANGE_VERB_UNCHANGED);
  EXPECT_EQ(applied.catalog_version(), 1);
}

TEST_F(ServerTest, UpdatesAreComparedWithTheRevisionTheyChange) {
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(kShop, &applied).ok());
  v1::UpdateDefinitionRequest request;
  request.mutable_definition()->mutable_metric()->set_id("order");
  request.mutable_definition()->mutable_metric()->set_display_name("Orders");
  request.mutable_update_mask()->add_paths("display_name");
  v1::UpdateDefinitionResponse response;
  EXPECT_EQ(Call(*catalog_, &v1::CatalogService::Stub::UpdateDefinition, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.set_expected_revision(2);
  EXPECT_EQ(Call(*catalog_, &v1::CatalogService::Stub::UpdateDefinition, request, &response).error_code(),
            grpc::StatusCode::ABORTED);
  request.set_expected_revision(1);
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::UpdateDefinition, request, &response).ok());
  EXPECT_EQ(response.definition().metric().display_name(), "Orders");
  EXPECT_EQ(response.definition().metric().conversion().event(), "order");
  EXPECT_EQ(response.definition().metric().meta().revision(), 2);
  request.mutable_update_mask()->add_paths("colour");
  request.set_expected_revision(2);
  EXPECT_EQ(FieldsOf(Call(*catalog_, &v1::CatalogService::Stub::UpdateDefinition, request, &response)),
            std::set<std::string>{"update_mask"});
}

TEST_F(ServerTest, WhatIsInUseIsNotDeleted) {
  LaunchSpring();
  const auto delete_code = [this](const char* name, int64_t revision) {
    v1::DeleteDefinitionRequest request;
    request.set_name(name);
    request.set_expected_revision(revision);
    v1::DeleteDefinitionResponse response;
    return Call(*catalog_, &v1::CatalogService::Stub::DeleteDefinition, request, &response).error_code();
  };
  EXPECT_EQ(delete_code("tierings/value", 1), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("segments/asia", 1), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("attributes/spend", 1), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("metrics/order", 1), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("campaigns/spring", 2), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(delete_code("segments/none", 1), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(delete_code("nonsense", 1), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServerTest, EveryChangeHasAnActorATimeAndAnOldRevisionToRead) {
  LaunchSpring();
  v1::ListChangesRequest request;
  request.set_name("campaigns/spring");
  v1::ListChangesResponse response;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListChanges, request, &response).ok());
  ASSERT_EQ(response.changes_size(), 2);
  EXPECT_EQ(response.changes(0).verb(), v1::CHANGE_VERB_TRANSITION);
  EXPECT_EQ(response.changes(0).transition(), "launch");
  EXPECT_EQ(response.changes(0).actor(), "mei");
  EXPECT_EQ(response.changes(1).verb(), v1::CHANGE_VERB_CREATE);
  v1::GetDefinitionRequest past;
  past.set_name("campaigns/spring");
  past.set_catalog_version(1);
  v1::GetDefinitionResponse definition;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::GetDefinition, past, &definition).ok());
  EXPECT_EQ(definition.definition().campaign().state(), v1::CAMPAIGN_STATE_DRAFT);
}

TEST_F(ServerTest, ListsComeInPages) {
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(kShop, &applied).ok());
  v1::ListDefinitionsRequest request;
  request.set_page_size(4);
  v1::ListDefinitionsResponse first;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListDefinitions, request, &first).ok());
  ASSERT_EQ(first.definitions_size(), 4);
  request.set_page_token(first.next_page_token());
  v1::ListDefinitionsResponse second;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::ListDefinitions, request, &second).ok());
  ASSERT_EQ(second.definitions_size(), 3);
  EXPECT_TRUE(second.definitions(2).has_campaign());
  EXPECT_EQ(second.next_page_token(), "");
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
