// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "experiments/audience/tier_cuts.h"
#include "tests/experiments/audience/user_table_world.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kDay = int64_t{86'400} * 1'000'000;

class TierChangesTest : public testing::Test {
 protected:
  TierChangesTest() { table_.Declare(definitions_); }

  // Refreshes `value` with these revenues of users 1, 2, ...; a NaN is none. Returns the moves by user.
  std::map<uint64_t, std::pair<int, int>> Refresh(const std::vector<double>& revenues, int64_t as_of) {
    const auto refresh = MustBegin(table_, as_of);
    for (uint64_t key = 1; key <= revenues.size(); ++key) {
      const UserRow user = *refresh->Add(key);
      if (revenues[key - 1] >= 0) refresh->SetDouble(user, *table_.ColumnOf("revenue"), revenues[key - 1]);
    }
    std::map<uint64_t, std::pair<int, int>> moves;
    EXPECT_TRUE(MoveUsers(*refresh, tiering_, schema_, definitions_, {.revision = 1, .threads = 2},
                          [&](absl::Span<const TierMove> of_shard) {
                            for (const TierMove& move : of_shard) moves[move.user_key] = {move.from, move.to};
                          }));
    refresh->Commit();
    return moves;
  }

  int TierOf(uint64_t key) const { return table_.TierOf(key, *table_.TieringOf("value")).tier; }

  Definitions definitions_ = TableDefinitions();
  AttributeSchema schema_{definitions_};
  v1::Tiering tiering_ = *definitions_.FindTiering("value");
  UserTable table_;
};

TEST_F(TierChangesTest, EveryUserGetsATierAndChangesAreTold) {
  UpsertValues(table_, 4, {ValueOf("age", 30)});
  EXPECT_THAT(Refresh({600, 200, 5}, kDay),
              ElementsAre(std::pair{1, std::pair{-1, 0}}, std::pair{2, std::pair{-1, 1}},
                          std::pair{3, std::pair{-1, 2}}, std::pair{4, std::pair{-1, 2}}));
  EXPECT_THAT(Refresh({600, 700, 5}, 2 * kDay), ElementsAre(std::pair{2, std::pair{1, 0}}));
  EXPECT_EQ(TierOf(2), 0);
  EXPECT_EQ(table_.TierStateOf(2, *table_.TieringOf("value")),
            (TierState{.tier = 0, .since_micros = 2 * kDay, .has_moved = true}));
  EXPECT_EQ(table_.TierStateOf(1, *table_.TieringOf("value")), (TierState{.tier = 0, .since_micros = kDay}));
  EXPECT_THAT(Refresh({600, 700, 5}, 3 * kDay), IsEmpty());
}

