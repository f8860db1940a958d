// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/server/server_fixture.h"

namespace tierwise {

// A shop whose users' tiers come from what they bought: by quantiles of the money, and by rules over how often.
inline constexpr char kTieredShop[] = R"pb(
  definitions { attribute { id: "country" type: ATTRIBUTE_TYPE_STRING } }
  definitions { attribute { id: "interests" type: ATTRIBUTE_TYPE_STRING_LIST } }
  definitions {
    attribute {
      id: "money"
      type: ATTRIBUTE_TYPE_DOUBLE
      derivation {
        aggregate: AGGREGATE_SUM
        events: "purchase"
        window { seconds: 2592000 }
      }
    }
  }
  definitions {
    attribute {
      id: "orders"
      type: ATTRIBUTE_TYPE_INT
      derivation { aggregate: AGGREGATE_COUNT events: "purchase" }
    }
  }
  definitions {
    attribute {
      id: "last_purchase"
      type: ATTRIBUTE_TYPE_DOUBLE
      derivation { aggregate: AGGREGATE_RECENCY_DAYS events: "purchase" }
    }
  }
  definitions {
    attribute {
      id: "category"
      type: ATTRIBUTE_TYPE_STRING
      derivation { aggregate: AGGREGATE_FAVOURITE events: "purchase" property: "category" }
    }
  }
  definitions {
    tiering {
      id: "value"
      tiers { id: "head" }
      tiers { id: "waist" }
      tiers { id: "tail" }
      quantiles { attribute: "money" up_to_bp: 1000 up_to_bp: 5000 up_to_bp: 10000 }
    }
  }
  definitions {
    tiering {
      id: "loyalty"
      tiers { id: "regular" }
      tiers { id: "occasional" }
      rules {
        rules {
          tier: "regular"
          when { text: "orders >= 2" }
        }
        otherwise: "occasional"
      }
    }
  }
  definitions {
    metric {
      id: "order"
      conversion { event: "purchase" }
      window { seconds: 604800 }
    }
  }
  definitions {
    campaign {
      id: "again"
      tiering: "loyalty"
      metrics: "order"
      variants { id: "none" control: true }
      variants { id: "ten" }
      tier_plans {
        tier: "*"
        arms { variant: "none" weight: 1 }
        arms { variant: "ten" weight: 1 }
      }
    }
  }
  definitions {
    campaign {
      id: "spread"
      tiering: "value"
      metrics: "order"
      variants { id: "none" control: true }
      variants { id: "ten" }
      tier_plans {
        tier: "head"
        arms { variant: "none" weight: 1 }
        arms { variant: "ten" weight: 1 }
      }
    }
  })pb";

