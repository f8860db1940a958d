// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/ratios.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/stats/adjustment.h"
#include "experiments/stats/means.h"

namespace tierwise {
namespace {

JointMoments Draw(int users, double lift, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::poisson_distribution<int> orders(1.5);
  std::lognormal_distribution<double> basket(3.0, 0.5);
  JointMoments moments(3);
  for (int i = 0; i < users; ++i) {
    const int count = orders(random);
    double revenue = 0.0;
    for (int j = 0; j < count; ++j) revenue += basket(random) * lift;
    moments.Add({revenue, static_cast<double>(count), revenue * 0.5 + basket(random)});
  }
  return moments;
}

TEST(RatiosTest, AConstantDenominatorIsAComparisonOfMeans) {
  JointMoments control(2);
  JointMoments treatment(2);
  for (int i = 0; i < 40; ++i) {
    control.Add({static_cast<double>(i % 7), 2.0});
    treatment.Add({static_cast<double>(i % 9), 2.0});
  }
  const auto ratios = CompareRatios(control, treatment, 0.95);
  const auto means = CompareMeans(control.Marginal(0), treatment.Marginal(0), 0.95);
  ASSERT_TRUE(ratios.ok() && means.ok());
  EXPECT_NEAR(ratios->effect, means->effect / 2, 1e-12);
  EXPECT_NEAR(ratios->se, means->se / 2, 1e-12);
  EXPECT_NEAR(ratios->test.p, means->test.p, 1e-12);
}

TEST(RatiosTest, UnitsOfEitherPartScaleTheRatioOnly) {
  const JointMoments control = Draw(300, 1.0, 1);
  const JointMoments treatment = Draw(300, 1.1, 2);
  const auto scaled = [](const JointMoments& arm, double numerator, double denominator) {
    return JointMoments::FromParts(
        arm.n(), {arm.mean(0) * numerator, arm.mean(1) * denominator},
        {arm.comoment(0, 0) * numerator * numerator, arm.comoment(0, 1) * numerator * denominator,
         arm.comoment(1, 1) * denominator * denominator});
  };
  const auto plain = CompareRatios(scaled(control, 1, 1), scaled(treatment, 1, 1), 0.95);
  const auto other = CompareRatios(scaled(control, 100, 7), scaled(treatment, 100, 7), 0.95);
  ASSERT_TRUE(plain.ok() && other.ok());
  EXPECT_NEAR(other->effect, plain->effect * 100 / 7, 1e-9);
  EXPECT_NEAR(other->test.p, plain->test.p, 1e-9);
}

TEST(RatiosTest, TheLinearisedRatioHasTheSameEffectAndError) {
  const JointMoments control = Draw(200, 1.0, 3);
  const JointMoments treatment = Draw(250, 1.2, 4);
  const auto ratios = CompareRatios(control, treatment, 0.95);
  const auto linear = CompareMeans(LinearizeRatio(control).Marginal(0), LinearizeRatio(treatment).Marginal(0), 0.95);
  ASSERT_TRUE(ratios.ok() && linear.ok());
  EXPECT_NEAR(linear->effect, ratios->effect, 1e-12);
  EXPECT_NEAR(linear->se, ratios->se, 1e-12);
  const auto adjusted = AdjustMeans(LinearizeRatio(control), LinearizeRatio(treatment), 0.95);
  ASSERT_TRUE(adjusted.ok());
  EXPECT_LT(adjusted->estimate.se, ratios->se);
}

TEST(RatiosTest, MissingPartsHaveAReason) {
  const JointMoments good = Draw(20, 1.0, 5);
  JointMoments no_orders(3);
  no_orders.Add({0.0, 0.0, 1.0});
  no_orders.Add({0.0, 0.0, 2.0});
  EXPECT_EQ(CompareRatios(good, no_orders, 0.95)->gap, Gap::kZeroDenominator);
  EXPECT_EQ(CompareRatios(JointMoments(3), good, 0.95)->gap, Gap::kNoUsers);
  JointMoments single(3);
  single.Add({3.0, 2.0, 1.0});
  EXPECT_EQ(CompareRatios(good, single, 0.95)->gap, Gap::kTooFewUsers);
}

TEST(RatiosTest, BadMomentsNameTheField) {
  const JointMoments good = Draw(20, 1.0, 5);
  const JointMoments bad = JointMoments::FromParts(10, {1.0, 1.0}, {1.0, 2.0, 1.0});
  EXPECT_EQ(ProblemsOf(CompareRatios(good, bad, 0.95).status()).at(0).field, "treatment.comoment[0,1]");
  EXPECT_EQ(ProblemsOf(CompareRatios(JointMoments(1), good, 0.95).status()).at(0).field, "control");
}

TEST(RatiosTest, TheThirdMomentIsThatOfTheLinearisedUsers) {
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> draw;
  std::vector<std::vector<double>> users;
  JointMoments arm(3);
  for (int i = 0; i < 300; ++i) {
    const double visits = 1.0 + draw(random);
    users.push_back({visits * draw(random), visits, draw(random)});
    arm.Add(users.back());
  }
  const double ratio = arm.mean(0) / arm.mean(1);
  double cubes = 0.0, mixed = 0.0;
  for (const std::vector<double>& user : users) {
    const double deviation = (user[0] - ratio * user[1]) / arm.mean(1);
    cubes += std::pow(deviation, 3.0);
    mixed += deviation * deviation * (user[2] - arm.mean(2));
  }
  EXPECT_NEAR(*EstimateRatio(arm).unit_third, cubes / 300.0, 1e-9 * std::abs(cubes));
  const JointMoments linearized = LinearizeRatio(arm);
  EXPECT_NEAR(linearized.third(0, 0, 0), cubes, 1e-9 * std::abs(cubes));
  EXPECT_NEAR(linearized.third(0, 0, 1), mixed, 1e-9 * std::abs(mixed));
}

}  // namespace
}  // namespace tierwise
