// SPDX-License-Identifier: Apache-2.0
// Refreshes through the API: what they move, when they run, how they end.
#include <gmock/gmock.h>

#include <atomic>
#include <string>

#include "tests/server/tiers_fixture.h"

namespace tierwise {
namespace {

using testing::HasSubstr;
using SizesByTier = std::map<std::string, int64_t>;
using Tiers = std::map<std::string, std::string>;

const absl::Time kNow = absl::Now();
constexpr absl::Duration kDay = absl::Hours(24);

TEST_F(TiersTest, ARefreshPutsEveryUserIntoOneTierOfEachTiering) {
  ApplyShop();
  FillShop(100, kNow - kDay);
  SetAttribute("window-shopper", "country", "SG");
  const v1::Refresh refresh = Refresh();
  EXPECT_EQ(refresh.users(), 101);
  EXPECT_EQ(refresh.users_moved(), 0) << "first tiers are no moves";
  EXPECT_EQ(refresh.actor(), "mei");
  EXPECT_EQ(refresh.progress(), 1);
  EXPECT_EQ(Sizes("loyalty"), (SizesByTier{{"regular", 34}, {"occasional", 67}}));
  const SizesByTier value = Sizes("value");
  EXPECT_EQ(value.at("head") + value.at("waist") + value.at("tail"), 101);
  EXPECT_NEAR(static_cast<double>(value.at("head")), 10.1, 1);
  EXPECT_NEAR(static_cast<double>(value.at("waist")), 40.4, 1);
  EXPECT_EQ(TiersOf("user-99"), (Tiers{{"value", "head"}, {"loyalty", "regular"}}));
  EXPECT_EQ(TiersOf("user-1"), (Tiers{{"value", "tail"}, {"loyalty", "occasional"}}));
}

TEST_F(TiersTest, CutsBecomeARevisionOfTheTieringAndStayWhereNothingChanged) {
  ApplyShop();
  FillShop(100, kNow - kDay);
  Refresh();
  v1::GetDefinitionRequest get;
  get.set_name("tierings/value");
  v1::GetDefinitionResponse got;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::GetDefinition, get, &got).ok());
  const v1::Tiering& tiering = got.definition().tiering();
  EXPECT_EQ(tiering.meta().revision(), 2);
  EXPECT_EQ(tiering.meta().update_actor(), "refresh");
  ASSERT_EQ(tiering.quantiles().cuts_size(), 2);
  EXPECT_EQ(tiering.quantiles().cuts(0), 91);
  EXPECT_EQ(tiering.quantiles().cuts(1), 51);
  EXPECT_EQ(Describe("value").tiering_revision(), 2);
  Refresh();
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::GetDefinition, get, &got).ok());
  EXPECT_EQ(got.definition().tiering().meta().revision(), 2);
}

TEST_F(TiersTest, TheFeedTellsWhoMovedFromWhereToWhereWhen) {
  ApplyShop();
  FillShop(10, kNow - 5 * kDay);
  Refresh(kNow - 4 * kDay);
  Buy("user-1", 5, kNow - 3 * kDay);
  const v1::Refresh second = Refresh(kNow - 2 * kDay);
  EXPECT_GE(second.users_moved(), 1);
  const std::vector<v1::Move> first_tiers = Moves("loyalty");
  ASSERT_EQ(first_tiers.size(), 11u);
  const std::vector<v1::Move> changes = Moves("loyalty", 0, true);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].user_id(), "user-1");
  EXPECT_EQ(changes[0].from(), "occasional");
  EXPECT_EQ(changes[0].to(), "regular");
  EXPECT_EQ(FromProto(changes[0].time()), absl::FromUnixMicros(absl::ToUnixMicros(kNow - 2 * kDay)));
  EXPECT_EQ(changes[0].refresh(), second.id());
  EXPECT_TRUE(Moves("loyalty", changes[0].sequence()).empty());
  Buy("user-2", 5, kNow - kDay);
  Refresh(kNow);
  const std::vector<v1::Move> next = Moves("loyalty", changes[0].sequence());
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].user_id(), "user-2");
}

