// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/means.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/stats/relative_lift.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

std::string FirstField(const absl::Status& status) {
  const std::vector<Problem> problems = ProblemsOf(status);
  return problems.empty() ? "" : problems[0].field;
}

Moments Of(int64_t n, double mean, double variance) { return {n, mean, variance * static_cast<double>(n - 1)}; }

TEST(MeansTest, AgreesWithWelchByHand) {
  const auto estimate = CompareMeans(Of(10, 5.0, 4.0), Of(20, 7.0, 9.0), 0.95);
  ASSERT_TRUE(estimate.ok());
  EXPECT_DOUBLE_EQ(estimate->effect, 2.0);
  EXPECT_DOUBLE_EQ(estimate->se, std::sqrt(0.4 + 0.45));
  EXPECT_NEAR(estimate->test.df, 0.85 * 0.85 / (0.16 / 9 + 0.2025 / 19), 1e-10);
  EXPECT_NEAR(estimate->test.statistic, 2.0 / std::sqrt(0.85), 1e-12);
  EXPECT_NEAR(0.5 * (estimate->interval.lower + estimate->interval.upper), 2.0, 1e-12);
}

TEST(MeansTest, ScalingAndShiftingTheOutcomeChangesNoVerdict) {
  const auto plain = CompareMeans(Of(30, 5.0, 4.0), Of(50, 6.0, 9.0), 0.95);
  ASSERT_TRUE(plain.ok());
  for (const double scale : {1e-150, 1e-6, 1e6, 1e150}) {
    const auto scaled =
        CompareMeans(Of(30, 5.0 * scale, 4.0 * scale * scale), Of(50, 6.0 * scale, 9.0 * scale * scale), 0.95);
    ASSERT_TRUE(scaled.ok());
    EXPECT_NEAR(scaled->test.statistic, plain->test.statistic, 1e-9);
    EXPECT_NEAR(scaled->test.df, plain->test.df, 1e-9);
    EXPECT_NEAR(scaled->test.log_p, plain->test.log_p, 1e-9);
    EXPECT_NEAR(scaled->interval.lower / scale, plain->interval.lower, 1e-9);
  }
  const auto shifted = CompareMeans(Of(30, 1e6 + 5.0, 4.0), Of(50, 1e6 + 6.0, 9.0), 0.95);
  ASSERT_TRUE(shifted.ok());
  EXPECT_NEAR(shifted->test.statistic, plain->test.statistic, 1e-9);
}

TEST(MeansTest, ADifferenceOfOneIsSeenAtMean1e12) {
  Moments control;
  Moments treatment;
  for (int i = 0; i < 400; ++i) {
    control.Add(1e12 + (i % 2));
    treatment.Add(1e12 + 1 + (i % 2));
  }
  const auto estimate = CompareMeans(control, treatment, 0.95);
  ASSERT_TRUE(estimate.ok());
  EXPECT_NEAR(estimate->effect, 1.0, 1e-9);
  EXPECT_NEAR(estimate->se, std::sqrt(2 * 0.25 / 399), 1e-9);
}

TEST(MeansTest, PBelowTheSmallestDoubleKeepsItsLogarithm) {
  const auto estimate = CompareMeans(Of(100'000, 3.0, 9.0), Of(100'000, 4.0, 9.5), 0.95);
  ASSERT_TRUE(estimate.ok());
  EXPECT_EQ(estimate->test.p, 0.0);
  EXPECT_NEAR(estimate->test.log_p, -2671.308821228401, 1e-6);
}

TEST(MeansTest, MissingPartsHaveAReasonAndClaimNothing) {
  struct Case {
    Moments control;
    Moments treatment;
    Gap gap;
    double effect;
  };
  const Case cases[] = {
      {{}, Of(5, 1.0, 1.0), Gap::kNoUsers, 0.0},
      {Of(5, 1.0, 1.0), {}, Gap::kNoUsers, 0.0},
      {{1, 1.0, 0.0}, Of(5, 3.0, 1.0), Gap::kTooFewUsers, 2.0},
      {Of(5, 1.0, 0.0), Of(5, 3.0, 0.0), Gap::kZeroVariance, 2.0},
  };
  for (const Case& one : cases) {
    const auto estimate = CompareMeans(one.control, one.treatment, 0.95);
    ASSERT_TRUE(estimate.ok());
    EXPECT_EQ(estimate->gap, one.gap) << GapName(estimate->gap);
    EXPECT_EQ(estimate->effect, one.effect);
    EXPECT_EQ(estimate->test.p, 1.0);
    EXPECT_EQ(estimate->test.log_p, 0.0);
    EXPECT_EQ(estimate->interval, Interval());
  }
}

TEST(MeansTest, BadMomentsNameTheField) {
  const Moments good = Of(5, 1.0, 1.0);
  EXPECT_EQ(FirstField(CompareMeans({-1, 0.0, 0.0}, good, 0.95).status()), "control.n");
  EXPECT_EQ(FirstField(CompareMeans(good, {5, std::nan(""), 1.0}, 0.95).status()), "treatment.mean");
  EXPECT_EQ(FirstField(CompareMeans(good, {5, kInf, 1.0}, 0.95).status()), "treatment.mean");
  EXPECT_EQ(FirstField(CompareMeans({5, 1.0, -1e-9}, good, 0.95).status()), "control.m2");
  EXPECT_EQ(FirstField(CompareMeans({5, 1.0, std::nan("")}, good, 0.95).status()), "control.m2");
  EXPECT_EQ(FirstField(CompareMeans(good, good, 0.0).status()), "confidence");
}

