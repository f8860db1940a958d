// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/best_arm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(BestArmTest, TwoArmsFollowTheNormalDifference) {
  const std::vector<double> p = ProbabilityBest({1.0, 1.5}, {0.3, 0.4}).value();
  EXPECT_NEAR(p[0], NormalCdf(-0.5 / 0.5), 1e-10);
  EXPECT_NEAR(p[1], NormalCdf(0.5 / 0.5), 1e-10);
}

TEST(BestArmTest, EqualArmsShareEqually) {
  const std::vector<double> shares = ProbabilityBest({2, 2, 2, 2, 2}, {1, 1, 1, 1, 1}).value();
  for (double p : shares) EXPECT_NEAR(p, 0.2, 1e-12);
}

TEST(BestArmTest, AKnownMeanIsAPointMass) {
  const std::vector<double> p = ProbabilityBest({0.0, 1.0}, {0.0, 2.0}).value();
  EXPECT_NEAR(p[0], NormalCdf(-0.5), 1e-10);
  EXPECT_THAT(ProbabilityBest({3, 3, 1}, {0, 0, 0}).value(), ElementsAre(0.5, 0.5, 0.0));
  EXPECT_THAT(ProbabilityBest({7}, {0}).value(), ElementsAre(1.0));
}

TEST(BestArmTest, ScalesFarApartKeepTheirDigits) {
  const std::vector<double> p = ProbabilityBest({0.0, 0.0}, {1e-6, 1e6}).value();
  EXPECT_NEAR(p[0], 0.5, 1e-9);
}

TEST(BestArmTest, NamesWhatIsWrong) {
  const auto status = ProbabilityBest({0.0, std::nan("")}, {1.0, -1.0}).status();
  ASSERT_EQ(ProblemsOf(status).size(), 2u);
  EXPECT_EQ(ProblemsOf(status)[0].field, "means[1]");
  EXPECT_EQ(ProblemsOf(status)[1].field, "sds[1]");
  EXPECT_FALSE(ProbabilityBest({}, {}).ok());
}

TEST(TopTwoTest, CertainWinnerLeavesTheRestEqual) {
  EXPECT_THAT(TopTwoShares({1.0, 0.0, 0.0}, 0.5).value(), ElementsAre(0.5, 0.25, 0.25));
  EXPECT_THAT(TopTwoShares({1.0}, 0.5).value(), ElementsAre(1.0));
}

TEST(TopTwoTest, WithBetaOneIsThompsonSampling) {
  EXPECT_THAT(TopTwoShares({0.2, 0.5, 0.3}, 1.0).value(), ElementsAre(0.2, 0.5, 0.3));
}

TEST(TopTwoTest, RefusesProbabilitiesThatDoNotSumToOne) {
  EXPECT_EQ(ProblemsOf(TopTwoShares({0.2, 0.2}, 0.5).status())[0].field, "probability_best");
  EXPECT_EQ(ProblemsOf(TopTwoShares({0.5, 0.5}, 1.5).status())[0].field, "beta");
}

}  // namespace
}  // namespace tierwise
