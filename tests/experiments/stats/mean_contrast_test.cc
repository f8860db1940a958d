// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/mean_contrast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "experiments/stats/distributions.h"
#include "experiments/stats/means.h"

namespace tierwise {
namespace {

constexpr double kConfidence = 0.95;

Moments DrawArm(int users, double scale, std::mt19937_64& random) {
  std::lognormal_distribution<double> draw(0.0, 1.2);
  Moments arm;
  for (int i = 0; i < users; ++i) arm.Add(scale * draw(random));
  return arm;
}

Moments WithoutThird(Moments arm) {
  arm.m3.reset();
  return arm;
}

TEST(MeanContrastTest, WithoutThirdMomentsItIsWelchAndFieller) {
  std::mt19937_64 random(1);
  const Moments control = WithoutThird(DrawArm(50, 1.0, random)), treatment = WithoutThird(DrawArm(40, 1.1, random));
  const ArmMeans means = MeansOf(control, treatment);
  const MeanContrast contrast(means);
  const Estimate estimate = *CompareContrast(contrast, Method::kWelch, kConfidence);
  const Estimate welch = *CompareMeans(control, treatment, kConfidence);
  EXPECT_EQ(estimate.method, Method::kWelch);
  EXPECT_DOUBLE_EQ(estimate.test.p, welch.test.p);
  EXPECT_EQ(estimate.interval, welch.interval);
  EXPECT_EQ(ContrastLift(contrast, kConfidence)->interval, FiellerLift(means, kConfidence)->interval);
}

TEST(MeanContrastTest, TheIntervalsHoldWhatTheStatisticDoesNotReject) {
  std::mt19937_64 random(2);
  for (int run = 0; run < 300; ++run) {
    const MeanContrast contrast(MeansOf(DrawArm(200, 1.0, random), DrawArm(20 + run, 1.4, random)));
    for (const double critical : {1.0, 1.96, 3.5}) {
      const Interval lift = contrast.Lift(critical);
      const Interval difference = contrast.Difference(critical);
      const double statistic = contrast.Statistic();
      EXPECT_EQ(difference.Contains(0.0), std::abs(statistic) <= critical);
      if (!lift.IsBounded()) continue;
      EXPECT_EQ(lift.Contains(0.0), std::abs(statistic) <= critical);
      EXPECT_NEAR(contrast.Statistic(1.0 + lift.lower), critical, 1e-8);
      EXPECT_NEAR(contrast.Statistic(1.0 + lift.upper), -critical, 1e-8);
    }
  }
}

TEST(MeanContrastTest, PValueAndIntervalAgreeWithFewUsers) {
  std::mt19937_64 random(3);
  for (int run = 0; run < 300; ++run) {
    const MeanContrast contrast(MeansOf(DrawArm(9, 1.0, random), DrawArm(4, 2.0, random)));
    const Estimate estimate = *CompareContrast(contrast, Method::kWelch, kConfidence);
    EXPECT_EQ(estimate.test.p < 0.05, !estimate.interval.Contains(0.0));
  }
}

TEST(MeanContrastTest, LongTailsMoveBothEndsTowardsTheTail) {
  std::mt19937_64 random(4);
  // The smaller arm's tail is what makes the difference skewed.
  const Moments control = DrawArm(9000, 1.0, random), treatment = DrawArm(1000, 1.0, random);
  const MeanContrast corrected(MeansOf(control, treatment));
  const MeanContrast plain(MeansOf(WithoutThird(control), WithoutThird(treatment)));
  EXPECT_GT(corrected.Difference(1.96).lower, plain.Difference(1.96).lower);
  EXPECT_GT(corrected.Difference(1.96).upper, plain.Difference(1.96).upper);
  EXPECT_GT(corrected.Lift(1.96).upper, plain.Lift(1.96).upper);
}

TEST(MeanContrastTest, UnitsAndSignsDoNotMatter) {
  std::mt19937_64 random(5);
  const MeanContrast contrast(MeansOf(DrawArm(300, 1.0, random), DrawArm(60, 1.3, random)));
  for (const double scale : {1e-9, 1e12}) {
    std::mt19937_64 again(5);
    const MeanContrast scaled(MeansOf(DrawArm(300, scale, again), DrawArm(60, 1.3 * scale, again)));
    EXPECT_NEAR(scaled.Statistic(), contrast.Statistic(), 1e-9);
    EXPECT_NEAR(scaled.Lift(2.0).lower, contrast.Lift(2.0).lower, 1e-9);
    EXPECT_NEAR(scaled.Lift(2.0).upper, contrast.Lift(2.0).upper, 1e-9);
  }
  std::mt19937_64 again(5);
  const MeanContrast mirrored(MeansOf(DrawArm(300, -1.0, again), DrawArm(60, -1.3, again)));
  EXPECT_NEAR(mirrored.Statistic(), -contrast.Statistic(), 1e-10);
  EXPECT_NEAR(mirrored.Lift(2.0).lower, -contrast.Lift(2.0).upper, 1e-10);
  EXPECT_NEAR(mirrored.Lift(2.0).upper, -contrast.Lift(2.0).lower, 1e-10);
}

TEST(MeanContrastTest, TheLiftIsUnboundedWhereTheControlIsNotToldApartFromZero) {
  const MeanContrast contrast({.control = 0.1,
                               .control_variance = 1.0,
                               .treatment = 5.0,
                               .treatment_variance = 1.0,
                               .thirds = ThirdMoments{0.1, 0.1}});
  const RelativeLift lift = *ContrastLift(contrast, kConfidence);
  EXPECT_EQ(lift.gap, Gap::kUnbounded);
  EXPECT_FALSE(lift.interval.IsBounded());
}

TEST(MeanContrastTest, WhereNothingVariesNothingIsTested) {
  const MeanContrast contrast({.control = 1.0, .treatment = 2.0, .thirds = ThirdMoments{}});
  EXPECT_EQ(contrast.Statistic(), 0.0);
  EXPECT_EQ(CompareContrast(contrast, Method::kWelch, kConfidence)->gap, Gap::kZeroVariance);
  EXPECT_EQ(ContrastLift(contrast, kConfidence)->gap, Gap::kZeroVariance);
}

TEST(MeanContrastTest, ImpossibleMeansAreRefused) {
  const MeanContrast contrast({.control_variance = -1.0});
  EXPECT_FALSE(CompareContrast(contrast, Method::kWelch, kConfidence).ok());
  EXPECT_FALSE(ContrastLift(contrast, kConfidence).ok());
  const MeanContrast not_finite({.control = 1.0, .thirds = ThirdMoments{std::nan(""), 0.0}});
  EXPECT_FALSE(CompareContrast(not_finite, Method::kWelch, kConfidence).ok());
}

}  // namespace
}  // namespace tierwise
