// SPDX-License-Identifier: Apache-2.0
// Sizes, previews, transitions, reach and explorations through the API.
#include <gmock/gmock.h>

#include <string>

#include "tests/server/tiers_fixture.h"

namespace tierwise {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::Now();
constexpr absl::Duration kDay = absl::Hours(24);

class TierCallsTest : public TiersTest {
 protected:
  // user-i has spent i + 1; user-0, user-3, ... have two orders.
  TierCallsTest() {
    ApplyShop();
    FillShop(100, kNow - 2 * kDay);
    Refresh(kNow - kDay);
  }

  template <typename Request, typename Response>
  grpc::Status Ask(grpc::Status (v1::TierService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const std::string& text, Response* response) {
    return Call(*tiers_, method, FromText<Request>(text), response);
  }

  static std::map<std::string, int64_t> ByTier(const v1::EstimateReachResponse& reach) {
    std::map<std::string, int64_t> users;
    for (const v1::TierSize& size : reach.by_tier()) users[size.tier()] = size.users();
    return users;
  }
};

TEST_F(TierCallsTest, TiersAreDescribedWithTheirShareOfAValueAndADistribution) {
  const v1::DescribeTiersResponse described = Describe("value", "money", "orders");
  ASSERT_EQ(described.tiers_size(), 3);
  const v1::TierDescription& head = described.tiers(0);
  EXPECT_EQ(head.tier(), "head");
  EXPECT_EQ(head.users(), 10);
  EXPECT_DOUBLE_EQ(head.user_share(), 0.1);
  EXPECT_DOUBLE_EQ(head.value(), 955);  // 91 + ... + 100
  EXPECT_DOUBLE_EQ(head.value_share(), 955.0 / 5050.0);
  EXPECT_EQ(head.distribution().users(), 10);
  EXPECT_DOUBLE_EQ(head.distribution().mean(), 1.4);
  EXPECT_EQ(FromProto(described.as_of()), absl::FromUnixMicros(absl::ToUnixMicros(kNow - kDay)));
  const v1::DescribeTiersResponse texts = Describe("loyalty", "", "category");
  EXPECT_EQ(texts.tiers(0).distribution().missing(), 34);
}

TEST_F(TierCallsTest, APreviewShowsWhoWouldMoveAndChangesNothing) {
  v1::PreviewTieringResponse preview;
  const grpc::Status status = Ask(&v1::TierService::Stub::PreviewTiering,
                                  R"pb(tiering {
                                         id: "value"
                                         tiers { id: "head" }
                                         tiers { id: "waist" }
                                         tiers { id: "tail" }
                                         quantiles { attribute: "money" up_to_bp: 2000 up_to_bp: 5000 up_to_bp: 10000 }
                                       })pb",
                                  &preview);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(preview.sizes(0).users(), 20);
  std::map<std::pair<std::string, std::string>, int64_t> moves;
  for (const v1::Transition& transition : preview.transitions()) {
    moves[{transition.from(), transition.to()}] = transition.users();
  }
  EXPECT_EQ((moves[{"waist", "head"}]), 10);
  EXPECT_EQ((moves[{"tail", "tail"}]), 50);
  EXPECT_EQ(preview.tiering().quantiles().cuts(0), 81);
  EXPECT_EQ(Sizes("value")["head"], 10);
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::PreviewTiering,
                         R"pb(tiering {
                                id: "x"
                                tiers { id: "all" }
                                quantiles { attribute: "no_such" up_to_bp: 10000 }
                              })pb",
                         &preview)),
            (std::set<std::string>{"tierings/x.quantiles.attribute"}));
}

