// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_movement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/experiments/audience/user_table_world.h"

namespace tierwise {
namespace {

constexpr int64_t kDay = int64_t{86'400} * 1'000'000;

TEST(AfterRefreshTest, AFirstTierIsGivenAtOnce) {
  const MovementRules rules{.min_dwell_micros = 30 * kDay, .confirmations = 3};
  EXPECT_EQ(AfterRefresh({}, 2, rules, 5 * kDay), (TierState{.tier = 2, .since_micros = 5 * kDay}));
}

TEST(AfterRefreshTest, WithoutRulesAUserMovesAtOnce) {
  const TierState present{.tier = 1, .since_micros = kDay};
  EXPECT_EQ(AfterRefresh(present, 0, {}, 2 * kDay),
            (TierState{.tier = 0, .since_micros = 2 * kDay, .has_moved = true}));
  EXPECT_EQ(AfterRefresh(present, 1, {}, 2 * kDay), present);
}

TEST(AfterRefreshTest, AUserWhoMovedStaysForTheMinimumDwell) {
  const MovementRules rules{.min_dwell_micros = 10 * kDay};
  const TierState moved{.tier = 1, .since_micros = 0, .has_moved = true};
  const TierState waiting = AfterRefresh(moved, 0, rules, 10 * kDay - 1);
  EXPECT_EQ(waiting, (TierState{.tier = 1, .has_moved = true, .pending = 0, .confirmations = 1}));
  EXPECT_EQ(AfterRefresh(waiting, 0, rules, 10 * kDay),
            (TierState{.tier = 0, .since_micros = 10 * kDay, .has_moved = true}));
  // A first tier holds nobody.
  EXPECT_EQ(AfterRefresh({.tier = 1}, 0, rules, kDay).tier, 0);
}

TEST(AfterRefreshTest, AMoveIsConfirmedByRefreshesInARow) {
  const MovementRules rules{.confirmations = 3};
  TierState state{.tier = 1};
  state = AfterRefresh(state, 0, rules, 1);
  EXPECT_EQ(state, (TierState{.tier = 1, .pending = 0, .confirmations = 1}));
  state = AfterRefresh(state, 0, rules, 2);
  EXPECT_EQ(state.confirmations, 2);
  // Another tier, and the present one, begin the count anew.
  EXPECT_EQ(AfterRefresh(state, 2, rules, 3), (TierState{.tier = 1, .pending = 2, .confirmations = 1}));
  EXPECT_EQ(AfterRefresh(state, 1, rules, 3), (TierState{.tier = 1}));
  state = AfterRefresh(state, 0, rules, 3);
  EXPECT_EQ(state, (TierState{.tier = 0, .since_micros = 3, .has_moved = true}));
}

TEST(AfterRefreshTest, ConfirmationsCountWhileTheDwellLasts) {
  const MovementRules rules{.min_dwell_micros = 5, .confirmations = 2};
  TierState state{.tier = 1, .has_moved = true};
  for (int64_t as_of = 1; as_of < 5; ++as_of) {
    state = AfterRefresh(state, 0, rules, as_of);
    EXPECT_EQ(state.tier, 1);
    EXPECT_EQ(state.confirmations, std::min<int64_t>(as_of, 2));
  }
  EXPECT_EQ(AfterRefresh(state, 0, rules, 5).tier, 0);
}

// Every state, finding and policy of a small world against the rule said over again.
TEST(AfterRefreshTest, HoldsForEveryCombination) {
  for (int tier = 0; tier < 3; ++tier) {
    for (int pending = kNoTier; pending < 3; ++pending) {
      for (int count = pending == kNoTier ? 0 : 1; count <= (pending == kNoTier ? 0 : 3); ++count) {
        for (int found = 0; found < 3; ++found) {
          for (int confirmations = 1; confirmations <= 4; ++confirmations) {
            for (int64_t age = 0; age < 3; ++age) {
              for (const bool has_moved : {false, true}) {
                const MovementRules rules{.min_dwell_micros = 1, .confirmations = confirmations};
                const TierState before{.tier = tier,
                                       .since_micros = 10 - age,
                                       .has_moved = has_moved,
                                       .pending = pending,
                                       .confirmations = count};
                const TierState after = AfterRefresh(before, found, rules, 10);
                const int seen = (found == pending ? count : 0) + 1;
                const bool moves = found != tier && seen >= confirmations && (!has_moved || age >= 1);
                EXPECT_EQ(after.tier, moves ? found : tier);
                EXPECT_EQ(after.since_micros, moves ? 10 : 10 - age);
                EXPECT_EQ(after.has_moved, moves || has_moved);
                EXPECT_EQ(after.pending, moves || found == tier ? kNoTier : found);
                EXPECT_EQ(after.confirmations, after.pending == kNoTier ? 0 : std::min(seen, confirmations));
              }
            }
          }
        }
      }
    }
  }
}

class TierFinderTest : public testing::Test {
 protected:
  // head >= 100, waist >= 50, tail below; users without a value in `missing_tier`, if it is not empty apart.
  v1::Tiering Value(double hysteresis, const std::string& missing_tier = "", bool ascending = false) const {
    v1::Tiering tiering;
    for (const char* tier : {"head", "waist", "tail"}) tiering.add_tiers()->set_id(tier);
    if (!missing_tier.empty()) tiering.add_tiers()->set_id(missing_tier);
    v1::TierQuantiles& quantiles = *tiering.mutable_quantiles();
    quantiles.set_attribute("spend");
    quantiles.set_missing_tier(missing_tier);
    quantiles.set_ascending(ascending);
    for (const uint32_t share : {1'000U, 5'000U, 10'000U}) quantiles.add_up_to_bp(share);
    quantiles.add_cuts(ascending ? 50 : 100);
    quantiles.add_cuts(ascending ? 100 : 50);
    tiering.mutable_refresh()->set_hysteresis(hysteresis);
    return tiering;
  }

  int Find(const v1::Tiering& tiering, std::optional<double> spend, int present) const {
    UserAttributes user(schema_);
    if (spend.has_value()) user.SetDouble(*schema_.SlotOf("spend"), *spend);
    return TierFinder(tiering, schema_, definitions_).Find(user, present, 0);
  }

  Definitions definitions_ = TableDefinitions();
  AttributeSchema schema_{definitions_};
};

TEST_F(TierFinderTest, WithoutHysteresisTheCutDecides) {
  EXPECT_EQ(Find(Value(0), 100, 1), 0);
  EXPECT_EQ(Find(Value(0), 99.9, 0), 1);
}

TEST_F(TierFinderTest, AUserStaysWithinTheHysteresis) {
  const v1::Tiering tiering = Value(0.1);
  EXPECT_EQ(Find(tiering, 109, 1), 1);
  EXPECT_EQ(Find(tiering, 110, 1), 0);
  EXPECT_EQ(Find(tiering, 91, 0), 0);
  EXPECT_EQ(Find(tiering, 89, 0), 1);
  // Those who had no tier are put where the cut says.
  EXPECT_EQ(Find(tiering, 101, kNoTier), 0);
}

TEST_F(TierFinderTest, AUserWhoPassesTwoCutsStopsAtTheOneThatIsNotClear) {
  const v1::Tiering tiering = Value(0.1);
  EXPECT_EQ(Find(tiering, 105, 2), 1);
  EXPECT_EQ(Find(tiering, 111, 2), 0);
  EXPECT_EQ(Find(tiering, 47, 0), 1);
  EXPECT_EQ(Find(tiering, 44, 0), 2);
}

TEST_F(TierFinderTest, LowIsBestWhereAscending) {
  const v1::Tiering tiering = Value(0.1, "", true);
  EXPECT_EQ(Find(tiering, 46, 1), 1);
  EXPECT_EQ(Find(tiering, 45, 1), 0);
  EXPECT_EQ(Find(tiering, 54, 0), 0);
  EXPECT_EQ(Find(tiering, 56, 0), 1);
}

TEST_F(TierFinderTest, UsersWithoutAValueAreNotHeld) {
  EXPECT_EQ(Find(Value(0.1), std::nullopt, 0), 2);
  EXPECT_EQ(Find(Value(0.1, "unknown"), std::nullopt, 0), 3);
  EXPECT_EQ(Find(Value(0.1, "unknown"), 105, 3), 0);
  EXPECT_EQ(Find(Value(0.1, "unknown"), 48, 3), 2);
}

TEST_F(TierFinderTest, AUserOfAGroupStaysWhileSomeScoresInReachLeadToIt) {
  v1::Tiering tiering;
  for (const char* tier : {"both", "often", "rest"}) tiering.add_tiers()->set_id(tier);
  v1::TierRfm& rfm = *tiering.mutable_rfm();
  rfm.set_recency("age");
  rfm.set_frequency("spend");
  rfm.set_monetary("revenue");
  rfm.set_otherwise("rest");
  v1::RfmGroup* group = rfm.add_groups();
  group->set_tier("both");
  group->set_min_frequency(3);
  group->set_min_monetary(3);
  group = rfm.add_groups();
  group->set_tier("often");
  group->set_min_frequency(3);
  for (const double cut : {40, 30, 20, 10}) rfm.mutable_cuts()->add_recency(cut);
  for (const double cut : {10, 20, 30, 40}) rfm.mutable_cuts()->add_frequency(cut);
  for (const double cut : {100, 200, 300, 400}) rfm.mutable_cuts()->add_monetary(cut);
  tiering.mutable_refresh()->set_hysteresis(0.1);
  const TierFinder finder(tiering, schema_, definitions_);
  const auto find = [&](double frequency, double monetary, int present) {
    UserAttributes user(schema_);
    user.SetInt(*schema_.SlotOf("age"), 5);
    user.SetDouble(*schema_.SlotOf("spend"), frequency);
    user.SetDouble(*schema_.SlotOf("revenue"), monetary);
    return finder.Find(user, present, 0);
  };
  EXPECT_EQ(find(20, 200, kNoTier), 0);
  EXPECT_EQ(find(20, 190, 0), 0);
  EXPECT_EQ(find(19, 190, 0), 0);
  EXPECT_EQ(find(20, 179, 0), 1);
  EXPECT_EQ(find(17, 500, 0), 2);
  EXPECT_EQ(find(20, 219, 1), 1);
  EXPECT_EQ(find(20, 221, 1), 0);
}

// Whatever values do, a user moves only when the value is beyond the cut by the hysteresis, and is always in one tier.
TEST_F(TierFinderTest, HoldsForRandomWalks) {
  const v1::Tiering tiering = Value(0.2);
  const TierFinder finder(tiering, schema_, definitions_);
  std::mt19937_64 random(1);
  for (int user = 0; user < 200; ++user) {
    int present = kNoTier;
    double spend = static_cast<double>(random() % 200);
    for (int refresh = 0; refresh < 50; ++refresh) {
      spend = std::max(0.0, spend + static_cast<double>(random() % 41) - 20);
      UserAttributes attributes(schema_);
      attributes.SetDouble(*schema_.SlotOf("spend"), spend);
      const int next = finder.Find(attributes, present, 0);
      const int by_cuts = spend >= 100 ? 0 : spend >= 50 ? 1 : 2;
      if (present == kNoTier || next == present) {
        const int worst = spend >= 120 ? 0 : spend >= 60 ? 1 : 2;
        const int best = spend >= 80 ? 0 : spend >= 40 ? 1 : 2;
        ASSERT_TRUE(present == kNoTier ? next == by_cuts : best <= next && next <= worst);
      } else {
        // Past every cut between the two by a fifth of it.
        for (int cut = std::min(next, present); cut < std::max(next, present); ++cut) {
          const double value = cut == 0 ? 100 : 50;
          if (next < present) ASSERT_GE(spend, value * 1.2);
          if (next > present) ASSERT_LT(spend, value * 0.8);
        }
      }
      present = next;
      ASSERT_TRUE(present >= 0 && present < 3);
    }
  }
}

}  // namespace
}  // namespace tierwise
