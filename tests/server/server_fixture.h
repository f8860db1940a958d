// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
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
#include "server/server.h"
#include "tests/server/storage/temporary_folder.h"
#include "tierwise/v1/assignment_service.grpc.pb.h"
#include "tierwise/v1/catalog_service.grpc.pb.h"
#include "tierwise/v1/event_service.grpc.pb.h"
#include "tierwise/v1/report_service.grpc.pb.h"
#include "tierwise/v1/tier_service.grpc.pb.h"

namespace tierwise {

// The whole server in process, on a free port, spoken to as a client would, and a small shop to run on it.

inline constexpr char kShop[] = R"pb(
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

inline std::set<std::string> FieldsOf(const grpc::Status& status) {
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
    options.refresher = refresher_;
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
    tiers_ = v1::TierService::NewStub(channel_);
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
  RefresherOptions refresher_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::CatalogService::Stub> catalog_;
  std::unique_ptr<v1::AssignmentService::Stub> assignment_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::ReportService::Stub> reports_;
  std::unique_ptr<v1::TierService::Stub> tiers_;
};

}  // namespace tierwise
