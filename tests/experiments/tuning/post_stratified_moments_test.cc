// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/post_stratified_moments.h"

#include <gtest/gtest.h>

#include <vector>

namespace tierwise {
namespace {

JointMoments MomentsOf(const std::vector<std::vector<double>>& users) {
  JointMoments moments(static_cast<int>(users[0].size()));
  for (const std::vector<double>& user : users) moments.Add(user);
  return moments;
}

TEST(PostStratifiedMomentsTest, OneStratumStaysAsItIs) {
  const JointMoments only = MomentsOf({{1, 10}, {0, 0}, {1, 14}});
  const JointMoments result = PostStratifiedMoments({only}, {5.0});
  EXPECT_EQ(result.n(), 3);
  EXPECT_EQ(result.mean(1), only.mean(1));
  EXPECT_EQ(result.comoment(0, 1), only.comoment(0, 1));
}

TEST(PostStratifiedMomentsTest, MeansAreWeightedByTheWeightsAndNotByTheArmsOwnUsers) {
  const JointMoments first = MomentsOf({{1, 8}, {0, 0}});
  const JointMoments second = MomentsOf({{1, 4}, {1, 6}, {1, 5}, {0, 1}});
  const JointMoments result = PostStratifiedMoments({first, second}, {30.0, 10.0});
  EXPECT_EQ(result.n(), 6);
  EXPECT_DOUBLE_EQ(result.mean(0), 0.75 * 0.5 + 0.25 * 0.75);
  EXPECT_DOUBLE_EQ(result.mean(1), 0.75 * 4.0 + 0.25 * 4.0);
}

TEST(PostStratifiedMomentsTest, TheVarianceOfAMeanIsThatOfTheWeightedMean) {
  const JointMoments first = MomentsOf({{1, 8}, {0, 0}});
  const JointMoments second = MomentsOf({{1, 4}, {1, 6}, {1, 5}, {0, 1}});
  const JointMoments result = PostStratifiedMoments({first, second}, {3.0, 1.0});
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) {
      const double expected = 0.5625 * first.Covariance(i, j) / 2.0 + 0.0625 * second.Covariance(i, j) / 4.0;
      EXPECT_NEAR(result.Covariance(i, j) / static_cast<double>(result.n()), expected, 1e-15);
    }
  }
}

}  // namespace
}  // namespace tierwise