TEST_F(TierCallsTest, TransitionsAndHistoryAreOfAnyTwoMoments) {
  Buy("user-1", 1000, kNow - kDay / 2);
  Refresh(kNow);
  v1::GetTransitionsRequest request;
  request.set_tiering("value");
  *request.mutable_from() = ToProto(kNow - kDay);
  v1::GetTransitionsResponse transitions;
  ASSERT_TRUE(Call(*tiers_, &v1::TierService::Stub::GetTransitions, request, &transitions).ok());
  std::map<std::pair<std::string, std::string>, int64_t> users;
  for (const v1::Transition& each : transitions.transitions()) users[{each.from(), each.to()}] = each.users();
  EXPECT_EQ((users[{"tail", "head"}]), 1);
  int64_t sum = 0;
  for (const auto& [pair, count] : users) sum += count;
  EXPECT_EQ(sum, 100);

  v1::GetTierHistoryRequest history;
  history.set_tiering("value");
  history.set_value_event("purchase");
  v1::GetTierHistoryResponse entries;
  ASSERT_TRUE(Call(*tiers_, &v1::TierService::Stub::GetTierHistory, history, &entries).ok());
  ASSERT_EQ(entries.entries_size(), 2);
  EXPECT_EQ(entries.entries(1).sizes(0).tier(), "head");
  EXPECT_EQ(entries.entries(1).values(2), 1000) << "user-1 was in the tail when buying";

  request.clear_from();
  EXPECT_EQ(FieldsOf(Call(*tiers_, &v1::TierService::Stub::GetTransitions, request, &transitions)),
            (std::set<std::string>{"from"}));
  *request.mutable_from() = ToProto(kNow);
  *request.mutable_to() = ToProto(kNow - kDay);
  EXPECT_EQ(FieldsOf(Call(*tiers_, &v1::TierService::Stub::GetTransitions, request, &transitions)),
            (std::set<std::string>{"to"}));
}

TEST_F(TierCallsTest, ReachIsExactAndSplitByTierAndAttribute) {
  for (int i = 0; i < 5; ++i) SetAttribute(absl::StrCat("user-", i), "country", i < 3 ? "SG" : "CN");
  const v1::EstimateReachResponse reach =
      Reach("condition { text: \"money <= 20\" } by_tiering: \"loyalty\" by_attribute: \"country\" samples: 3");
  EXPECT_EQ(reach.users(), 20);
  EXPECT_EQ(reach.known_users(), 100);
  EXPECT_EQ(ByTier(reach), (std::map<std::string, int64_t>{{"regular", 7}, {"occasional", 13}}));
  ASSERT_EQ(reach.by_value_size(), 2);
  EXPECT_EQ(reach.by_value(0).value(), "SG");
  EXPECT_EQ(reach.by_value(0).users(), 3);
  EXPECT_EQ(reach.other_values(), 15);
  EXPECT_EQ(reach.sample_user_ids_size(), 3);
  for (const std::string& user : reach.sample_user_ids()) EXPECT_LE(std::stod(Attributes(user)["money"]), 20);
  const v1::EstimateReachResponse tier = Reach("tier { tiering: \"value\" tier: \"waist\" }");
  EXPECT_EQ(tier.users(), 40);
  EXPECT_EQ(ByTier(tier)["waist"], 40);
  EXPECT_EQ(Reach("campaign: \"spread\"").users(), 10) << "a draft: the head has the only plan";
}

TEST_F(TierCallsTest, ReachShowsTheOverlapWithRunningCampaigns) {
  ASSERT_TRUE(Launch("again").ok());
  ASSERT_TRUE(Launch("spread").ok());
  const v1::EstimateReachResponse reach = Reach("campaign: \"again\"");
  EXPECT_EQ(reach.users(), 100);
  ASSERT_EQ(reach.overlaps_size(), 1);
  EXPECT_EQ(reach.overlaps(0).campaign(), "spread");
  EXPECT_EQ(reach.overlaps(0).users(), 10);
  EXPECT_FALSE(reach.overlaps(0).same_layer());
}