TEST_F(TiersTest, ARestartChangesNoAnswer) {
  ApplyShop();
  FillShop(60, kNow - 5 * kDay);
  SetAttribute("user-7", "country", "SG");
  Refresh(kNow - 4 * kDay);
  Buy("user-1", 500, kNow - 3 * kDay, "toys");
  Refresh(kNow - kDay);
  Buy("user-2", 500, kNow - 2 * kDay);  // after the last refresh: not seen yet
  std::map<std::string, Tiers> tiers;
  std::map<std::string, std::map<std::string, std::string>> attributes;
  const SizesByTier sizes = Sizes("value");
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 60; ++i) {
      const std::string user = absl::StrCat("user-", i);
      if (round == 0) {
        tiers[user] = TiersOf(user);
        attributes[user] = Attributes(user);
      } else {
        EXPECT_EQ(TiersOf(user), tiers[user]) << user;
        EXPECT_EQ(Attributes(user), attributes[user]) << user;
      }
    }
    EXPECT_EQ(Sizes("value"), sizes);
    if (round == 0) Restart();
  }
  const v1::Refresh next = Refresh(kNow);
  EXPECT_EQ(next.users_computed(), 1) << "the restart did not make the refresh a full one";
  EXPECT_EQ(TiersOf("user-2")["value"], "head");
}

TEST_F(TiersTest, ConfirmationsAreCountedAcrossARestart) {
  ApplyShop();
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(R"pb(definitions {
                           tiering {
                             id: "steady"
                             tiers { id: "regular" }
                             tiers { id: "occasional" }
                             rules {
                               rules {
                                 tier: "regular"
                                 when { text: "orders >= 2" }
                               }
                               otherwise: "occasional"
                             }
                             refresh { confirmations: 3 }
                           }
                         })pb",
                    &applied)
                  .ok());
  Buy("ann", 1, kNow - 9 * kDay);
  Refresh(kNow - 8 * kDay);
  Buy("ann", 1, kNow - 7 * kDay);
  Refresh(kNow - 6 * kDay);
  Refresh(kNow - 5 * kDay);
  EXPECT_EQ(TiersOf("ann")["steady"], "occasional");
  Restart();
  EXPECT_EQ(TiersOf("ann")["steady"], "occasional");
  Refresh(kNow - 4 * kDay);
  EXPECT_EQ(TiersOf("ann")["steady"], "regular");
}

TEST_F(TiersTest, AScheduledTieringIsRefreshedWhenItIsDue) {
  static std::atomic<int64_t> hours;  // that the clock of schedules is ahead
  hours = 0;
  refresher_.now = [] { return absl::Now() + absl::Hours(hours.load()); };
  refresher_.poll_every = absl::Milliseconds(5);
  Restart();
  ApplyShop();
  FillShop(10, kNow - kDay);
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(R"pb(definitions {
                           tiering {
                             id: "daily"
                             tiers { id: "all" }
                             rules { otherwise: "all" }
                             refresh { every { seconds: 86400 } }
                           }
                         })pb",
                    &applied)
                  .ok());
  const auto succeeded = [&] {
    v1::ListRefreshesResponse response;
    EXPECT_TRUE(Call(*tiers_, &v1::TierService::Stub::ListRefreshes, v1::ListRefreshesRequest(), &response).ok());
    int count = 0;
    for (const v1::Refresh& refresh : response.refreshes()) {
      EXPECT_EQ(refresh.actor(), "schedule");
      EXPECT_THAT(refresh.tierings(), testing::ElementsAre("daily"));
      count += refresh.state() == v1::REFRESH_STATE_SUCCEEDED ? 1 : 0;
    }
    return count;
  };
  const auto await = [&](int count) {
    for (int i = 0; i < 2000 && succeeded() < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return succeeded();
  };
  EXPECT_EQ(await(1), 1) << "at once, since it never was";
  hours = 23;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(succeeded(), 1);
  hours = 25;
  EXPECT_EQ(await(2), 2);
  EXPECT_EQ(Sizes("daily"), (SizesByTier{{"all", 10}}));
}

