// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/tuning/random.h"
#include "experiments/tuning/winners.h"

namespace tierwise {
namespace {

// The truth of the winning arm lies below the median-unbiased estimate half of the time, and inside each interval as
// often as it says; the naive estimate is too high far more often.
TEST(WinnersSimulation, MedianUnbiasedAndCoveringWhereTheNaiveIsNot) {
  constexpr int kRuns = 4000;
  const std::vector<double> truth = {0.0, 0.0, 0.2, 0.3, 0.3, 0.3};
  const std::vector<double> std_errors = {1.0, 0.5, 1.0, 0.8, 1.0, 1.2};
  RandomDraws random(11);
  int below = 0;
  int naive_below = 0;
  int hybrid_below = 0;
  int conditional = 0;
  int hybrid = 0;
  int projection = 0;
  int naive = 0;
  std::vector<double> estimates(truth.size());
  for (int run = 0; run < kRuns; ++run) {
    for (size_t i = 0; i < truth.size(); ++i) estimates[i] = truth[i] + std_errors[i] * random.Normal();
    const WinnerEstimate winner = CorrectWinner(estimates, std_errors, 0.95).value();
    const double value = truth[winner.winner];
    below += value < winner.median_unbiased;
    naive_below += value < winner.naive;
    hybrid_below += value < winner.hybrid;
    conditional += winner.conditional_interval.Contains(value);
    hybrid += winner.hybrid_interval.Contains(value);
    projection += winner.projection_interval.Contains(value);
    naive += winner.naive_interval.Contains(value);
  }
  const double half = 3.0 * std::sqrt(0.25 * kRuns);
  const double tail = 3.0 * std::sqrt(0.95 * 0.05 * kRuns);
  EXPECT_NEAR(below, 0.5 * kRuns, half);
  EXPECT_NEAR(hybrid_below, 0.5 * kRuns, half + 0.005 * kRuns);
  EXPECT_NEAR(conditional, 0.95 * kRuns, tail);
  EXPECT_GT(hybrid, 0.95 * kRuns - tail);
  EXPECT_GT(projection, 0.95 * kRuns - tail);
  EXPECT_GT(naive_below, 0.9 * kRuns);
  EXPECT_LT(naive, 0.92 * kRuns);
}

}  // namespace
}  // namespace tierwise
