// SPDX-License-Identifier: Apache-2.0
// Always-valid intervals of adaptive experiments with known truth, read after every batch. Bounds carry three
// Monte-Carlo standard errors.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/tuning/adaptive_contrast.h"
#include "experiments/tuning/random.h"
#include "experiments/tuning/thompson.h"

namespace tierwise {
namespace {

constexpr int kRuns = 600;
constexpr int kBatches = 28;
constexpr int kUsers = 600;

struct Misses {
  int always_valid = 0;  // runs in which some look missed the truth
  int naive = 0;
};

// Thompson sampling over arms with these rates; misses of the last arm's difference to the first.
Misses Simulate(const std::vector<double>& rates, double floor, uint64_t seed) {
  Misses misses;
  const size_t k = rates.size();
  for (int run = 0; run < kRuns; ++run) {
    RandomDraws random(seed + static_cast<uint64_t>(run));
    std::vector<AdaptiveBatch> batches;
    std::vector<Moments> all(k);
    bool is_missed = false;
    bool is_naively_missed = false;
    for (int b = 0; b < kBatches; ++b) {
      std::vector<ArmBelief> beliefs;
      for (const Moments& arm : all) {
        const auto n = static_cast<double>(arm.n);
        beliefs.push_back({arm.n, arm.mean, arm.n == 0 ? 0.0 : std::sqrt(arm.Variance() / n + 1e-8)});
      }
      AllocationOptions options;
      options.floor = floor;
      AdaptiveBatch batch{NextShares(beliefs, options).value(), std::vector<Moments>(k)};
      for (int i = 0; i < kUsers; ++i) {
        double u = random.Uniform();
        size_t arm = 0;
        while (arm + 1 < k && u >= batch.shares[arm]) u -= batch.shares[arm++];
        batch.outcomes[arm].Add(random.Uniform() < rates[arm] ? 1.0 : 0.0);
      }
      for (size_t a = 0; a < k; ++a) all[a].Merge(batch.outcomes[a]);
      batches.push_back(std::move(batch));
      AdaptiveContrastOptions contrast;
      contrast.tightest_at_users = kBatches * kUsers;
      const AdaptiveContrast read = EvaluateAdaptiveContrast(batches, k - 1, 0, contrast).value();
      const double truth = rates.back() - rates.front();
      is_missed = is_missed || !read.value.interval.Contains(truth);
      const double se = std::sqrt(all[k - 1].Variance() / static_cast<double>(all[k - 1].n) +
                                  all[0].Variance() / static_cast<double>(all[0].n));
      is_naively_missed = is_naively_missed || std::abs(all[k - 1].mean - all[0].mean - truth) > 1.96 * se;
    }
    misses.always_valid += is_missed;
    misses.naive += is_naively_missed;
  }
  return misses;
}

TEST(AdaptiveContrastSimulation, HoldsAtEveryLookTogether) {
  const double most = 0.05 * kRuns + 3.0 * std::sqrt(0.05 * 0.95 * kRuns);
  for (double floor : {0.02, 0.1}) {
    const Misses equal = Simulate({0.05, 0.05, 0.05}, floor, 1);
    EXPECT_LE(equal.always_valid, most) << floor;
    EXPECT_GT(equal.naive, most) << "the naive interval is wrong here, or this test shows nothing";
    EXPECT_LE(Simulate({0.05, 0.06, 0.08}, floor, 2).always_valid, most) << floor;
  }
}

}  // namespace
}  // namespace tierwise