TEST_F(TiersTest, OnlyOneRefreshRunsAndACancelledOneLeavesNothing) {
  ApplyShop();
  FillShop(3000, kNow - kDay);
  Refresh(kNow);
  const SizesByTier before = Sizes("value");
  int cancelled = 0;
  for (int i = 0; i < 20; ++i) {
    Buy(absl::StrCat("user-", i), 1e6, kNow);
    v1::Refresh refresh, second;
    ASSERT_TRUE(StartRefresh({}, std::nullopt, &refresh).ok());
    const grpc::Status refused = StartRefresh({}, std::nullopt, &second);
    if (!refused.ok()) {
      EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    } else {
      Await(second.id());
      continue;
    }
    v1::CancelRefreshRequest cancel;
    cancel.set_id(refresh.id());
    v1::CancelRefreshResponse response;
    const grpc::Status status = Call(*tiers_, &v1::TierService::Stub::CancelRefresh, cancel, &response);
    const v1::Refresh ended = Await(refresh.id());
    if (status.ok()) {
      ++cancelled;
      EXPECT_EQ(response.refresh().state(), v1::REFRESH_STATE_CANCELLED);
      EXPECT_EQ(ended.state(), v1::REFRESH_STATE_CANCELLED);
      for (const v1::Move& move : Moves("value", 0, true)) EXPECT_NE(move.refresh(), refresh.id());
    } else {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << status.error_message();
      EXPECT_EQ(ended.state(), v1::REFRESH_STATE_SUCCEEDED);
    }
  }
  EXPECT_GT(cancelled, 0);
  Refresh();
  EXPECT_EQ(Sizes("value").at("head"), before.at("head"));
  v1::CancelRefreshRequest cancel;
  cancel.set_id(1);
  v1::CancelRefreshResponse response;
  EXPECT_EQ(Call(*tiers_, &v1::TierService::Stub::CancelRefresh, cancel, &response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(TiersTest, BadRefreshRequestsNameTheField) {
  ApplyShop();
  v1::Refresh refresh;
  EXPECT_EQ(FieldsOf(StartRefresh({"no-such"}, std::nullopt, &refresh)), (std::set<std::string>{"tierings[0]"}));
  EXPECT_EQ(FieldsOf(StartRefresh({"value", "value"}, std::nullopt, &refresh)), (std::set<std::string>{"tierings[1]"}));
  EXPECT_EQ(FieldsOf(StartRefresh({}, absl::Now() + kDay, &refresh)), (std::set<std::string>{"as_of"}));
  EXPECT_EQ(FieldsOf(StartRefresh(std::vector<std::string>(101, "value"), std::nullopt, &refresh)).count("tierings"),
            1u);
  Refresh(kNow);
  const grpc::Status earlier = StartRefresh({"value"}, kNow - kDay, &refresh);
  EXPECT_EQ(FieldsOf(earlier), (std::set<std::string>{"as_of"}));
  v1::GetRefreshRequest get;
  get.set_id(77);
  v1::GetRefreshResponse got;
  EXPECT_EQ(Call(*tiers_, &v1::TierService::Stub::GetRefresh, get, &got).error_code(), grpc::StatusCode::NOT_FOUND);
  v1::ListRefreshesRequest list;
  list.set_page_size(1001);
  list.set_page_token("x");
  v1::ListRefreshesResponse listed;
  EXPECT_EQ(FieldsOf(Call(*tiers_, &v1::TierService::Stub::ListRefreshes, list, &listed)),
            (std::set<std::string>{"page_size"}));
}

TEST_F(TiersTest, ATieringWithoutCutsCannotBeLaunched) {
  ApplyShop();
  FillShop(30, kNow - kDay);
  const grpc::Status refused = Launch("spread");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("refresh"));
  Refresh();
  const grpc::Status launched = Launch("spread");
  EXPECT_TRUE(launched.ok()) << launched.error_message();
}

}  // namespace
}  // namespace tierwise
