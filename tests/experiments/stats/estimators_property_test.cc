// SPDX-License-Identifier: Apache-2.0
// What must hold for every input, over many drawn ones.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "experiments/stats/adjustment.h"
#include "experiments/stats/means.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/relative_lift.h"
#include "experiments/stats/srm.h"

namespace tierwise {
namespace {

constexpr int kDraws = 300;

Proportion DrawProportion(std::mt19937_64& random) {
  const int64_t users = std::uniform_int_distribution<int64_t>(1, 5000)(random);
  return {std::uniform_int_distribution<int64_t>(0, users)(random), users};
}

TEST(ProportionsProperty, HigherConfidenceGivesTheWiderInterval) {
  std::mt19937_64 random(1);
  for (int i = 0; i < kDraws; ++i) {
    const Proportion control = DrawProportion(random);
    const Proportion treatment = DrawProportion(random);
    for (const auto interval : {NewcombeInterval, MiettinenNurminenInterval}) {
      const Interval narrow = interval(control, treatment, 0.8);
      const Interval wide = interval(control, treatment, 0.99);
      EXPECT_LE(wide.lower, narrow.lower + 1e-12);
      EXPECT_GE(wide.upper, narrow.upper - 1e-12);
      EXPECT_GE(wide.lower, -1.0);
      EXPECT_LE(wide.upper, 1.0);
    }
  }
}

TEST(ProportionsProperty, OneMoreConversionInTheTreatmentMovesEverythingUp) {
  std::mt19937_64 random(2);
  for (int i = 0; i < kDraws; ++i) {
    const Proportion control = DrawProportion(random);
    Proportion treatment = DrawProportion(random);
    if (treatment.conversions == treatment.users) continue;
    const auto before = CompareProportions(control, treatment, 0.95);
    const auto lift_before = ProportionLift(control, treatment, 0.95);
    ++treatment.conversions;
    const auto after = CompareProportions(control, treatment, 0.95);
    const auto lift_after = ProportionLift(control, treatment, 0.95);
    ASSERT_TRUE(before.ok() && after.ok() && lift_before.ok() && lift_after.ok());
    EXPECT_GT(after->effect, before->effect);
    EXPECT_GE(after->interval.lower, before->interval.lower);
    EXPECT_GE(after->interval.upper, before->interval.upper);
    EXPECT_GE(lift_after->lift, lift_before->lift);
    EXPECT_FALSE(std::isnan(lift_after->interval.lower) || std::isnan(lift_after->interval.upper));
  }
}

TEST(MeansProperty, SwappingTheArmsTurnsTheAnswerAround) {
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> draw(0.0, 3.0);
  for (int i = 0; i < kDraws; ++i) {
    const Moments one = {2 + i % 50, draw(random), draw(random)};
    const Moments other = {3 + i % 70, draw(random), draw(random)};
    const auto forward = CompareMeans(one, other, 0.9);
    const auto backward = CompareMeans(other, one, 0.9);
    ASSERT_TRUE(forward.ok() && backward.ok());
    EXPECT_DOUBLE_EQ(forward->effect, -backward->effect);
    EXPECT_DOUBLE_EQ(forward->test.p, backward->test.p);
    EXPECT_DOUBLE_EQ(forward->interval.lower, -backward->interval.upper);
  }
}

TEST(RelativeLiftProperty, UnitsDoNotMatter) {
  std::mt19937_64 random(4);
  std::lognormal_distribution<double> draw(0.0, 1.0);
  for (int i = 0; i < kDraws; ++i) {
    const ArmMeans means = {.control = draw(random),
                            .control_variance = 0.05 * draw(random),
                            .treatment = draw(random),
                            .treatment_variance = 0.05 * draw(random)};
    const auto plain = FiellerLift(means, 0.95);
    for (const double scale : {1e-100, 1e100}) {
      const auto scaled = FiellerLift({.control = means.control * scale,
                                       .control_variance = means.control_variance * scale * scale,
                                       .treatment = means.treatment * scale,
                                       .treatment_variance = means.treatment_variance * scale * scale},
                                      0.95);
      ASSERT_TRUE(plain.ok() && scaled.ok());
      EXPECT_EQ(scaled->gap, plain->gap);
      EXPECT_NEAR(scaled->lift, plain->lift, 1e-9 * (1 + std::abs(plain->lift)));
      if (plain->gap != Gap::kNone) continue;
      EXPECT_NEAR(scaled->interval.upper, plain->interval.upper, 1e-6 * (1 + std::abs(plain->interval.upper)));
      EXPECT_TRUE(plain->interval.Contains(plain->lift));
    }
  }
}

TEST(AdjustmentProperty, ShiftingOrScalingACovariateChangesNothing) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> draw;
  const auto arm = [&](int users, double shift, double scale, uint64_t seed) {
    std::mt19937_64 own(seed);
    JointMoments moments(2);
    for (int i = 0; i < users; ++i) {
      const double x = draw(own);
      moments.Add({2.0 * x + draw(own), shift + scale * x});
    }
    return moments;
  };
  for (int i = 0; i < 30; ++i) {
    const uint64_t seed = random();
    draw.reset();
    const auto plain = AdjustMeans(arm(50, 0, 1, seed), arm(40, 0, 1, seed + 1), 0.95);
    draw.reset();
    const auto moved = AdjustMeans(arm(50, 1e5, 1e-3, seed), arm(40, 1e5, 1e-3, seed + 1), 0.95);
    ASSERT_TRUE(plain.ok() && moved.ok());
    EXPECT_NEAR(moved->estimate.effect, plain->estimate.effect, 1e-6);
    EXPECT_NEAR(moved->estimate.se, plain->estimate.se, 1e-6);
  }
}

TEST(SampleRatioProperty, OrderOfArmsDoesNotMatter) {
  std::mt19937_64 random(6);
  for (int i = 0; i < kDraws; ++i) {
    const int64_t a = static_cast<int64_t>(random() % 10'000);
    const int64_t b = static_cast<int64_t>(random() % 10'000);
    const int64_t c = static_cast<int64_t>(random() % 10'000);
    const auto one = CheckSampleRatio({a, b, c}, {1, 2, 3});
    const auto other = CheckSampleRatio({c, a, b}, {3, 1, 2});
    ASSERT_TRUE(one.ok() && other.ok());
    EXPECT_NEAR(one->chi_squared, other->chi_squared, 1e-9 * (1 + one->chi_squared));
  }
}

}  // namespace
}  // namespace tierwise
