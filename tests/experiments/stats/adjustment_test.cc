// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/adjustment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "experiments/base/problems.h"
#include "experiments/stats/means.h"

namespace tierwise {
namespace {

// Users with two covariates; the outcome depends on both.
UserRows DrawRows(int users, double effect, double slope, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> draw;
  UserRows rows;
  for (int i = 0; i < users; ++i) {
    const double x = draw(random);
    const double z = draw(random);
    rows.covariates.push_back(5.0 + x);
    rows.covariates.push_back(z);
    rows.outcome.push_back(20.0 + effect + slope * x - z + draw(random));
  }
  return rows;
}

JointMoments MomentsOf(const UserRows& rows) {
  const size_t k = rows.covariates.size() / rows.outcome.size();
  JointMoments moments(static_cast<int>(k) + 1);
  for (size_t i = 0; i < rows.outcome.size(); ++i) {
    std::vector<double> row = {rows.outcome[i]};
    row.insert(row.end(), rows.covariates.begin() + static_cast<long>(i * k),
               rows.covariates.begin() + static_cast<long>((i + 1) * k));
    moments.Add(row);
  }
  return moments;
}

// The same as summaries by mean and covariances would give it.
JointMoments WithoutThirds(const JointMoments& moments) {
  std::vector<double> mean, upper;
  for (int i = 0; i < moments.size(); ++i) {
    mean.push_back(moments.mean(i));
    for (int j = i; j < moments.size(); ++j) upper.push_back(moments.comoment(i, j));
  }
  return JointMoments::FromParts(moments.n(), mean, upper);
}

// Residuals that are wider where the covariate is large.
UserRows DrawUnevenRows(int users, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> draw;
  std::exponential_distribution<double> covariate;
  UserRows rows;
  for (int i = 0; i < users; ++i) {
    const double x = covariate(random);
    rows.covariates.push_back(x);
    rows.outcome.push_back(x + (0.5 + x) * draw(random));
  }
  return rows;
}

// How far the variance from moments is from HC2, as root mean square over many draws, relative: with third moments and
// without. A fifth of the users are treated, because equal arms' errors cancel.
struct DistanceFromHc2 {
  double with_thirds = 0.0;
  double without = 0.0;
};
DistanceFromHc2 MeasureDistance(int users) {
  constexpr int kRuns = 200;
  DistanceFromHc2 squares;
  for (int run = 0; run < kRuns; ++run) {
    const auto seed = static_cast<uint64_t>(2 * run);
    const UserRows control = DrawUnevenRows(4 * users, seed), treatment = DrawUnevenRows(users, seed + 1);
    const double hc2 = std::pow(AdjustUsers(control, treatment, 1, 0.95)->se_hc2, 2.0);
    const JointMoments c = MomentsOf(control), t = MomentsOf(treatment);
    const double by_thirds = std::pow(AdjustMeans(c, t, 0.95)->conditional_se, 2.0);
    const double by_squares = std::pow(AdjustMeans(WithoutThirds(c), WithoutThirds(t), 0.95)->conditional_se, 2.0);
    squares.with_thirds += std::pow(by_thirds / hc2 - 1.0, 2.0) / kRuns;
    squares.without += std::pow(by_squares / hc2 - 1.0, 2.0) / kRuns;
  }
  return {std::sqrt(squares.with_thirds), std::sqrt(squares.without)};
}

TEST(AdjustmentTest, ThirdMomentsGiveHc2UpToTermsOfTheOrderOfOneOverTheUsers) {
  const DistanceFromHc2 few = MeasureDistance(100), many = MeasureDistance(1600);
  // 16 times the users: a sixteenth of a distance of that order, a quarter of one of the order of their root.
  EXPECT_GT(few.with_thirds / many.with_thirds, 8.0);
  EXPECT_LT(few.without / many.without, 6.0);
  EXPECT_GT(many.without / many.with_thirds, 4.0);
}

TEST(AdjustmentTest, MomentsAndUserRowsGiveTheSameEffectAndNearlyTheSameError) {
  const UserRows control = DrawRows(400, 0.0, 2.0, 1);
  const UserRows treatment = DrawRows(300, 0.5, 2.5, 2);
  const auto by_moments = AdjustMeans(MomentsOf(control), MomentsOf(treatment), 0.95);
  const auto by_rows = AdjustUsers(control, treatment, 2, 0.95);
  ASSERT_TRUE(by_moments.ok() && by_rows.ok());
  EXPECT_NEAR(by_moments->estimate.effect, by_rows->estimate.effect, 1e-10);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(by_moments->control_slopes[i], by_rows->control_slopes[i], 1e-10);
    EXPECT_NEAR(by_moments->treatment_slopes[i], by_rows->treatment_slopes[i], 1e-10);
  }
  EXPECT_NEAR(by_moments->conditional_se / by_rows->se_hc2, 1.0, 0.02);
  EXPECT_LT(by_rows->se_hc0, by_rows->se_hc2);
  EXPECT_LT(by_rows->se_hc2, by_rows->se_hc3);
  EXPECT_GE(by_moments->estimate.se, by_moments->conditional_se);
}

TEST(AdjustmentTest, ExplainedVarianceGoesAway) {
  const JointMoments control = MomentsOf(DrawRows(2000, 0.0, 3.0, 3));
  const JointMoments treatment = MomentsOf(DrawRows(2000, 0.0, 3.0, 4));
  const auto plain = CompareMeans(control.Marginal(0), treatment.Marginal(0), 0.95);
  const auto adjusted = AdjustMeans(control, treatment, 0.95);
  ASSERT_TRUE(plain.ok() && adjusted.ok());
  // Of the variance 9 + 1 + 1 the noise's 1 is left.
  EXPECT_NEAR(adjusted->estimate.se / plain->se, std::sqrt(1.0 / 11.0), 0.02);
}

TEST(AdjustmentTest, TheMeansAgreeWithTheEstimate) {
  const auto adjusted = AdjustMeans(MomentsOf(DrawRows(50, 0.0, 1.0, 5)), MomentsOf(DrawRows(70, 0.3, -1.0, 6)), 0.95);
  ASSERT_TRUE(adjusted.ok());
  EXPECT_NEAR(adjusted->means.treatment - adjusted->means.control, adjusted->estimate.effect, 1e-12);
  EXPECT_NEAR(std::sqrt(adjusted->means.DifferenceVariance()), adjusted->estimate.se, 1e-12);
  EXPECT_TRUE(CheckArmMeans(adjusted->means).ok());
}

TEST(AdjustmentTest, CollinearAndConstantCovariatesAreDropped) {
  const auto with_copies = [](const JointMoments& arm) {
    // outcome, x, 2 x + 1, constant, z
    const double xx = arm.comoment(1, 1);
    const double xz = arm.comoment(1, 2);
    return JointMoments::FromParts(
        arm.n(), {arm.mean(0), arm.mean(1), 2 * arm.mean(1) + 1, 3.0, arm.mean(2)},
        {arm.comoment(0, 0), arm.comoment(0, 1), 2 * arm.comoment(0, 1), 0.0, arm.comoment(0, 2),  //
         xx, 2 * xx, 0.0, xz, 4 * xx, 0.0, 2 * xz, 0.0, 0.0, arm.comoment(2, 2)});
  };
  const JointMoments control = WithoutThirds(MomentsOf(DrawRows(60, 0.0, 1.0, 7)));
  const JointMoments treatment = WithoutThirds(MomentsOf(DrawRows(60, 0.0, 1.0, 8)));
  const auto plain = AdjustMeans(control, treatment, 0.95);
  const auto copies = AdjustMeans(with_copies(control), with_copies(treatment), 0.95);
  ASSERT_TRUE(plain.ok() && copies.ok());
  EXPECT_EQ(copies->is_dropped, (std::vector<bool>{false, true, true, false}));
  EXPECT_NEAR(copies->estimate.effect, plain->estimate.effect, 1e-10);
  EXPECT_NEAR(copies->estimate.se, plain->estimate.se, 1e-10);
}

TEST(AdjustmentTest, WithoutUsableCovariatesItIsWelch) {
  JointMoments control(2);
  JointMoments treatment(2);
  for (int i = 0; i < 20; ++i) {
    control.Add({static_cast<double>(i % 5), 1.0});
    treatment.Add({static_cast<double>(i % 6), 1.0});
  }
  const auto adjusted = AdjustMeans(control, treatment, 0.95);
  const auto welch = CompareMeans(control.Marginal(0), treatment.Marginal(0), 0.95);
  ASSERT_TRUE(adjusted.ok() && welch.ok());
  EXPECT_DOUBLE_EQ(adjusted->estimate.effect, welch->effect);
  EXPECT_DOUBLE_EQ(adjusted->estimate.se, welch->se);
  EXPECT_NEAR(adjusted->estimate.test.df, welch->test.df, 1e-9);
}

TEST(AdjustmentTest, AMissingCovariateIsAnIndicatorOfItsOwn) {
  std::vector<double> row = {12.0};
  AppendCovariate(3.5, row);
  AppendCovariate(std::nullopt, row);
  EXPECT_EQ(row, (std::vector<double>{12.0, 3.5, 0.0, 0.0, 1.0}));

  // Where nobody misses it, the indicator is dropped and nothing changes.
  const UserRows control = DrawRows(30, 0.0, 1.0, 9);
  const UserRows treatment = DrawRows(30, 0.0, 1.0, 10);
  const auto expand = [](const UserRows& rows) {
    UserRows expanded{rows.outcome, {}};
    for (const double x : rows.covariates) AppendCovariate(x, expanded.covariates);
    return expanded;
  };
  const auto plain = AdjustUsers(control, treatment, 2, 0.95);
  const auto expanded = AdjustUsers(expand(control), expand(treatment), 4, 0.95);
  ASSERT_TRUE(plain.ok() && expanded.ok());
  EXPECT_NEAR(expanded->estimate.effect, plain->estimate.effect, 1e-10);
  EXPECT_NEAR(expanded->se_hc2, plain->se_hc2, 1e-10);
}

TEST(AdjustmentTest, TinyArmsFallBackAndHaveAReason) {
  JointMoments one(2);
  one.Add({1.0, 2.0});
  JointMoments two = one;
  two.Add({2.0, 5.0});
  const auto single = AdjustMeans(one, two, 0.95);
  ASSERT_TRUE(single.ok());
  EXPECT_EQ(single->estimate.gap, Gap::kTooFewUsers);
  const auto pair = AdjustMeans(two, two, 0.95);
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(pair->estimate.gap, Gap::kNone);
  EXPECT_EQ(pair->is_dropped, std::vector<bool>{true});
  const auto empty = AdjustMeans(JointMoments(2), two, 0.95);
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->estimate.gap, Gap::kNoUsers);
  const auto rows = AdjustUsers({{1.0, 2.0}, {0.0, 1.0}}, {{1.0, 2.0, 4.0}, {0.0, 1.0, 1.0}}, 1, 0.95);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->estimate.gap, Gap::kTooFewUsers);
}

TEST(AdjustmentTest, BadInputNamesTheField) {
  const JointMoments good = MomentsOf(DrawRows(10, 0.0, 1.0, 11));
  EXPECT_EQ(ProblemsOf(AdjustMeans(good, JointMoments(2), 0.95).status()).at(0).field, "treatment");
  const JointMoments bad = JointMoments::FromParts(10, {0, 0, 0}, {1, 1, 0, 1, 5, 1});
  EXPECT_EQ(ProblemsOf(AdjustMeans(bad, good, 0.95).status()).at(0).field, "control.comoment[1,2]");
  EXPECT_EQ(ProblemsOf(AdjustUsers({{1.0}, {}}, {{1.0}, {1.0}}, 1, 0.95).status()).at(0).field, "control.covariates");
  const UserRows infinite = {{1.0, HUGE_VAL}, {0.0, 1.0}};
  EXPECT_FALSE(AdjustUsers(infinite, {{1.0}, {1.0}}, 1, 0.95).ok());
}

}  // namespace
}  // namespace tierwise