TEST_F(TierCallsTest, ThresholdsShowUsersAndValueAbove) {
  v1::ExploreThresholdsResponse response;
  ASSERT_TRUE(Ask(&v1::TierService::Stub::ExploreThresholds, "attribute: \"money\" thresholds: 51", &response).ok());
  EXPECT_EQ(response.users(), 100);
  ASSERT_EQ(response.thresholds_size(), 1);
  EXPECT_EQ(response.thresholds(0).users_above(), 50);
  EXPECT_DOUBLE_EQ(response.thresholds(0).user_share_above(), 0.5);
  EXPECT_DOUBLE_EQ(response.thresholds(0).value_share_above(), 3775.0 / 5050.0);
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::ExploreThresholds, "attribute: \"country\"", &response)),
            (std::set<std::string>{"attribute"}));
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::ExploreThresholds, "attribute: \"money\" thresholds: inf", &response)),
            (std::set<std::string>{"thresholds"}));
}

TEST_F(TierCallsTest, BadRequestsNameTheField) {
  v1::DescribeTiersResponse described;
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::DescribeTiers, "", &described)), (std::set<std::string>{"tiering"}));
  EXPECT_EQ(Ask(&v1::TierService::Stub::DescribeTiers, "tiering: \"no-such\"", &described).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::DescribeTiers, "tiering: \"value\" value_attribute: \"country\"",
                         &described)),
            (std::set<std::string>{"value_attribute"}));
  v1::EstimateReachResponse reach;
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::EstimateReach, "", &reach)), (std::set<std::string>{"target"}));
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::EstimateReach, "condition { text: \"money >\" }", &reach)),
            (std::set<std::string>{"condition"}));
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::EstimateReach, "tier { tiering: \"value\" tier: \"top\" }", &reach)),
            (std::set<std::string>{"tier.tier"}));
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::EstimateReach, "campaign: \"again\" samples: 101", &reach)),
            (std::set<std::string>{"samples"}));
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::EstimateReach, "campaign: \"again\" by_attribute: \"money\"", &reach)),
            (std::set<std::string>{"by_attribute"}));
  v1::ListMovesResponse moves;
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::ListMoves, "tiering: \"value\" limit: 10001", &moves)),
            (std::set<std::string>{"limit"}));
  v1::ExploreClustersResponse clusters;
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::ExploreClusters, "clusters: 3", &clusters)),
            (std::set<std::string>{"attributes"}));
  EXPECT_EQ(FieldsOf(Ask(&v1::TierService::Stub::ExploreClusters, "attributes: \"country\" clusters: 3", &clusters)),
            (std::set<std::string>{"attributes[0]"}));
  const grpc::Status never = [&] {
    v1::ApplyDefinitionsResponse applied;
    EXPECT_TRUE(Apply(R"pb(definitions {
                             tiering {
                               id: "new"
                               tiers { id: "all" }
                               rules { otherwise: "all" }
                             }
                           })pb",
                      &applied)
                    .ok());
    return Ask(&v1::TierService::Stub::DescribeTiers, "tiering: \"new\"", &described);
  }();
  EXPECT_EQ(never.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(never.error_message(), HasSubstr("never refreshed"));
}

TEST_F(TierCallsTest, ClustersBecomeATieringToStartFrom) {
  v1::ExploreClustersResponse clusters;
  const grpc::Status status = Ask(&v1::TierService::Stub::ExploreClusters,
                                  "attributes: \"money\" attributes: \"orders\" clusters: 2 seed: 1", &clusters);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(clusters.users(), 100);
  ASSERT_EQ(clusters.clusters_size(), 2);
  EXPECT_EQ(clusters.clusters(0).users() + clusters.clusters(1).users(), 100);
  EXPECT_GE(clusters.clusters(0).means(0), clusters.clusters(1).means(0));
  EXPECT_GT(clusters.agreement(), 0.9);
  v1::ApplyDefinitionsRequest save;
  *save.add_definitions()->mutable_tiering() = clusters.tiering();
  save.mutable_definitions(0)->mutable_tiering()->set_id("found");
  v1::ApplyDefinitionsResponse saved;
  const grpc::Status applied = Call(*catalog_, &v1::CatalogService::Stub::ApplyDefinitions, save, &saved);
  EXPECT_TRUE(applied.ok()) << applied.error_message();
}

}  // namespace
}  // namespace tierwise