TEST_F(TierChangesTest, ThePolicyHoldsUsers) {
  tiering_.mutable_refresh()->mutable_min_dwell()->set_seconds(10 * 86'400);
  tiering_.mutable_refresh()->set_confirmations(2);
  Refresh({600}, kDay);
  EXPECT_THAT(Refresh({5}, 2 * kDay), IsEmpty());
  EXPECT_THAT(Refresh({5}, 3 * kDay), ElementsAre(std::pair{1, std::pair{0, 2}}));
  EXPECT_THAT(Refresh({600}, 4 * kDay), IsEmpty());
  EXPECT_THAT(Refresh({600}, 5 * kDay), IsEmpty());
  EXPECT_THAT(Refresh({600}, 13 * kDay), ElementsAre(std::pair{1, std::pair{2, 0}}));
}

TEST_F(TierChangesTest, ATierThatIsGoneIsLeftAtOnce) {
  Refresh({600, 200, 5}, kDay);
  tiering_.mutable_refresh()->set_confirmations(5);
  tiering_.mutable_tiers()->DeleteSubrange(1, 1);
  tiering_.mutable_rules()->mutable_rules()->DeleteSubrange(1, 1);
  EXPECT_THAT(Refresh({600, 200, 5}, 2 * kDay), ElementsAre(std::pair{2, std::pair{1, 1}}));
  EXPECT_EQ(TierOf(1), 0);
  EXPECT_EQ(TierOf(2), 1);
  EXPECT_EQ(TierOf(3), 1);
  EXPECT_THAT(table_.StandingOf(*table_.TieringOf("value"))->tiers, ElementsAre("gold", "basic"));
}

TEST_F(TierChangesTest, ACancelledRefreshLeavesNothing) {
  Refresh({600, 200}, kDay);
  {
    const auto refresh = MustBegin(table_, 2 * kDay);
    for (uint64_t key = 1; key <= 100; ++key) refresh->SetDouble(*refresh->Add(key), *table_.ColumnOf("revenue"), 5);
    const MoveOptions options{.revision = 2, .threads = 2, .is_cancelled = [] { return true; }};
    EXPECT_FALSE(MoveUsers(*refresh, tiering_, schema_, definitions_, options,
                           [](absl::Span<const TierMove>) { FAIL() << "no move of a cancelled refresh is told"; }));
  }
  EXPECT_EQ(TierOf(1), 0);
  EXPECT_EQ(table_.users(), 2);
  EXPECT_EQ(table_.StandingOf(*table_.TieringOf("value"))->revision, 1);
}

TEST_F(TierChangesTest, APreviewCountsWhoWouldMove) {
  Refresh({600, 200, 5}, kDay);
  UpsertValues(table_, 4, {ValueOf("age", 30)});
  v1::Tiering proposed = tiering_;
  *proposed.mutable_rules()->mutable_rules(0)->mutable_when() =
      definitions_.FindTiering("value")->rules().rules(1).when();
  const TieringPreview preview = PreviewTiering(UserScan(table_), proposed, schema_, definitions_, kDay, 2);
  EXPECT_EQ(preview.users, 4);
  EXPECT_THAT(preview.sizes, ElementsAre(2, 0, 2));
  EXPECT_THAT(preview.stored_tiers, ElementsAre("gold", "silver", "basic"));
  EXPECT_THAT(preview.transitions, ElementsAre(ElementsAre(1, 0, 0), ElementsAre(1, 0, 0), ElementsAre(0, 0, 1)));
  EXPECT_THAT(preview.newcomers, ElementsAre(0, 0, 1));
  EXPECT_THAT(preview.attributes, ElementsAre("revenue"));
  EXPECT_THAT(preview.missing, ElementsAre(1));
  EXPECT_THAT(PreviewWarnings(proposed, preview), ElementsAre("nobody is in tier silver"));
  // Nothing is stored under another id.
  proposed.set_id("another");
  const TieringPreview other = PreviewTiering(UserScan(table_), proposed, schema_, definitions_, kDay, 1);
  EXPECT_THAT(other.stored_tiers, IsEmpty());
  EXPECT_THAT(other.transitions, IsEmpty());
  EXPECT_THAT(other.newcomers, ElementsAre(2, 0, 2));
}

TEST_F(TierChangesTest, WarningsNameWhatDeservesALook) {
  Refresh({0, 0, 0, 0, 0, 0, 0, 0, 9, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}, kDay);
  v1::Tiering tiering;
  tiering.set_id("new");
  for (const char* tier : {"head", "waist", "tail"}) tiering.add_tiers()->set_id(tier);
  tiering.mutable_quantiles()->set_attribute("revenue");
  for (const uint32_t share : {1'000U, 5'000U, 10'000U}) tiering.mutable_quantiles()->add_up_to_bp(share);
  const UserScan scan(table_);
  tiering = WithCuts(tiering, scan, schema_, kDay, 1);
  EXPECT_THAT(PreviewWarnings(tiering, PreviewTiering(scan, tiering, schema_, definitions_, kDay, 1)),
              ElementsAre("revenue is missing for 52 % of users",
                          "tier waist has 10.0 % of the users with a value, not 40.0 %: many have the same",
                          "tier tail has 80.0 % of the users with a value, not 50.0 %: many have the same"));
  EXPECT_THAT(PreviewWarnings(tiering, PreviewTiering(UserScan(UserTable()), tiering, schema_, definitions_, 0, 1)),
              ElementsAre("no user is known yet"));
}

}  // namespace
}  // namespace tierwise
