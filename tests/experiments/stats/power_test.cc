// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/power.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

TEST(PowerTest, TheSizeNeededHasThePowerAskedFor) {
  const ArmVariances variances = RateVariances(0.05, 0.055);
  for (const double ratio : {0.25, 1.0, 9.0}) {
    const PowerTarget target{.power = 0.9, .comparisons = 3, .treatment_per_control = ratio, .correlation = 0.6};
    const double users = *ControlUsersNeeded(variances, 0.005, target);
    const double se = EffectSe(variances, users, users * ratio, target.correlation);
    EXPECT_NEAR(ZTestPower(0.005, se, target.TestAlpha()), 0.9, 1e-6);
    EXPECT_NEAR(*DetectableEffect(variances, users, users * ratio, target), 0.005, 1e-12);
  }
}

TEST(PowerTest, SizesGrowWithAllThatMakesATestHarder) {
  const ArmVariances variances = RateVariances(0.05, 0.055);
  const double plain = *ControlUsersNeeded(variances, 0.005, {});
  EXPECT_GT(*ControlUsersNeeded(variances, 0.004, {}), plain);
  EXPECT_GT(*ControlUsersNeeded(variances, 0.005, {.power = 0.9}), plain);
  EXPECT_GT(*ControlUsersNeeded(variances, 0.005, {.alpha = 0.01}), plain);
  EXPECT_GT(*ControlUsersNeeded(variances, 0.005, {.comparisons = 4}), plain);
  EXPECT_DOUBLE_EQ(*ControlUsersNeeded(variances, 0.005, {.inflation = 1.1}), 1.1 * plain);
  EXPECT_NEAR(*ControlUsersNeeded(variances, 0.005, {.correlation = 0.7}), 0.51 * plain, 1e-9 * plain);
  EXPECT_DOUBLE_EQ(*ControlUsersNeeded(variances, -0.005, {}), plain);
}

TEST(PowerTest, FewUsersNeedTheTDistribution) {
  // Cohen (1988), Table 2.4.1: d = 0.8 and d = 0.5 at power 0.8, two-sided 5 %: 26 and 64 in each arm.
  EXPECT_EQ(std::ceil(*ControlUsersNeededT(1.0, 0.8, {})), 26.0);
  EXPECT_EQ(std::ceil(*ControlUsersNeededT(1.0, 0.5, {})), 64.0);
}

TEST(PowerTest, DetectableRatesGoThroughTheirOwnVariance) {
  const DetectableRates change = *DetectableRateChange(0.05, 10000, 10000, {});
  const double up = *change.increase;
  EXPECT_NEAR(ZTestPower(up, EffectSe(RateVariances(0.05, 0.05 + up), 10000, 10000, 0.0), 0.05), 0.8, 1e-9);
  EXPECT_GT(up, -*change.decrease);
}

TEST(PowerTest, SaysWhereNoRateIsEnough) {
  const DetectableRates change = *DetectableRateChange(0.05, 20, 20, {});
  EXPECT_TRUE(change.increase.has_value());
  EXPECT_FALSE(change.decrease.has_value());
}

TEST(PowerTest, ConfidenceSequencesNeedMoreThanTheFixedTestAndLessWhenTuned) {
  const ArmVariances variances = RateVariances(0.05, 0.055);
  const double fixed = *ControlUsersNeeded(variances, 0.005, {});
  const double tuned = ControlUsersForConfidenceSequence(variances, 0.005, 2.0 * fixed, {})->control_users;
  const double by_default = ControlUsersForConfidenceSequence(variances, 0.005, 500.0, {})->control_users;
  EXPECT_GT(tuned, fixed);
  EXPECT_GT(by_default, tuned);
}

TEST(PowerTest, AnInteractionOfTwoEqualTiersNeedsFourTimesTheUsers) {
  const ArmVariances variances{1.0, 1.0};
  const double effect_users = *ControlUsersNeeded(variances, 0.1, {});
  // Each of the two tiers needs twice what both together need for the effect.
  EXPECT_NEAR(*ControlUsersForInteraction(variances, variances, 0.1, {}), 2.0 * effect_users, 1e-6);
}

TEST(PowerTest, HeterogeneityOfTwoTiersIsTheTestOfTheirDifference) {
  for (const double difference : {0.0, 1.0, 3.0, 8.0, 40.0}) {
    EXPECT_NEAR(*HeterogeneityPower({0.0, difference}, {1.0, 1.0}, 0.05), ZTestPower(difference, std::sqrt(2.0), 0.05),
                1e-10);
  }
  EXPECT_NEAR(*HeterogeneityPower({0.1, 0.1, 0.1}, {1.0, 2.0, 3.0}, 0.05), 0.05, 1e-12);
  EXPECT_EQ(*HeterogeneityPower({0.0, 1e6}, {1.0, 1.0}, 0.05), 1.0);
}

TEST(PowerTest, DurationIsWholeDaysOfEntryAndTheOutcomeWindow) {
  EXPECT_EQ(DaysUntil(1001.0, 100.0, 7.0), 18.0);
  EXPECT_EQ(DaysUntil(1001.0, 0.0, 7.0), std::nullopt);
}

TEST(PowerTest, NamesEachBadField) {
  const PowerTarget bad{
      .alpha = 2.0, .power = 1.0, .comparisons = 0, .treatment_per_control = 0.0, .correlation = 1.0, .inflation = 0.5};
  const std::string message(ControlUsersNeeded({-1.0, 1.0}, 0.0, bad).status().message());
  for (const char* field : {"alpha", "power", "comparisons", "treatment_per_control", "correlation", "inflation",
                            "variances.control", "effect"}) {
    EXPECT_THAT(message, HasSubstr(field));
  }
  EXPECT_FALSE(ControlUsersNeeded({0.0, 0.0}, 0.1, {}).ok());
  EXPECT_FALSE(ControlUsersNeededPooled(0.1, 0.1, {}).ok());
  EXPECT_FALSE(DetectableRateChange(0.0, 10, 10, {}).ok());
  EXPECT_FALSE(HeterogeneityPower({0.1}, {0.1}, 0.05).ok());
  EXPECT_FALSE(HeterogeneityPower({0.1, 0.2}, {0.1, 0.0}, 0.05).ok());
}

}  // namespace
}  // namespace tierwise