TEST(LinearContrastTest, WithoutMarginIsTheDifference) {
  const Moments control = Of(100, 10.0, 25.0);
  const Moments treatment = Of(120, 11.0, 30.0);
  const auto difference = CompareMeans(control, treatment, 0.95);
  const auto contrast = LinearContrast(MeansOf(control, treatment), 0.0, 0.95);
  ASSERT_TRUE(difference.ok() && contrast.ok());
  EXPECT_DOUBLE_EQ(contrast->effect, difference->effect);
  EXPECT_DOUBLE_EQ(contrast->se, difference->se);
  EXPECT_DOUBLE_EQ(contrast->test.p, difference->test.p);
}

TEST(LinearContrastTest, ItsSignIsThatOfTheFiellerLimit) {
  // The contrast at a margin equal to a Fieller limit is exactly on the edge of significance.
  const ArmMeans means = {.control = 10.0, .control_variance = 0.4, .treatment = 12.0, .treatment_variance = 0.5};
  const auto lift = FiellerLift(means, 0.95);
  ASSERT_TRUE(lift.ok());
  for (const double margin : {lift->interval.lower, lift->interval.upper}) {
    const auto contrast = LinearContrast(means, margin, 0.95);
    ASSERT_TRUE(contrast.ok());
    EXPECT_NEAR(contrast->test.p, 0.05, 1e-10);
  }
}

TEST(LinearContrastTest, BadInputNamesTheField) {
  const ArmMeans good = {.control = 1.0, .control_variance = 1.0, .treatment = 1.0, .treatment_variance = 1.0};
  EXPECT_EQ(FirstField(LinearContrast(good, -1.0, 0.95).status()), "margin");
  ArmMeans bad = good;
  bad.covariance = 1.1;
  EXPECT_EQ(FirstField(LinearContrast(bad, 0.0, 0.95).status()), "covariance");
  bad = good;
  bad.control_variance = -1.0;
  EXPECT_EQ(FirstField(LinearContrast(bad, 0.0, 0.95).status()), "control_variance");
  bad = good;
  bad.df = 0.0;
  EXPECT_EQ(FirstField(LinearContrast(bad, 0.0, 0.95).status()), "df");
}

TEST(FiellerTest, IsUnboundedWhereTheControlIsNotToldApartFromZero) {
  const auto lift =
      FiellerLift({.control = 0.02, .control_variance = 0.005, .treatment = 0.05, .treatment_variance = 0.005}, 0.95);
  ASSERT_TRUE(lift.ok());
  EXPECT_EQ(lift->gap, Gap::kUnbounded);
  EXPECT_EQ(lift->interval, Interval());
  EXPECT_NEAR(lift->lift, 1.5, 1e-12);
}

TEST(FiellerTest, ANegativeControlFlipsTheSignOnce) {
  const ArmMeans losses = {.control = -10.0, .control_variance = 0.3, .treatment = -8.0, .treatment_variance = 0.2};
  const ArmMeans gains = {.control = 10.0, .control_variance = 0.3, .treatment = 8.0, .treatment_variance = 0.2};
  const auto less_loss = FiellerLift(losses, 0.95);
  const auto less_gain = FiellerLift(gains, 0.95);
  ASSERT_TRUE(less_loss.ok() && less_gain.ok());
  EXPECT_NEAR(less_loss->lift, 0.2, 1e-14);
  EXPECT_NEAR(less_loss->interval.lower, -less_gain->interval.upper, 1e-12);
  EXPECT_NEAR(less_loss->interval.upper, -less_gain->interval.lower, 1e-12);
}

TEST(FiellerTest, PositiveCovarianceOfTheMeansNarrowsTheInterval) {
  ArmMeans means = {.control = 10.0, .control_variance = 0.3, .treatment = 11.0, .treatment_variance = 0.3};
  const auto apart = FiellerLift(means, 0.95);
  means.covariance = 0.2;
  const auto together = FiellerLift(means, 0.95);
  const auto katz = KatzLift(means, 0.95);
  ASSERT_TRUE(apart.ok() && together.ok() && katz.ok());
  EXPECT_GT(together->interval.lower, apart->interval.lower);
  EXPECT_LT(together->interval.upper, apart->interval.upper);
  EXPECT_NEAR(katz->interval.lower, together->interval.lower, 0.002);
  EXPECT_NEAR(katz->interval.upper, together->interval.upper, 0.002);
}

TEST(FiellerTest, KatzFiellerAndDeltaAgreeWhereMeansArePrecise) {
  const ArmMeans means = {.control = 10.0, .control_variance = 1e-6, .treatment = 10.5, .treatment_variance = 2e-6};
  const auto fieller = FiellerLift(means, 0.95);
  const auto katz = KatzLift(means, 0.95);
  const auto delta = DeltaLift(means, 0.95);
  ASSERT_TRUE(fieller.ok() && katz.ok() && delta.ok());
  EXPECT_NEAR(fieller->interval.lower, delta->interval.lower, 1e-6);
  EXPECT_NEAR(katz->interval.upper, delta->interval.upper, 1e-6);
}

TEST(RelativeLiftTest, AZeroControlHasAReason) {
  const auto lift =
      FiellerLift({.control = 0.0, .control_variance = 1.0, .treatment = 2.0, .treatment_variance = 1.0}, 0.95);
  ASSERT_TRUE(lift.ok());
  EXPECT_EQ(lift->gap, Gap::kZeroControl);
  EXPECT_EQ(lift->lift, kInf);
  EXPECT_EQ(lift->interval, Interval());
  const auto signs =
      KatzLift({.control = -1.0, .control_variance = 1.0, .treatment = 2.0, .treatment_variance = 1.0}, 0.95);
  ASSERT_TRUE(signs.ok());
  EXPECT_EQ(signs->gap, Gap::kUnbounded);
}

}  // namespace
}  // namespace tierwise
