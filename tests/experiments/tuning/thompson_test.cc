// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/thompson.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

TEST(NextSharesTest, AreEvenUntilEveryArmHasUsers) {
  EXPECT_THAT(NextShares({{1000, 9.0, 0.1}, {99, 0.0, 0.1}}, {}).value(), ElementsAre(0.5, 0.5));
}

TEST(NextSharesTest, FollowTheProbabilityOfBeingBestAboveTheFloor) {
  const std::vector<ArmBelief> arms = {{1000, 0.0, 1.0}, {1000, 0.0, 1.0}, {1000, -100.0, 1.0}};
  EXPECT_THAT(NextShares(arms, {.floor = 0.1}).value(),
              Pointwise(DoubleNear(1e-9), std::vector<double>{0.45, 0.45, 0.1}));
  EXPECT_THAT(NextShares(arms, {.floor = 0.1, .uniform_share = 0.3}).value(),
              Pointwise(DoubleNear(1e-9), std::vector<double>{0.415, 0.415, 0.17}));
}

TEST(NextSharesTest, TopTwoKeepsPlayingTheChallenger) {
  const std::vector<ArmBelief> arms = {{1000, 1.0, 0.1}, {1000, 0.0, 0.1}};
  const AllocationOptions options{.rule = AllocationRule::kTopTwo, .floor = 0.0};
  EXPECT_THAT(NextShares(arms, options).value(), Pointwise(DoubleNear(1e-9), std::vector<double>{0.5, 0.5}));
}

TEST(NextSharesTest, AStoppedArmGetsNobody) {
  const std::vector<ArmBelief> arms = {{1000, 0.0, 1.0}, {1000, 50.0, 1.0, true}, {1000, 0.0, 1.0}};
  EXPECT_THAT(NextShares(arms, {}).value(), Pointwise(DoubleNear(1e-9), std::vector<double>{0.5, 0.0, 0.5}));
}

TEST(NextSharesTest, NamesWhatIsWrong) {
  EXPECT_EQ(ProblemsOf(NextShares({{1000, 0.0, 1.0}, {1000, 0.0, 1.0}}, {.floor = 0.6}).status())[0].field, "floor");
  EXPECT_EQ(ProblemsOf(NextShares({{1000, 0.0, -1.0}}, {}).status())[0].field, "arms[0].sd");
  EXPECT_EQ(ProblemsOf(NextShares({{1000, 0.0, 1.0, true}}, {}).status())[0].field, "arms");
}

TEST(WeightsOfTest, RoundsToTheTotalAndKeepsEveryArm) {
  EXPECT_THAT(WeightsOf({0.5, 0.3, 0.2}, 10), ElementsAre(5u, 3u, 2u));
  EXPECT_THAT(WeightsOf({1.0 / 3, 1.0 / 3, 1.0 / 3}, 100), ElementsAre(34u, 33u, 33u));
  EXPECT_THAT(WeightsOf({0.9999, 0.00005, 0.00005, 0.0}, 100), ElementsAre(98u, 1u, 1u, 0u));
}

TEST(WeightsOfTest, AlwaysAddsUp) {
  RandomDraws random(2);
  for (int run = 0; run < 500; ++run) {
    std::vector<double> shares(1 + static_cast<size_t>(random.Uniform() * 8));
    for (double& share : shares) share = random.Uniform();
    const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share /= total;
    const std::vector<uint32_t> weights = WeightsOf(shares, 1000);
    EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), 0u), 1000u);
    for (size_t i = 0; i < shares.size(); ++i) EXPECT_NEAR(weights[i], 1000.0 * shares[i], 1.0 + 1e-9);
  }
}

}  // namespace
}  // namespace tierwise
