// SPDX-License-Identifier: Apache-2.0
// Learnt policies over many logs with known truth. Bounds carry three Monte-Carlo standard errors.
#include <gtest/gtest.h>

#include <cmath>

#include "experiments/tuning/policy_learning.h"
#include "tests/experiments/tuning/policy_logs.h"

namespace tierwise {
namespace {

TEST(PolicyLearningSimulation, HonestIntervalsHoldWhereThereIsNothingToFind) {
  constexpr int kRuns = 400;
  int covered = 0;
  double gain = 0.0;
  double squares = 0.0;
  for (int run = 0; run < kRuns; ++run) {
    RandomDraws random(static_cast<uint64_t>(run));
    const PolicyData data = RandomisedLog(1'200, random, [](const PolicyData&, size_t, size_t) { return 1.0; });
    PolicyLearningOptions options;
    options.seed = static_cast<uint64_t>(run);
    const LearntPolicy policy = LearnPolicy(data, options).value();
    covered += policy.held_out.doubly_robust.interval.Contains(1.0);
    gain += policy.gain.value;
    squares += policy.gain.value * policy.gain.value;
  }
  EXPECT_GT(covered, 0.95 * kRuns - 3.0 * std::sqrt(0.95 * 0.05 * kRuns));
  const double mean = gain / kRuns;
  const double error = std::sqrt((squares / kRuns - mean * mean) / kRuns);
  EXPECT_NEAR(mean, 0.0, 3.0 * error);
}

TEST(PolicyLearningSimulation, TheHeldOutValueIsThatOfTheTreeItself) {
  constexpr int kRuns = 200;
  int covered = 0;
  double gained = 0.0;
  for (int run = 0; run < kRuns; ++run) {
    RandomDraws random(static_cast<uint64_t>(1'000 + run));
    // Arm 1 is worth what the age says, in both tiers.
    const auto mean_of = [](const PolicyData& data, size_t user, size_t arm) {
      return arm == 0 ? 0.0 : (data.attributes[0].values[user] - 45.0) / 40.0;
    };
    const PolicyData data = RandomisedLog(2'000, random, mean_of);
    PolicyLearningOptions options;
    options.seed = static_cast<uint64_t>(run);
    const LearntPolicy policy = LearnPolicy(data, options).value();
    // The tree's true value, over users of the same kind.
    const PolicyData fresh = RandomisedLog(20'000, random, mean_of);
    double truth = 0.0;
    for (size_t i = 0; i < fresh.users(); ++i) truth += mean_of(fresh, i, policy.tree.ArmOf(fresh, i)) / 20'000.0;
    covered += policy.held_out.doubly_robust.interval.Contains(truth);
    gained += policy.gain.value / kRuns;
  }
  EXPECT_GT(covered, 0.95 * kRuns - 3.0 * std::sqrt(0.95 * 0.05 * kRuns));
  // No tier tells the ages apart: a rule by age is worth about 0.17 more.
  EXPECT_GT(gained, 0.1);
}

}  // namespace
}  // namespace tierwise
