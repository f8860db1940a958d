// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_cuts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/experiments/audience/user_table_world.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<double> Quantiles(std::vector<double> values, const std::vector<uint32_t>& shares, bool ascending = false) {
  return QuantileCuts(values, shares, ascending, true);
}

std::vector<double> Scores(std::vector<double> values, bool ascending = false) {
  return ScoreCuts(values, ascending, true);
}

// `count` copies of each value.
std::vector<double> Repeated(const std::vector<std::pair<double, int>>& counts) {
  std::vector<double> values;
  for (const auto& [value, count] : counts) values.insert(values.end(), static_cast<size_t>(count), value);
  return values;
}

TEST(QuantileCutsTest, AreTheValuesAtTheShares) {
  const std::vector<double> values = {3, 10, 7, 1, 9, 2, 8, 4, 6, 5};
  EXPECT_THAT(Quantiles(values, {1'000, 5'000, 10'000}), ElementsAre(10, 6));
  EXPECT_THAT(Quantiles(values, {1'000, 5'000, 10'000}, true), ElementsAre(1, 5));
  EXPECT_THAT(Quantiles(values, {1'500, 10'000}), ElementsAre(9));
  EXPECT_THAT(Quantiles(values, {10'000}), IsEmpty());
  EXPECT_THAT(Quantiles({}, {1'000, 10'000}), IsEmpty());
  EXPECT_THAT(Quantiles({4}, {1'000, 5'000, 10'000}), ElementsAre(4, 4));
}

TEST(QuantileCutsTest, EqualValuesStayTogetherWhereItIsNearer) {
  // 60 % spent nothing: asked for half, 40 % is nearer than all.
  EXPECT_THAT(Quantiles(Repeated({{0, 60}, {5, 20}, {9, 20}}), {2'000, 5'000, 10'000}), ElementsAre(9, 5));
  // 20 % share the top: asked for 15 %, 20 % is nearer than none.
  EXPECT_THAT(Quantiles(Repeated({{0, 80}, {9, 20}}), {1'500, 10'000}), ElementsAre(9));
  // Asked for 5 %, none is nearer: a cut that nobody passes.
  EXPECT_THAT(Quantiles(Repeated({{0, 80}, {9, 20}}), {500, 10'000}), ElementsAre(10));
  EXPECT_THAT(Quantiles(Repeated({{1, 20}, {9, 80}}), {500, 10'000}, true), ElementsAre(0));
  // As near either way: the better side.
  EXPECT_THAT(Quantiles(Repeated({{0, 80}, {9, 20}}), {1'000, 10'000}), ElementsAre(9));
}

TEST(QuantileCutsTest, BeyondADoubleIsTheNextOne) {
  std::vector<double> values = Repeated({{0, 80}, {0.5, 20}});
  EXPECT_THAT(QuantileCuts(values, {500, 10'000}, false, false), ElementsAre(std::nextafter(0.5, 1)));
}

TEST(ScoreCutsTest, AreFifthsWhereNoTwoAreEqual) {
  EXPECT_THAT(Scores({3, 10, 7, 1, 9, 2, 8, 4, 6, 5}), ElementsAre(3, 5, 7, 9));
  EXPECT_THAT(Scores({3, 10, 7, 1, 9, 2, 8, 4, 6, 5}, true), ElementsAre(8, 6, 4, 2));
}

TEST(ScoreCutsTest, TheWorstValueScoresOneHoweverManyHaveIt) {
  // 60 % bought once: they score 1, those who bought twice have 60 % below them and score 4.
  EXPECT_THAT(Scores(Repeated({{1, 60}, {2, 25}, {3, 15}})), ElementsAre(2, 2, 2, 3));
  EXPECT_THAT(Scores(Repeated({{1, 100}})), ElementsAre(2, 2, 2, 2));
  EXPECT_THAT(Scores({7}), ElementsAre(8, 8, 8, 8));
  EXPECT_THAT(Scores({}), IsEmpty());
}

// The rules as sentences, on values with and without ties.
TEST(TierCutsPropertyTest, AgreeWithCountingUsers) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    std::mt19937_64 random(seed);
    const size_t users = 1 + random() % 200;
    const uint64_t distinct = 1 + random() % (seed % 2 == 0 ? 8 : 100'000);
    const bool ascending = random() % 2 == 0;
    std::vector<double> values;
    for (size_t i = 0; i < users; ++i) values.push_back(static_cast<double>(random() % distinct) - 3);
    const auto is_better = [&](double a, double b) { return ascending ? a < b : a > b; };
    const auto at_least = [&](double cut) {
      return static_cast<double>(
          std::count_if(values.begin(), values.end(), [&](double v) { return !is_better(cut, v); }));
    };

    const std::vector<double> scores = Scores(values, ascending);
    for (const double value : values) {
      const auto worse = std::count_if(values.begin(), values.end(), [&](double v) { return is_better(value, v); });
      int score = 1;
      for (const double cut : scores) score += is_better(cut, value) ? 0 : 1;
      ASSERT_EQ(score, 1 + 5 * static_cast<size_t>(worse) / users) << seed;
    }

    const auto share = static_cast<uint32_t>(1 + random() % 9'999);
    const double cut = Quantiles(values, {share, 10'000}, ascending)[0];
    const double asked = static_cast<double>(users) * share / 10'000;
    const double reached = at_least(cut);
    // No other cut comes nearer by a user or more.
    for (const double other : values)
      ASSERT_LT(std::abs(reached - asked), std::abs(at_least(other) - asked) + 1) << seed;
    ASSERT_LT(std::abs(reached - asked), asked + 1) << seed;
  }
}

TEST(TierCutsPropertyTest, SharesAreWithinOneUserWhereNoTwoAreEqual) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<double> values;
    for (size_t i = 0; i < 1 + random() % 500; ++i) values.push_back(static_cast<double>(i));
    std::shuffle(values.begin(), values.end(), random);
    std::vector<uint32_t> shares;
    for (uint32_t share = 1; share < 10'000; share += 1 + static_cast<uint32_t>(random() % 3'000))
      shares.push_back(share);
    shares.push_back(10'000);
    const std::vector<double> cuts = Quantiles(values, shares);
    ASSERT_EQ(cuts.size() + 1, shares.size());
    for (size_t i = 0; i < cuts.size(); ++i) {
      const auto reached = std::count_if(values.begin(), values.end(), [&](double v) { return v >= cuts[i]; });
      const double asked = static_cast<double>(values.size()) * shares[i] / 10'000;
      ASSERT_GE(static_cast<double>(reached), asked - 1e-9);
      ASSERT_LT(static_cast<double>(reached), asked + 1);
    }
  }
}

class WithCutsTest : public testing::Test {
 protected:
  WithCutsTest() {
    table_.Declare(definitions_);
    for (uint64_t key = 1; key <= 10; ++key) {
      UpsertValues(table_, key,
                   {ValueOf("age", static_cast<double>(key)), ValueOf("spend", 10. * static_cast<double>(key))});
    }
    UpsertValues(table_, 11, {ValueOf("country", "CN")});
  }

  v1::Tiering Found(const v1::Tiering& tiering) const {
    return WithCuts(tiering, UserScan(table_), schema_, 1'769'817'600'000'000, 2);
  }

  Definitions definitions_ = TableDefinitions();
  AttributeSchema schema_{definitions_};
  UserTable table_;
};

TEST_F(WithCutsTest, FindsQuantilesAmongUsersWithAValue) {
  v1::Tiering tiering;
  tiering.mutable_quantiles()->set_attribute("spend");
  for (const uint32_t share : {1'000U, 5'000U, 10'000U}) tiering.mutable_quantiles()->add_up_to_bp(share);
  const v1::Tiering found = Found(tiering);
  EXPECT_THAT(found.quantiles().cuts(), ElementsAre(100, 60));
  EXPECT_EQ(found.quantiles().cut_time().seconds(), 1'769'817'600);
  EXPECT_FALSE(SameCuts(tiering, found));
  EXPECT_TRUE(SameCuts(found, Found(found)));
}

TEST_F(WithCutsTest, FindsScores) {
  v1::Tiering tiering;
  tiering.mutable_rfm()->set_recency("age");
  tiering.mutable_rfm()->set_frequency("age");
  tiering.mutable_rfm()->set_monetary("spend");
  const v1::Tiering found = Found(tiering);
  EXPECT_THAT(found.rfm().cuts().recency(), ElementsAre(8, 6, 4, 2));
  EXPECT_THAT(found.rfm().cuts().frequency(), ElementsAre(3, 5, 7, 9));
  EXPECT_THAT(found.rfm().cuts().monetary(), ElementsAre(30, 50, 70, 90));
}

TEST_F(WithCutsTest, FindsNoneWhereNobodyHasTheAttribute) {
  v1::Tiering tiering;
  tiering.mutable_quantiles()->set_attribute("revenue");
  tiering.mutable_quantiles()->add_up_to_bp(5'000);
  tiering.mutable_quantiles()->add_up_to_bp(10'000);
  tiering.mutable_quantiles()->add_cuts(7);
  EXPECT_THAT(Found(tiering).quantiles().cuts(), IsEmpty());
  EXPECT_FALSE(Found(tiering).quantiles().has_cut_time());
  v1::Tiering scores;
  scores.mutable_rfm()->set_recency("age");
  scores.mutable_rfm()->set_frequency("orders");
  scores.mutable_rfm()->set_monetary("spend");
  EXPECT_FALSE(Found(scores).rfm().has_cuts());
}

TEST(CarryCutsTest, KeepsCutsThatStillApply) {
  v1::Tiering current;
  current.mutable_quantiles()->set_attribute("spend");
  current.mutable_quantiles()->add_up_to_bp(1'000);
  current.mutable_quantiles()->add_up_to_bp(10'000);
  current.mutable_quantiles()->add_cuts(500);
  current.mutable_quantiles()->mutable_cut_time()->set_seconds(9);

  v1::Tiering proposed = current;
  proposed.mutable_quantiles()->set_up_to_bp(0, 2'000);
  proposed.mutable_quantiles()->set_cuts(0, 7);
  CarryCuts(current, proposed);
  EXPECT_THAT(proposed.quantiles().cuts(), ElementsAre(500));
  EXPECT_EQ(proposed.quantiles().cut_time().seconds(), 9);

  proposed.mutable_quantiles()->set_attribute("revenue");
  CarryCuts(current, proposed);
  EXPECT_THAT(proposed.quantiles().cuts(), IsEmpty());
  EXPECT_FALSE(proposed.quantiles().has_cut_time());

  proposed = current;
  proposed.mutable_quantiles()->set_ascending(true);
  CarryCuts(current, proposed);
  EXPECT_THAT(proposed.quantiles().cuts(), IsEmpty());

  proposed = current;
  proposed.mutable_quantiles()->set_up_to_bp(1, 5'000);
  proposed.mutable_quantiles()->add_up_to_bp(10'000);
  CarryCuts(current, proposed);
  EXPECT_THAT(proposed.quantiles().cuts(), IsEmpty());
}

TEST(CarryCutsTest, ScoresDoNotDependOnGroups) {
  v1::Tiering current;
  current.mutable_rfm()->set_recency("a");
  current.mutable_rfm()->mutable_cuts()->add_recency(5);
  v1::Tiering proposed;
  proposed.mutable_rfm()->set_recency("a");
  proposed.mutable_rfm()->add_groups()->set_tier("x");
  CarryCuts(current, proposed);
  EXPECT_THAT(proposed.rfm().cuts().recency(), ElementsAre(5));
  proposed.mutable_rfm()->set_monetary("b");
  CarryCuts(current, proposed);
  EXPECT_FALSE(proposed.rfm().has_cuts());
}

}  // namespace
}  // namespace tierwise
