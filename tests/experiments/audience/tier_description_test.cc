// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_description.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/experiments/audience/user_table_world.h"

namespace tierwise {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(AttributeDistributionTest, StepsAreEqualOrOfEqualRatio) {
  const std::vector<HistogramStep> equal = StepsFor({{0, 10}, {40}});
  EXPECT_THAT(equal, SizeIs(kHistogramSteps));
  EXPECT_EQ(equal.front(), (HistogramStep{.lower = 0, .upper = 2}));
  EXPECT_EQ(equal.back().upper, 40);
  const std::vector<HistogramStep> ratio = StepsFor({{0, 1, 1'048'576}});
  EXPECT_THAT(ratio, SizeIs(kHistogramSteps + 1));
  EXPECT_EQ(ratio[0], (HistogramStep{.lower = 0, .upper = 1}));
  EXPECT_THAT(ratio[1].upper, DoubleEq(2));
  EXPECT_EQ(ratio.back().upper, 1'048'576);
  // Negative numbers have no ratios.
  EXPECT_THAT(StepsFor({{-1, 1, 1e9}}), SizeIs(kHistogramSteps));
  EXPECT_THAT(StepsFor({{7, 7}}), ElementsAre(HistogramStep{.lower = 7, .upper = 7}));
  EXPECT_THAT(StepsFor({{}, {}}), IsEmpty());
}

TEST(AttributeDistributionTest, CountsEveryValueOnce) {
  std::vector<double> values;
  for (int i = 0; i <= 100; ++i) values.push_back(i);
  const std::vector<HistogramStep> steps = StepsFor({values});
  const AttributeDistribution distribution = DistributionOf(values, steps);
  EXPECT_EQ(distribution.users, 101);
  EXPECT_EQ(distribution.mean, 50);
  EXPECT_THAT(distribution.quantiles, ElementsAre(0, 5, 25, 50, 75, 95, 100));
  int64_t total = 0;
  for (const HistogramStep& step : distribution.bins) total += step.users;
  EXPECT_EQ(total, 101);
  EXPECT_EQ(distribution.bins.front().users, 5);
  EXPECT_EQ(distribution.bins.back().users, 6);
}

TEST(AttributeDistributionTest, OfNobodyIsEmpty) {
  std::vector<double> none;
  const AttributeDistribution distribution = DistributionOf(none, StepsFor({{1, 2}}));
  EXPECT_EQ(distribution.users, 0);
  EXPECT_EQ(distribution.mean, std::nullopt);
  EXPECT_THAT(distribution.quantiles, IsEmpty());
}

class DescribeTiersTest : public testing::Test {
 protected:
  DescribeTiersTest() {
    table_.Declare(definitions_);
    const auto refresh = MustBegin(table_, 0);
    refresh->BeginTiering(*table_.TieringOf("value"), 1, {"gold", "silver", "basic"});
    for (uint64_t key = 1; key <= 9; ++key) {
      UpsertValues(table_, key,
                   {ValueOf("spend", static_cast<double>(key)), ValueOf("country", key < 6 ? "CN" : "SG")});
      const UserRow user = *refresh->Add(key);
      refresh->SetTier(user, *table_.TieringOf("value"), {.tier = static_cast<int>(key % 3)});
    }
    refresh->Commit();
    UpsertValues(table_, 10, {ValueOf("age", 30)});
  }

  int Slot(absl::string_view attribute) const { return *schema_.SlotOf(attribute); }

