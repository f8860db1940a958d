// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/group_sequential.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "experiments/stats/distributions.h"
#include "experiments/stats/stage_wise.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

constexpr double kInf = std::numeric_limits<double>::infinity();

std::vector<double> EqualLooks(int looks) {
  std::vector<double> fractions;
  for (int i = 1; i <= looks; ++i) fractions.push_back(static_cast<double>(i) / looks);
  return fractions;
}

// Armitage, McPherson & Rowe (1969), Table 2: chance that one of k repeated 5 % tests rejects.
TEST(GroupSequentialTest, RepeatedFivePercentTestsRejectAsPublished) {
  const std::pair<int, double> published[] = {{1, .050},  {2, .083},  {3, .107},  {4, .126},  {5, .142},
                                              {10, .193}, {20, .248}, {50, .320}, {100, .374}};
  for (const auto& [looks, rejection] : published) {
    std::vector<LookBoundary> boundaries;
    for (const double fraction : EqualLooks(looks)) boundaries.push_back({fraction, -NormalQuantile(0.025), 0.0, 0.0});
    EXPECT_NEAR(PowerOf(boundaries, 2, 0.0)->power, rejection, 0.0006) << looks;
  }
}

// Jennison & Turnbull (2000), Tables 2.1 to 2.4, alpha 0.05, power 0.8: constants and inflation.
TEST(GroupSequentialTest, ClassicalConstantsAndInflationAreAsPublished) {
  struct Row {
    ClassicalKind kind;
    int looks;
    double constant, inflation;
  };
  const Row rows[] = {{ClassicalKind::kPocock, 5, 2.413, 1.229},
                      {ClassicalKind::kObrienFleming, 5, 2.040, 1.028},
                      {ClassicalKind::kPocock, 10, 2.555, 1.301},
                      {ClassicalKind::kObrienFleming, 10, 2.087, 1.040}};
  for (const Row& row : rows) {
    const auto boundaries = *ClassicalBoundaries(row.kind, 0.05, 2, EqualLooks(row.looks));
    EXPECT_NEAR(boundaries.back().critical_z, row.constant, 0.0006);
    EXPECT_NEAR(*InflationFactor(boundaries, 0.05, 2, 0.8), row.inflation, 0.0006);
  }
}

TEST(GroupSequentialTest, SpendingRejectsWithAlphaInAllUnderNoEffect) {
  for (const SpendingKind kind : {SpendingKind::kObrienFleming, SpendingKind::kPocock, SpendingKind::kPower}) {
    for (const int sided : {1, 2}) {
      const GroupSequentialDesign design{.spending = {.kind = kind}, .alpha = 0.05, .sided = sided};
      const std::vector<double> uneven = {0.03, 0.2, 0.22, 0.5, 0.9, 1.0};
      const auto boundaries = *SpendingBoundaries(design, uneven, true);
      EXPECT_NEAR(PowerOf(boundaries, sided, 0.0)->power, 0.05, 1e-8);
      EXPECT_NEAR(boundaries.back().cumulative_alpha, 0.05, 1e-15);
    }
  }
}

TEST(GroupSequentialTest, AYearOfDailyLooksSpendsAlphaInAll) {
  for (const int looks : {90, 365}) {
    const auto boundaries = *SpendingBoundaries({}, EqualLooks(looks), true);
    for (const LookBoundary& look : boundaries) ASSERT_GT(look.critical_z, 1.9);
    EXPECT_NEAR(PowerOf(boundaries, 2, 0.0)->power, 0.05, 1e-8);
  }
}

TEST(GroupSequentialTest, SpendingKeepsNearlyAllOfTheFixedTestsPowerUnderDailyLooks) {
  const auto boundaries = *SpendingBoundaries({}, EqualLooks(28), true);
  const double fixed_drift = -NormalQuantile(0.025) + NormalQuantile(0.8);
  const GroupSequentialPower power = *PowerOf(boundaries, 2, fixed_drift);
  EXPECT_GE(power.power, 0.77);
  EXPECT_LT(power.expected_information_fraction, 0.8);
}

