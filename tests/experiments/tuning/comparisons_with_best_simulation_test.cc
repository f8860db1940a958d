// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "experiments/tuning/comparisons_with_best.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

TEST(ComparisonsWithBestSimulation, TheSetHoldsTheBestArmAndTheIntervalsHoldAtOnce) {
  constexpr int kRuns = 1500;
  const std::vector<double> truth = {0.0, 0.5, 1.0, 1.0, 0.9};
  const std::vector<double> std_errors = {0.3, 1.0, 0.5, 1.0, 2.0};
  RandomDraws random(21);
  int holds_best = 0;
  int all_hold = 0;
  std::vector<double> estimates(truth.size());
  for (int run = 0; run < kRuns; ++run) {
    for (size_t i = 0; i < truth.size(); ++i) estimates[i] = truth[i] + std_errors[i] * random.Normal();
    const auto result = CompareWithBest(estimates, std_errors, 0.95).value();
    holds_best += result[2].may_be_best && result[3].may_be_best;
    bool holds = true;
    for (size_t i = 0; i < truth.size(); ++i) {
      double best_other = -1e9;
      for (size_t j = 0; j < truth.size(); ++j) {
        if (j != i) best_other = std::max(best_other, truth[j]);
      }
      holds = holds && result[i].difference_to_best_other.Contains(truth[i] - best_other);
    }
    all_hold += holds;
  }
  const double tail = 3.0 * std::sqrt(0.95 * 0.05 * kRuns);
  EXPECT_GT(all_hold, 0.95 * kRuns - tail);
  EXPECT_GT(holds_best, 0.90 * kRuns - tail);
}

}  // namespace
}  // namespace tierwise