class TiersTest : public ServerTest {
 protected:
  void ApplyShop() {
    v1::ApplyDefinitionsResponse applied;
    const grpc::Status status = Apply(kTieredShop, &applied);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  void Buy(const std::string& user, double amount, absl::Time time, const std::string& category = "books") {
    v1::RecordEventsRequest request;
    v1::Event& event = *request.add_events();
    event.set_user_id(user);
    event.set_event_id(absl::StrCat("event-", next_event_++));
    event.set_name("purchase");
    event.set_value(amount);
    event.set_properties_json(absl::StrCat("{\"category\": \"", category, "\"}"));
    *event.mutable_time() = ToProto(time);
    v1::RecordEventsResponse response;
    const grpc::Status status = Call(*events_, &v1::EventService::Stub::RecordEvents, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.accepted(), 1u) << response.DebugString();
  }

  // `users` users called user-0, user-1, ...; user-i buys for i + 1, every third one twice.
  void FillShop(int users, absl::Time time) {
    v1::RecordEventsRequest request;
    for (int i = 0; i < users; ++i) {
      for (int k = 0; k < (i % 3 == 0 ? 2 : 1); ++k) {
        v1::Event& event = *request.add_events();
        event.set_user_id(absl::StrCat("user-", i));
        event.set_event_id(absl::StrCat("filled-", k));
        event.set_name("purchase");
        event.set_value((i + 1) / (i % 3 == 0 ? 2.0 : 1.0));
        *event.mutable_time() = ToProto(time);
      }
    }
    v1::RecordEventsResponse response;
    const grpc::Status status = Call(*events_, &v1::EventService::Stub::RecordEvents, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.errors_size(), 0) << response.DebugString();
  }

  grpc::Status StartRefresh(const std::vector<std::string>& tierings, std::optional<absl::Time> as_of,
                            v1::Refresh* refresh) {
    v1::StartRefreshRequest request;
    for (const std::string& tiering : tierings) request.add_tierings(tiering);
    if (as_of.has_value()) *request.mutable_as_of() = ToProto(*as_of);
    v1::StartRefreshResponse response;
    const grpc::Status status = Call(*tiers_, &v1::TierService::Stub::StartRefresh, request, &response);
    *refresh = response.refresh();
    return status;
  }

  v1::Refresh GetRefresh(int64_t id) {
    v1::GetRefreshRequest request;
    request.set_id(id);
    v1::GetRefreshResponse response;
    const grpc::Status status = Call(*tiers_, &v1::TierService::Stub::GetRefresh, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.refresh();
  }

  v1::Refresh Await(int64_t id) {
    for (;;) {
      v1::Refresh refresh = GetRefresh(id);
      if (refresh.state() != v1::REFRESH_STATE_RUNNING || HasFailure()) return refresh;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  // Refreshes all tierings, and waits.
  v1::Refresh Refresh(std::optional<absl::Time> as_of = std::nullopt, const std::vector<std::string>& tierings = {}) {
    v1::Refresh refresh;
    const grpc::Status status = StartRefresh(tierings, as_of, &refresh);
    EXPECT_TRUE(status.ok()) << status.error_message();
    refresh = Await(refresh.id());
    EXPECT_EQ(refresh.state(), v1::REFRESH_STATE_SUCCEEDED) << refresh.DebugString();
    return refresh;
  }

  grpc::Status GetProfile(const std::string& user, v1::GetProfileResponse* response,
                          std::optional<absl::Time> as_of = std::nullopt) {
    v1::GetProfileRequest request;
    request.set_user_id(user);
    if (as_of.has_value()) *request.mutable_as_of() = ToProto(*as_of);
    return Call(*events_, &v1::EventService::Stub::GetProfile, request, response);
  }

  // The user's attributes as text, by id.
  std::map<std::string, std::string> Attributes(const std::string& user,
                                                std::optional<absl::Time> as_of = std::nullopt) {
    v1::GetProfileResponse response;
    const grpc::Status status = GetProfile(user, &response, as_of);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::map<std::string, std::string> attributes;
    for (const v1::AttributeValue& value : response.profile().attributes()) {
      attributes[value.attribute()] = value.has_double_value()   ? absl::StrCat(value.double_value())
                                      : value.has_int_value()    ? absl::StrCat(value.int_value())
                                      : value.has_string_value() ? value.string_value()
                                                                 : value.ShortDebugString();
    }
    return attributes;
  }

  // The user's tiers, by tiering.
  std::map<std::string, std::string> TiersOf(const std::string& user, std::optional<absl::Time> as_of = std::nullopt) {
    v1::GetProfileResponse response;
    const grpc::Status status = GetProfile(user, &response, as_of);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::map<std::string, std::string> tiers;
    for (const v1::TierMembership& membership : response.tiers()) tiers[membership.tiering()] = membership.tier();
    return tiers;
  }

  v1::DescribeTiersResponse Describe(const std::string& tiering, const std::string& value_attribute = "",
                                     const std::string& attribute = "") {
    v1::DescribeTiersRequest request;
    request.set_tiering(tiering);
    request.set_value_attribute(value_attribute);
    request.set_attribute(attribute);
    v1::DescribeTiersResponse response;
    const grpc::Status status = Call(*tiers_, &v1::TierService::Stub::DescribeTiers, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  std::map<std::string, int64_t> Sizes(const std::string& tiering) {
    std::map<std::string, int64_t> sizes;
    const v1::DescribeTiersResponse described = Describe(tiering);
    for (const v1::TierDescription& tier : described.tiers()) sizes[tier.tier()] = tier.users();
    return sizes;
  }

  std::vector<v1::Move> Moves(const std::string& tiering, int64_t after = 0, bool changes_only = false) {
    v1::ListMovesRequest request;
    request.set_tiering(tiering);
    request.set_after_sequence(after);
    request.set_changes_only(changes_only);
    v1::ListMovesResponse response;
    const grpc::Status status = Call(*tiers_, &v1::TierService::Stub::ListMoves, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.moves().begin(), response.moves().end()};
  }

  v1::EstimateReachResponse Reach(const std::string& text) {
    v1::EstimateReachResponse response;
    const grpc::Status status =
        Call(*tiers_, &v1::TierService::Stub::EstimateReach, FromText<v1::EstimateReachRequest>(text), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  void SetAttribute(const std::string& user, const std::string& attribute, const std::string& text) {
    v1::UpsertProfilesRequest request;
    request.add_profiles()->set_user_id(user);
    v1::AttributeValue& value = *request.mutable_profiles(0)->add_attributes();
    value.set_attribute(attribute);
    value.set_string_value(text);
    v1::UpsertProfilesResponse response;
    ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::UpsertProfiles, request, &response).ok());
    ASSERT_EQ(response.accepted(), 1u) << response.DebugString();
  }

  grpc::Status Launch(const std::string& campaign) {
    v1::GetDefinitionRequest get;
    get.set_name(absl::StrCat("campaigns/", campaign));
    v1::GetDefinitionResponse got;
    if (grpc::Status status = Call(*catalog_, &v1::CatalogService::Stub::GetDefinition, get, &got); !status.ok()) {
      return status;
    }
    v1::LaunchCampaignRequest request;
    request.set_campaign(campaign);
    request.set_expected_revision(got.definition().campaign().meta().revision());
    v1::LaunchCampaignResponse response;
    return Call(*catalog_, &v1::CatalogService::Stub::LaunchCampaign, request, &response);
  }

  // Of a user in one campaign; `orders` is given with the request unless it is negative.
  v1::Assignment Assign(const std::string& user, const std::string& campaign, int64_t orders = -1) {
    v1::AssignRequest request;
    request.set_user_id(user);
    request.add_campaigns(campaign);
    if (orders >= 0) {
      request.add_attributes()->set_attribute("orders");
      request.mutable_attributes(0)->set_int_value(orders);
    }
    v1::AssignResponse response;
    const grpc::Status status = Call(*assignment_, &v1::AssignmentService::Stub::Assign, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.assignments_size() == 1 ? response.assignments(0) : v1::Assignment();
  }

  void Expose(const std::string& user, const std::string& campaign, const v1::Assignment& assignment,
              absl::Time time = absl::Now()) {
    v1::RecordExposuresRequest request;
    v1::Exposure& exposure = *request.add_exposures();
    exposure.set_user_id(user);
    exposure.set_campaign(campaign);
    exposure.set_variant(assignment.variant());
    exposure.set_tier(assignment.tier());
    *exposure.mutable_time() = ToProto(time);
    v1::RecordExposuresResponse response;
    ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::RecordExposures, request, &response).ok());
    ASSERT_EQ(response.accepted(), 1u) << response.DebugString();
  }

 private:
  int next_event_ = 0;
};

}  // namespace tierwise
