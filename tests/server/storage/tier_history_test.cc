// SPDX-License-Identifier: Apache-2.0
#include "server/storage/tier_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/base/proto_time.h"
#include "server/storage/store.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Moved = std::tuple<std::string, std::string, std::string>;  // user, from, to

const std::vector<std::string> kTiers = {"head", "tail"};

class TierHistoryTest : public testing::Test {
 protected:
  TierHistoryTest() { Reopen(); }

  void Reopen() {
    store_ = {};
    absl::StatusOr<Store> store = OpenStore({.path = folder_.File("store.duckdb")});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  TierHistory& history() { return *store_.tiers; }

  // Users have to be known by name.
  void AddUsers(const std::vector<std::string>& users) {
    for (const std::string& user : users) {
      ASSERT_TRUE(store_.events->AppendEvents({MakeEvent(user, "first", "visit", At(0))}, At(0)).ok());
    }
  }

  v1::Refresh Begun(absl::Time as_of) {
    v1::Refresh refresh;
    refresh.add_tierings("value");
    *refresh.mutable_as_of() = ToProto(as_of);
    *refresh.mutable_start_time() = ToProto(as_of + absl::Seconds(1));
    refresh.set_state(v1::REFRESH_STATE_RUNNING);
    refresh.set_actor("mei");
    const auto id = history().Begin(refresh);
    EXPECT_TRUE(id.ok()) << id.status();
    refresh.set_id(*id);
    return refresh;
  }

  static v1::Refresh Ended(v1::Refresh refresh, v1::RefreshState state) {
    refresh.set_state(state);
    *refresh.mutable_end_time() = ToProto(FromProto(refresh.start_time()) + absl::Seconds(1));
    return refresh;
  }

  static TieringOutcome Outcome(std::vector<UserMove> moves, std::vector<int64_t> sizes = {0, 0}) {
    TieringOutcome outcome;
    outcome.tiering = "value";
    outcome.revision = 3;
    outcome.from_tiers = kTiers;
    outcome.tiers = kTiers;
    outcome.sizes = std::move(sizes);
    outcome.moves = std::move(moves);
    return outcome;
  }

  // Moves of (user, from, to), by index; from -1: the first tier.
  v1::Refresh Refresh(absl::Time as_of, const std::vector<std::tuple<std::string, int, int>>& moves) {
    v1::Refresh refresh = Ended(Begun(as_of), v1::REFRESH_STATE_SUCCEEDED);
    std::vector<UserMove> coded;
    for (const auto& [user, from, to] : moves) coded.push_back({KeyOf(user), from, to});
    const absl::Status status = history().Commit({refresh, "1,2"}, {Outcome(std::move(coded))}, nullptr);
    EXPECT_TRUE(status.ok()) << status;
    return refresh;
  }

  std::vector<Moved> Listed(const MoveQuery& query) {
    const auto moves = history().ListMoves(query);
    EXPECT_TRUE(moves.ok()) << moves.status();
    std::vector<Moved> listed;
    for (const v1::Move& move : *moves) listed.emplace_back(move.user_id(), move.from(), move.to());
    return listed;
  }

  std::map<std::pair<std::string, std::string>, int64_t> Transitions(absl::Time from, absl::Time to) {
    const auto transitions = history().Transitions("value", from, to);
    EXPECT_TRUE(transitions.ok()) << transitions.status();
    std::map<std::pair<std::string, std::string>, int64_t> users;
    for (const v1::Transition& each : *transitions) users[{each.from(), each.to()}] = each.users();
    return users;
  }

  TemporaryFolder folder_;
  Store store_;
};

TEST_F(TierHistoryTest, AnEmptyOneHasNothing) {
  EXPECT_FALSE(history().LastSucceeded()->has_value());
  EXPECT_FALSE(history().Find(1)->has_value());
  EXPECT_THAT(*history().List(0, 10), IsEmpty());
  EXPECT_THAT(*history().LastOfTierings(), IsEmpty());
  EXPECT_THAT(Transitions(At(0), At(1)), IsEmpty());
  EXPECT_EQ(history().last_refresh(), 0);
}

TEST_F(TierHistoryTest, ListsMovesByNameInOrderFromWhereOneLeftOff) {
  AddUsers({"a", "b", "c"});
  Refresh(At(100), {{"a", -1, 0}, {"b", -1, 1}});
  Refresh(At(200), {{"b", 1, 0}, {"c", -1, 1}});
  for (int round = 0; round < 2; ++round, Reopen()) {
    EXPECT_THAT(Listed({.tiering = "value"}), ElementsAre(Moved("a", "", "head"), Moved("b", "", "tail"),
                                                          Moved("b", "tail", "head"), Moved("c", "", "tail")));
    EXPECT_THAT(Listed({.tiering = "value", .after_sequence = 2, .limit = 1}), ElementsAre(Moved("b", "tail", "head")));
    EXPECT_THAT(Listed({.tiering = "value", .changes_only = true}), ElementsAre(Moved("b", "tail", "head")));
    EXPECT_THAT(Listed({.tiering = "value", .user_id = "b"}),
                ElementsAre(Moved("b", "", "tail"), Moved("b", "tail", "head")));
    EXPECT_THAT(Listed({.tiering = "another"}), IsEmpty());
  }
  const auto moves = history().ListMoves({.tiering = "value"});
  EXPECT_EQ(moves->back().sequence(), 4);
  EXPECT_EQ(moves->back().refresh(), 2);
  EXPECT_EQ(FromProto(moves->back().time()), At(200));
}

TEST_F(TierHistoryTest, TransitionsAreBetweenTheTiersOfTwoMoments) {
  AddUsers({"a", "b", "c"});
  Refresh(At(100), {{"a", -1, 0}, {"b", -1, 1}});
  Refresh(At(200), {{"b", 1, 0}, {"c", -1, 1}});
  Refresh(At(300), {{"b", 0, 1}, {"a", 0, 1}});
  using Users = std::map<std::pair<std::string, std::string>, int64_t>;
  EXPECT_EQ(Transitions(At(100), At(200)), (Users{{{"head", "head"}, 1}, {{"tail", "head"}, 1}, {{"", "tail"}, 1}}));
  EXPECT_EQ(Transitions(At(100), At(300)), (Users{{{"head", "tail"}, 1}, {{"tail", "tail"}, 1}, {{"", "tail"}, 1}}));
  EXPECT_EQ(Transitions(At(0), At(99)), Users{});
  EXPECT_EQ(Transitions(At(0), At(150)), (Users{{{"", "head"}, 1}, {{"", "tail"}, 1}}));
}

TEST_F(TierHistoryTest, AUsersTiersAreThoseOfTheMoment) {
  AddUsers({"a"});
  Refresh(At(100), {{"a", -1, 0}});
  Refresh(At(200), {{"a", 0, 1}});
  const auto before = history().TiersOf("a", At(150));
  ASSERT_EQ(before->size(), 1u);
  EXPECT_EQ(before->front().tier(), "head");
  EXPECT_EQ(FromProto(before->front().since()), At(100));
  EXPECT_EQ(history().TiersOf("a", At(200))->front().tier(), "tail");
  EXPECT_THAT(*history().TiersOf("a", At(99)), IsEmpty());
  EXPECT_THAT(*history().TiersOf("stranger", At(200)), IsEmpty());
}

TEST_F(TierHistoryTest, ARefreshThatDidNotSucceedLeavesNoMove) {
  AddUsers({"a"});
  const v1::Refresh first = Refresh(At(100), {{"a", -1, 0}});
  v1::Refresh cancelled = Ended(Begun(At(200)), v1::REFRESH_STATE_CANCELLED);
  cancelled.set_error("the refresh was cancelled");
  ASSERT_TRUE(history().End(cancelled).ok());
  const v1::Refresh third = Refresh(At(300), {{"a", 0, 1}});
  EXPECT_THAT(Listed({.tiering = "value"}), ElementsAre(Moved("a", "", "head"), Moved("a", "head", "tail")));
  EXPECT_EQ(history().last_refresh(), third.id());
  const auto refreshes = history().List(0, 10);
  ASSERT_EQ(refreshes->size(), 3u);
  EXPECT_EQ(refreshes->front().id(), third.id());
  EXPECT_EQ((*refreshes)[1].state(), v1::REFRESH_STATE_CANCELLED);
  EXPECT_EQ((*refreshes)[1].error(), "the refresh was cancelled");
  EXPECT_EQ(history().List(third.id(), 1)->front().id(), cancelled.id());
  EXPECT_EQ((*history().Find(first.id()))->actor(), "mei");
}

TEST_F(TierHistoryTest, ARefreshThatTheEndOfTheServerCutShortIsCancelled) {
  const v1::Refresh running = Begun(At(100));
  EXPECT_EQ((*history().Find(running.id()))->state(), v1::REFRESH_STATE_RUNNING);
  Reopen();
  EXPECT_EQ((*history().Find(running.id()))->state(), v1::REFRESH_STATE_CANCELLED);
  EXPECT_GT(Begun(At(200)).id(), running.id());
}

TEST_F(TierHistoryTest, DefinitionsAndMovesAreOneCommit) {
  AddUsers({"a"});
  v1::Refresh refresh = Ended(Begun(At(100)), v1::REFRESH_STATE_SUCCEEDED);
  CatalogCommit commit{.catalog_version = 1, .time = At(100), .actor = "refresh", .changes = {}};
  v1::Definition after;
  after.mutable_tiering()->set_id("value");
  commit.changes.push_back({"tierings/value", v1::CHANGE_VERB_UPDATE, "", 1, after});
  ASSERT_TRUE(history().Commit({refresh, ""}, {Outcome({{KeyOf("a"), -1, 0}})}, &commit).ok());
  EXPECT_EQ(*store_.catalog->CurrentVersion(), 1);

  // The same version again: neither the definitions nor the moves are taken.
  refresh = Ended(Begun(At(200)), v1::REFRESH_STATE_SUCCEEDED);
  EXPECT_EQ(history().Commit({refresh, ""}, {Outcome({{KeyOf("a"), 0, 1}})}, &commit).code(),
            absl::StatusCode::kAborted);
  for (int round = 0; round < 2; ++round, Reopen()) {
    EXPECT_NE(store_.catalog->ReadAt(1)->FindTiering("value"), nullptr);
    EXPECT_THAT(Listed({.tiering = "value"}), ElementsAre(Moved("a", "", "head")));
  }
}

TEST_F(TierHistoryTest, KeepsWhatIsNeededToGoOn) {
  AddUsers({"a", "b"});
  Refresh(At(100), {{"a", -1, 0}, {"b", -1, 1}});
  v1::Refresh refresh = Ended(Begun(At(200)), v1::REFRESH_STATE_SUCCEEDED);
  TieringOutcome outcome = Outcome({{KeyOf("a"), 0, 1}}, {5, 7});
  outcome.pending = {{KeyOf("b"), 0, 2}};
  ASSERT_TRUE(history().Commit({refresh, "77"}, {outcome}, nullptr).ok());
  Reopen();
  const auto last = history().LastSucceeded();
  ASSERT_TRUE(last->has_value());
  EXPECT_EQ((*last)->fingerprint, "77");
  EXPECT_EQ(FromProto((*last)->refresh.as_of()), At(200));
  const auto tierings = history().LastOfTierings();
  ASSERT_EQ(tierings->size(), 1u);
  EXPECT_EQ(tierings->front().revision, 3);
  EXPECT_EQ(tierings->front().as_of, At(200));
  EXPECT_EQ(tierings->front().tiers, kTiers);
  std::map<uint64_t, std::tuple<int, int64_t, bool>> now;
  ASSERT_TRUE(history()
                  .ScanTiers("value", kTiers,
                             [&](const StoredTier& each) {
                               now[each.user_key] = {each.tier, each.since_micros, each.has_moved};
                             })
                  .ok());
  EXPECT_EQ(now[KeyOf("a")], std::tuple(1, absl::ToUnixMicros(At(200)), true));
  EXPECT_EQ(now[KeyOf("b")], std::tuple(1, absl::ToUnixMicros(At(100)), false));
  const auto pending = history().Pending("value", kTiers);
  ASSERT_EQ(pending->size(), 1u);
  EXPECT_EQ(pending->front().user_key, KeyOf("b"));
  EXPECT_EQ(pending->front().tier, 0);
  EXPECT_EQ(pending->front().confirmations, 2);
  Refresh(At(300), {});
  EXPECT_THAT(*history().Pending("value", kTiers), IsEmpty());
}

TEST_F(TierHistoryTest, SizesAndValuesAreByRefresh) {
  AddUsers({"a", "b"});
  ASSERT_TRUE(store_.events
                  ->AppendEvents({MakeEvent("a", "1", "order", At(50), 1000), MakeEvent("a", "2", "order", At(150), 10),
                                  MakeEvent("b", "1", "order", At(160), 4), MakeEvent("b", "1", "order", At(160), 4),
                                  MakeEvent("b", "2", "order", At(250), 100), MakeEvent("a", "3", "visit", At(250), 7),
                                  MakeEvent("b", "3", "order", At(301), 100)},
                                 At(400))
                  .ok());
  v1::Refresh refresh = Ended(Begun(At(100)), v1::REFRESH_STATE_SUCCEEDED);
  ASSERT_TRUE(
      history().Commit({refresh, ""}, {Outcome({{KeyOf("a"), -1, 0}, {KeyOf("b"), -1, 1}}, {1, 1})}, nullptr).ok());
  refresh = Ended(Begun(At(200)), v1::REFRESH_STATE_SUCCEEDED);
  ASSERT_TRUE(history().Commit({refresh, ""}, {Outcome({{KeyOf("b"), 1, 0}}, {2, 0})}, nullptr).ok());
  refresh = Ended(Begun(At(300)), v1::REFRESH_STATE_SUCCEEDED);
  ASSERT_TRUE(history().Commit({refresh, ""}, {Outcome({}, {2, 0})}, nullptr).ok());
  const auto entries = history().Sizes("value", absl::InfinitePast(), absl::InfiniteFuture(), "order");
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ(FromProto((*entries)[1].as_of()), At(200));
  EXPECT_EQ((*entries)[0].sizes(0).tier(), "head");
  EXPECT_EQ((*entries)[1].sizes(0).users(), 2);
  EXPECT_THAT((*entries)[0].values(), ElementsAre(0, 0)) << "nobody was in a tier before the first refresh";
  EXPECT_THAT((*entries)[1].values(), ElementsAre(10, 4)) << "by the tiers that users were in, each event once";
  EXPECT_THAT((*entries)[2].values(), ElementsAre(100, 0));
  const auto some = history().Sizes("value", At(150), At(250), "");
  ASSERT_EQ(some->size(), 1u);
  EXPECT_THAT(some->front().values(), IsEmpty());
}

TEST_F(TierHistoryTest, MovesAreFactsAsOfWhenTheirRefreshEnded) {
  AddUsers({"a"});
  Refresh(At(100), {{"a", -1, 0}});  // ended at 102
  Refresh(At(200), {{"a", 0, 1}});   // ended at 202
  const auto moves_by = [&](absl::Time end, absl::Time as_of) {
    std::vector<std::pair<int64_t, uint16_t>> moves;
    EXPECT_TRUE(history()
                    .ScanMoves({.tiering = "value", .tiers = {"tail"}, .end = end, .as_of = as_of},
                               [&](const MoveColumns& columns) {
                                 for (size_t i = 0; i < columns.user.size(); ++i) {
                                   EXPECT_EQ(columns.user[i], KeyOf("a"));
                                   moves.emplace_back(columns.time_micros[i], columns.tier[i]);
                                 }
                               })
                    .ok());
    return moves;
  };
  const std::pair first(absl::ToUnixMicros(At(100)), kOtherName);
  const std::pair second(absl::ToUnixMicros(At(200)), uint16_t{0});
  EXPECT_THAT(moves_by(absl::InfiniteFuture(), absl::InfiniteFuture()), UnorderedElementsAre(first, second));
  EXPECT_THAT(moves_by(absl::InfiniteFuture(), At(201)), UnorderedElementsAre(first));
  EXPECT_THAT(moves_by(At(200), absl::InfiniteFuture()), UnorderedElementsAre(first));
}

TEST_F(TierHistoryTest, AnErasedUserHasNoMovesAndSequencesAreNotGivenTwice) {
  AddUsers({"a", "b"});
  Refresh(At(100), {{"a", -1, 0}, {"b", -1, 1}});
  const auto erased = store_.profiles->Erase("b", [] {});
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_EQ(erased->tier_moves_removed(), 1);
  Reopen();
  EXPECT_THAT(Listed({.tiering = "value"}), ElementsAre(Moved("a", "", "head")));
  AddUsers({"c"});
  Refresh(At(200), {{"c", -1, 1}});
  EXPECT_EQ(history().ListMoves({.tiering = "value"})->back().sequence(), 3);
}

TEST_F(TierHistoryTest, AgreesWithAMapAfterRandomRefreshes) {
  std::mt19937 random(3);
  std::map<std::string, int> tier_of;
  std::vector<std::map<std::string, int>> states;  // after each refresh
  std::vector<std::string> users;
  for (int i = 0; i < 40; ++i) users.push_back(absl::StrCat("user ", i));
  AddUsers(users);
  for (int round = 0; round < 12; ++round) {
    std::vector<std::tuple<std::string, int, int>> moves;
    for (const std::string& user : users) {
      const int to = static_cast<int>(random() % 2);
      if (random() % 3 != 0 || (tier_of.contains(user) && tier_of[user] == to)) continue;
      moves.emplace_back(user, tier_of.contains(user) ? tier_of[user] : -1, to);
      tier_of[user] = to;
    }
    Refresh(At(100 * (round + 1)), moves);
    states.push_back(tier_of);
    if (round == 5) Reopen();
  }
  for (size_t from = 0; from < states.size(); ++from) {
    for (size_t to = from + 1; to < states.size(); ++to) {
      std::map<std::pair<std::string, std::string>, int64_t> expected;
      for (const auto& [user, tier] : states[to]) {
        const auto before = states[from].find(user);
        ++expected[{before == states[from].end() ? "" : kTiers[static_cast<size_t>(before->second)],
                    kTiers[static_cast<size_t>(tier)]}];
      }
      EXPECT_EQ(Transitions(At(100 * static_cast<int64_t>(from + 1)), At(100 * static_cast<int64_t>(to + 1))),
                expected);
    }
  }
}

}  // namespace
}  // namespace tierwise
