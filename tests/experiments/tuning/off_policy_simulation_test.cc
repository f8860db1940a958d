// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/tuning/off_policy.h"
#include "experiments/tuning/random.h"
#include "experiments/tuning/thompson.h"

namespace tierwise {
namespace {

// A rule "treat tier 1 only" read out of an experiment with unequal propensities. The predictions are wrong on purpose.
TEST(OffPolicySimulation, IntervalsCoverTheValueOfARule) {
  RandomDraws random(31);
  constexpr int kRuns = 600;
  constexpr double kTruth = 0.5 * 1.0 + 0.5 * 3.0;
  int ipw = 0;
  int hajek = 0;
  int robust = 0;
  double ipw_width = 0.0;
  double robust_width = 0.0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<LoggedUser> log;
    for (int i = 0; i < 500; ++i) {
      const bool is_tier_1 = random.Uniform() < 0.5;
      const double share = is_tier_1 ? 0.3 : 0.6;
      const bool treated = random.Uniform() < share;
      const double mean = is_tier_1 ? (treated ? 3.0 : 2.0) : (treated ? 0.5 : 1.0);
      const double predicted_at_policy = is_tier_1 ? 2.5 : 1.5;
      log.push_back({mean + random.Normal(), treated ? share : 1.0 - share, treated == is_tier_1 ? 1.0 : 0.0,
                     treated == is_tier_1 ? predicted_at_policy : 0.0, predicted_at_policy});
    }
    const PolicyEvaluation result = EvaluatePolicy(log, 0.95).value();
    ipw += result.ipw.interval.Contains(kTruth);
    hajek += result.self_normalised.interval.Contains(kTruth);
    robust += result.doubly_robust.interval.Contains(kTruth);
    ipw_width += result.ipw.se;
    robust_width += result.doubly_robust.se;
  }
  const double tail = 3.0 * std::sqrt(0.95 * 0.05 * kRuns);
  EXPECT_NEAR(ipw, 0.95 * kRuns, tail + 0.01 * kRuns);
  EXPECT_NEAR(hajek, 0.95 * kRuns, tail + 0.01 * kRuns);
  EXPECT_NEAR(robust, 0.95 * kRuns, tail + 0.01 * kRuns);
  EXPECT_LT(robust_width, 0.8 * ipw_width);
}

// 28 batches of 600 over three equal arms at 5 %, Thompson with a floor of 1 %.
TEST(OffPolicySimulation, AdaptiveWeightsRepairWhatThompsonBreaks) {
  RandomDraws random(17);
  constexpr int kRuns = 500;
  constexpr double kRate = 0.05;
  int covered = 0;
  int naive_covered = 0;
  double bias = 0.0;
  double naive_bias = 0.0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<AdaptiveBatch> batches;
    std::vector<Moments> total(3);
    std::vector<double> shares(3, 1.0 / 3.0);
    for (int b = 0; b < 28; ++b) {
      AdaptiveBatch batch{shares, std::vector<Moments>(3)};
      for (int i = 0; i < 600; ++i) {
        const double u = random.Uniform();
        const size_t arm = u < shares[0] ? 0 : u < shares[0] + shares[1] ? 1 : 2;
        batch.outcomes[arm].Add(random.Uniform() < kRate ? 1.0 : 0.0);
      }
      std::vector<ArmBelief> beliefs;
      for (size_t arm = 0; arm < 3; ++arm) {
        total[arm].Merge(batch.outcomes[arm]);
        const auto n = static_cast<double>(total[arm].n);
        beliefs.push_back({total[arm].n, total[arm].mean, std::sqrt((total[arm].m2 + 0.05) / n / n)});
      }
      shares = NextShares(beliefs, {.floor = 0.01}).value();
      batches.push_back(batch);
    }
    for (size_t arm = 0; arm < 3; ++arm) {
      const AdaptiveArm result = EvaluateAdaptiveArm(batches, arm, 0.95).value();
      covered += result.weighted.interval.Contains(kRate);
      naive_covered += result.naive.interval.Contains(kRate);
      bias += (result.weighted.value - kRate) / (3.0 * kRuns);
      naive_bias += (result.naive.value - kRate) / (3.0 * kRuns);
    }
  }
  const double n = 3.0 * kRuns;
  EXPECT_GT(covered / n, 0.92);
  EXPECT_GT(covered, naive_covered);
  EXPECT_LT(naive_bias, 0.0);
  EXPECT_LT(std::abs(bias), std::abs(naive_bias));
}

}  // namespace
}  // namespace tierwise
