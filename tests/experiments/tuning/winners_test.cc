// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/winners.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

TEST(WinnersTest, AClearWinnerNeedsNoCorrection) {
  const WinnerEstimate estimate = CorrectWinner({0.0, 10.0, 1.0}, {0.5, 1.0, 0.5}, 0.95).value();
  EXPECT_EQ(estimate.winner, 1u);
  EXPECT_NEAR(estimate.median_unbiased, 10.0, 1e-6);
  EXPECT_NEAR(estimate.hybrid, 10.0, 0.02);
  EXPECT_NEAR(estimate.conditional_interval.lower, estimate.naive_interval.lower, 1e-3);
  EXPECT_NEAR(estimate.conditional_interval.upper, estimate.naive_interval.upper, 1e-3);
}

TEST(WinnersTest, OneArmAloneIsNotSelected) {
  const WinnerEstimate estimate = CorrectWinner({3.0}, {1.0}, 0.9).value();
  EXPECT_NEAR(estimate.median_unbiased, 3.0, 1e-9);
  EXPECT_NEAR(estimate.projection_interval.lower, estimate.naive_interval.lower, 1e-9);
}

TEST(WinnersTest, AtATieTheConditionalEstimateIsUnboundedAndTheHybridIsNot) {
  const WinnerEstimate estimate = CorrectWinner({1.0, 1.0}, {0.1, 0.1}, 0.95).value();
  EXPECT_EQ(estimate.winner, 0u);
  EXPECT_EQ(estimate.median_unbiased, -std::numeric_limits<double>::infinity());
  EXPECT_GT(estimate.hybrid, 0.6);
  EXPECT_LT(estimate.hybrid, 1.0);
  EXPECT_TRUE(estimate.hybrid_interval.IsBounded());
}

TEST(WinnersTest, HybridStaysInsideAWideConditionalInterval) {
  const WinnerEstimate estimate = CorrectWinner({0.03, 0.029}, {0.01, 0.01}, 0.95).value();
  EXPECT_GT(estimate.hybrid_interval.lower, estimate.conditional_interval.lower);
  EXPECT_GT(estimate.hybrid_interval.lower, 0.03 - 0.032);
}

TEST(WinnersTest, ArmsThatMoveTogetherNeedLessCorrection) {
  const std::vector<double> independent = {1.0, 0.0, 0.0, 1.0};
  const std::vector<double> together = {1.0, 0.9, 0.9, 1.0};
  const double alone = CorrectCorrelatedWinner({2.0, 1.5}, independent, 0.95)->median_unbiased;
  const double shared = CorrectCorrelatedWinner({2.0, 1.5}, together, 0.95)->median_unbiased;
  EXPECT_LT(alone, shared);
  EXPECT_LT(shared, 2.0);
}

TEST(WinnersTest, NamesWhatIsWrong) {
  EXPECT_EQ(ProblemsOf(CorrectWinner({}, {}, 0.95).status())[0].field, "estimates");
  EXPECT_EQ(ProblemsOf(CorrectWinner({1.0}, {0.0}, 0.95).status())[0].field, "std_errors[0]");
  EXPECT_EQ(ProblemsOf(CorrectWinner({1.0}, {1.0}, 1.0).status())[0].field, "confidence");
  EXPECT_EQ(ProblemsOf(CorrectCorrelatedWinner({1.0, 2.0}, {1.0}, 0.9).status())[0].field, "covariance");
}

}  // namespace
}  // namespace tierwise