  Definitions definitions_ = TableDefinitions();
  AttributeSchema schema_{definitions_};
  UserTable table_;
};

TEST_F(DescribeTiersTest, SizesValuesAndNumbers) {
  const TierDescriptionQuery query{.tiering = "value", .value_slot = Slot("spend"), .attribute_slot = Slot("spend")};
  for (const int threads : {1, 2}) {
    const std::vector<DescribedTier> tiers = DescribeTiers(UserScan(table_), schema_, query, threads);
    ASSERT_THAT(tiers, SizeIs(3));
    EXPECT_EQ(tiers[0].users, 3);
    EXPECT_EQ(tiers[0].value, 3 + 6 + 9);
    EXPECT_EQ(tiers[1].value, 1 + 4 + 7);
    EXPECT_EQ(tiers[0].distribution.mean, 6);
    EXPECT_EQ(tiers[0].distribution.quantiles.back(), 9);
    // Steps are the same for all tiers.
    EXPECT_EQ(tiers[0].distribution.bins[0].lower, 1);
    EXPECT_EQ(tiers[0].distribution.bins.back().upper, 9);
    EXPECT_THAT(tiers[0].distribution.values, IsEmpty());
  }
}

TEST_F(DescribeTiersTest, MostFrequentTexts) {
  const TierDescriptionQuery query{.tiering = "value", .attribute_slot = Slot("country")};
  const std::vector<DescribedTier> tiers = DescribeTiers(UserScan(table_), schema_, query, 2);
  EXPECT_THAT(tiers[0].distribution.values, ElementsAre(ValueUsers{"SG", 2}, ValueUsers{"CN", 1}));
  EXPECT_THAT(tiers[0].distribution.bins, IsEmpty());
}

TEST_F(DescribeTiersTest, MissingValuesAreCounted) {
  const TierDescriptionQuery query{.tiering = "value", .value_slot = Slot("age"), .attribute_slot = Slot("age")};
  const std::vector<DescribedTier> tiers = DescribeTiers(UserScan(table_), schema_, query, 2);
  EXPECT_EQ(tiers[0].value, 0);
  EXPECT_EQ(tiers[0].distribution.users, 0);
  EXPECT_EQ(tiers[0].distribution.missing, 3);
}

TEST_F(DescribeTiersTest, ATieringThatWasNotRefreshedHasNoTiers) {
  EXPECT_THAT(DescribeTiers(UserScan(table_), schema_, {.tiering = "second"}, 1), IsEmpty());
  EXPECT_THAT(DescribeTiers(UserScan(table_), schema_, {.tiering = "none"}, 1), IsEmpty());
}

TEST_F(DescribeTiersTest, ThresholdsCountUsersAndValueAbove) {
  const ThresholdTable table =
      ExploreThresholds(UserScan(table_), schema_, Slot("spend"), Slot("spend"), {5, 2.5, 100, 9}, 2);
  EXPECT_EQ(table.users, 9);
  EXPECT_EQ(table.missing, 1);
  EXPECT_EQ(table.value, 45);
  ASSERT_THAT(table.thresholds, SizeIs(4));
  EXPECT_EQ(table.thresholds[0].threshold, 2.5);
  EXPECT_EQ(table.thresholds[0].users_above, 7);
  EXPECT_EQ(table.thresholds[0].value_above, 42);
  EXPECT_EQ(table.thresholds[1].users_above, 5);
  EXPECT_EQ(table.thresholds[2].users_above, 1);
  EXPECT_EQ(table.thresholds[2].value_above, 9);
  EXPECT_EQ(table.thresholds[3].users_above, 0);
}

TEST_F(DescribeTiersTest, WithoutThresholdsTheUsualQuantiles) {
  const ThresholdTable table = ExploreThresholds(UserScan(table_), schema_, Slot("spend"), Slot("age"), {}, 1);
  std::vector<double> thresholds;
  for (const ThresholdUsers& at : table.thresholds) thresholds.push_back(at.threshold);
  EXPECT_THAT(thresholds, ElementsAre(5, 7, 9, 9, 9));
  EXPECT_EQ(table.thresholds[0].value_above, 0);
  EXPECT_THAT(ExploreThresholds(UserScan(table_), schema_, Slot("revenue"), Slot("age"), {}, 1).thresholds, IsEmpty());
}

}  // namespace
}  // namespace tierwise
