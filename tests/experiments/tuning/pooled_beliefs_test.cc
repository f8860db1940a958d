// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/pooled_beliefs.h"

#include <gtest/gtest.h>

#include <vector>

#include "experiments/base/problems.h"

namespace tierwise {
namespace {

TEST(PoolBeliefs, ATierThatKnowsLittleLeansOnTheOthers) {
  const std::vector<std::vector<ArmBelief>> tiers = {{{5'000, 0.10, 0.004}, {5'000, 0.12, 0.004}},
                                                     {{5'000, 0.10, 0.004}, {5'000, 0.12, 0.004}},
                                                     {{100, 0.10, 0.03}, {100, 0.06, 0.03}}};
  const auto pooled = PoolBeliefs(tiers, 0).value();
  EXPECT_GT(pooled[2][1].mean, 0.10);
  EXPECT_EQ(pooled[2][0].mean, 0.10);
  EXPECT_NEAR(pooled[0][1].mean, 0.12, 0.004);
  EXPECT_LT(pooled[2][1].sd, 0.03);
  const std::vector<double> alone = NextShares(tiers[2], {}).value();
  const std::vector<double> together = NextShares(pooled[2], {}).value();
  EXPECT_GT(together[1], alone[1]);
}

TEST(PoolBeliefs, LeavesWhatCannotBePooled) {
  const std::vector<std::vector<ArmBelief>> tiers = {{{5'000, 0.10, 0.004}, {5'000, 0.12, 0.004}}};
  EXPECT_EQ(PoolBeliefs(tiers, 0).value()[0][1].mean, 0.12);
  const std::vector<std::vector<ArmBelief>> empty = {{{0, 0.0, 0.0}, {0, 0.0, 0.0}}, {{0, 0.0, 0.0}, {0, 0.0, 0.0}}};
  EXPECT_EQ(PoolBeliefs(empty, 0).value()[1][1].mean, 0.0);
}

TEST(PoolBeliefs, NamesWhatIsWrong) {
  const std::vector<std::vector<ArmBelief>> ragged = {{{1, 0.1, 0.1}, {1, 0.1, 0.1}}, {{1, 0.1, 0.1}}};
  EXPECT_EQ(ProblemsOf(PoolBeliefs(ragged, 0).status())[0].field, "tiers[1]");
  EXPECT_EQ(ProblemsOf(PoolBeliefs({}, 0).status())[0].field, "tiers");
}

TEST(NextSharesFromOdds, FollowsTheOddsWithFloors) {
  const std::vector<ArmBelief> arms(3, {1'000, 0.0, 0.0});
  AllocationOptions options;
  options.floor = 0.1;
  const std::vector<double> shares = NextSharesFromOdds(arms, {0.0, 0.2, 0.8}, options).value();
  EXPECT_NEAR(shares[0], 0.1, 1e-12);
  EXPECT_NEAR(shares[1], 0.1 + 0.7 * 0.2, 1e-12);
  EXPECT_NEAR(shares[2], 0.1 + 0.7 * 0.8, 1e-12);
  EXPECT_EQ(ProblemsOf(NextSharesFromOdds(arms, {0.0, 0.0, 0.0}, options).status())[0].field, "best_probability");
  EXPECT_EQ(ProblemsOf(NextSharesFromOdds(arms, {1.0}, options).status())[0].field, "best_probability");
}

}  // namespace
}  // namespace tierwise