TEST(GroupSequentialTest, EarlierBoundariesDoNotDependOnLaterLooks) {
  const auto all = *SpendingBoundaries({}, {0.2, 0.5, 0.8, 1.0}, true);
  const auto so_far = *SpendingBoundaries({}, {0.2, 0.5}, false);
  EXPECT_EQ(all[0].critical_z, so_far[0].critical_z);
  EXPECT_EQ(all[1].critical_z, so_far[1].critical_z);
}

TEST(GroupSequentialTest, OverRunRecomputesTheLastBoundaryWithTheInformationThereIs) {
  const auto planned = *SpendingBoundaries({}, {0.5, 1.0}, true);
  const auto over_run = *SpendingBoundaries({}, {0.5, 1.4}, true);
  EXPECT_NEAR(PowerOf(over_run, 2, 0.0)->power, 0.05, 1e-9);
  // The last look is less correlated with the first, so that its boundary has to be higher.
  EXPECT_GT(over_run[1].critical_z, planned[1].critical_z);
}

TEST(GroupSequentialTest, AFinalLookThatFallsShortSpendsAllThatIsLeft) {
  const auto boundaries = *SpendingBoundaries({}, {0.5, 0.8}, true);
  EXPECT_NEAR(PowerOf(boundaries, 2, 0.0)->power, 0.05, 1e-9);
  const auto not_final = *SpendingBoundaries({}, {0.5, 0.8}, false);
  EXPECT_LT(boundaries[1].critical_z, not_final[1].critical_z);
}

TEST(GroupSequentialTest, ALookWithoutNewInformationMayNotReject) {
  const auto boundaries = *SpendingBoundaries({}, {0.5, 0.5, 0.4, 1.0}, true);
  const auto without = *SpendingBoundaries({}, {0.5, 1.0}, true);
  EXPECT_EQ(boundaries[1].critical_z, kInf);
  EXPECT_EQ(boundaries[2].critical_z, kInf);
  EXPECT_EQ(boundaries[3].critical_z, without[1].critical_z);
  EXPECT_NEAR(PowerOf(boundaries, 2, 0.0)->power, 0.05, 1e-9);
}

TEST(GroupSequentialTest, NothingIsLeftToSpendAfterThePlannedInformation) {
  const auto boundaries = *SpendingBoundaries({}, {0.5, 1.0, 1.3}, false);
  EXPECT_EQ(boundaries[2].critical_z, kInf);
  EXPECT_EQ(RepeatedConfidenceInterval(1.0, 1.0, boundaries[2]), Interval());
}

TEST(GroupSequentialTest, VeryEarlyLooksHaveVeryHighBoundaries) {
  const auto boundaries = *SpendingBoundaries({}, {0.001, 0.01, 1.0}, true);
  EXPECT_GT(boundaries[0].critical_z, 30.0);
  EXPECT_GT(boundaries[1].critical_z, 15.0);
  EXPECT_NEAR(boundaries[2].critical_z, -NormalQuantile(0.025), 1e-9);
}

TEST(GroupSequentialTest, NamesEachBadField) {
  const GroupSequentialDesign design{
      .spending = {.kind = SpendingKind::kPower, .exponent = 0.0}, .alpha = 0.0, .sided = 3};
  const auto status = SpendingBoundaries(design, {0.5, -1.0}, true).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  for (const char* field : {"alpha", "sided", "spending.exponent", "information_fractions[1]"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(field));
  }
  EXPECT_FALSE(SpendingBoundaries({}, {}, true).ok());
  EXPECT_FALSE(ClassicalBoundaries(ClassicalKind::kPocock, 0.05, 2, {0.5, 0.5}).ok());
  EXPECT_FALSE(PowerOf({}, 2, 0.0).ok());
  EXPECT_FALSE(PowerOf(*SpendingBoundaries({}, {1.0}, true), 2, std::nan("")).ok());
}

TEST(StageWiseTest, OneLookIsTheOrdinaryTest) {
  const auto boundaries = *SpendingBoundaries({}, {1.0}, true);
  const StageWiseInference result = *InferStageWise(boundaries, 2, 3.0, 2.0, 0.95);
  EXPECT_NEAR(result.p_value, 2.0 * NormalSf(1.5), 1e-12);
  EXPECT_NEAR(result.median_unbiased_effect, 3.0, 1e-7);
  EXPECT_NEAR(result.interval.lower, 3.0 - 2.0 * 1.959963984540054, 1e-7);
  EXPECT_NEAR(result.interval.upper, 3.0 + 2.0 * 1.959963984540054, 1e-7);
}

TEST(StageWiseTest, PValueOnTheBoundaryIsTheAlphaSpentUpToThere) {
  for (const int sided : {1, 2}) {
    const GroupSequentialDesign design{.spending = {.kind = SpendingKind::kPocock}, .alpha = 0.05, .sided = sided};
    const auto boundaries = *SpendingBoundaries(design, {0.3, 0.5, 0.8, 1.0}, true);
    for (size_t look = 0; look < boundaries.size(); ++look) {
      const absl::Span<const LookBoundary> taken(boundaries.data(), look + 1);
      const auto result = *InferStageWise(taken, sided, boundaries[look].critical_z, 1.0, 0.95);
      EXPECT_NEAR(result.p_value, boundaries[look].cumulative_alpha, 1e-9);
    }
  }
}

TEST(StageWiseTest, IntervalAgreesWithTheDecision) {
  const auto boundaries = *SpendingBoundaries({}, {0.3, 0.6, 1.0}, true);
  const double critical_z = boundaries.back().critical_z;
  EXPECT_GT(InferStageWise(boundaries, 2, critical_z + 0.001, 1.0, 0.95)->interval.lower, 0.0);
  EXPECT_LT(InferStageWise(boundaries, 2, critical_z - 0.001, 1.0, 0.95)->interval.lower, 0.0);
}

TEST(StageWiseTest, AnEarlyStopShrinksTheEstimate) {
  const GroupSequentialDesign pocock{.spending = {.kind = SpendingKind::kPocock}};
  const auto boundaries = *SpendingBoundaries(pocock, {0.25, 0.5}, false);
  const StageWiseInference result = *InferStageWise(boundaries, 2, 0.08, 0.03, 0.95);
  EXPECT_LT(result.median_unbiased_effect, 0.08);
  EXPECT_GT(result.median_unbiased_effect, 0.0);
}

TEST(StageWiseTest, ALateJumpIsReadInTheLightOfTheLooksThatDidNotCross) {
  const auto boundaries = *SpendingBoundaries({}, {0.5, 1.0}, true);
  const StageWiseInference result = *InferStageWise(boundaries, 2, 20.0, 1.0, 0.95);
  EXPECT_TRUE(result.interval.IsBounded());
  EXPECT_LT(result.interval.lower, result.median_unbiased_effect);
  EXPECT_LT(result.median_unbiased_effect, result.interval.upper);
  EXPECT_LT(result.median_unbiased_effect, 10.0);
}

TEST(StageWiseTest, MirrorsForTheOppositeEffect) {
  const auto boundaries = *SpendingBoundaries({}, {0.5, 1.0}, true);
  const StageWiseInference up = *InferStageWise(boundaries, 2, 2.2, 1.0, 0.95);
  const StageWiseInference down = *InferStageWise(boundaries, 2, -2.2, 1.0, 0.95);
  EXPECT_NEAR(up.p_value, down.p_value, 1e-12);
  EXPECT_NEAR(up.median_unbiased_effect, -down.median_unbiased_effect, 1e-6);
  EXPECT_NEAR(up.interval.lower, -down.interval.upper, 1e-6);
}

TEST(StageWiseTest, RefusesALastLookWithoutNewInformation) {
  const auto boundaries = *SpendingBoundaries({}, {0.5, 0.5}, false);
  EXPECT_EQ(InferStageWise(boundaries, 2, 1.0, 1.0, 0.95).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tierwise
