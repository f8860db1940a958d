// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "experiments/tuning/best_arm.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

TEST(BestArmProperty, AgreesWithDrawsAndSharesSumToOne) {
  RandomDraws random(5);
  constexpr int kDraws = 20'000;
  for (int run = 0; run < 20; ++run) {
    const auto k = 2 + static_cast<size_t>(random.Uniform() * 6);
    std::vector<double> means(k);
    std::vector<double> sds(k);
    for (size_t i = 0; i < k; ++i) {
      means[i] = random.Normal();
      sds[i] = std::exp(random.Normal());
    }
    const std::vector<double> p = ProbabilityBest(means, sds).value();
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1.0, 1e-12);
    const std::vector<double> shares = TopTwoShares(p, 0.5).value();
    EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1.0, 1e-12);
    std::vector<double> times(k, 0.0);
    std::vector<double> draw(k);
    for (int r = 0; r < kDraws; ++r) {
      for (size_t i = 0; i < k; ++i) draw[i] = means[i] + sds[i] * random.Normal();
      times[static_cast<size_t>(std::max_element(draw.begin(), draw.end()) - draw.begin())] += 1.0 / kDraws;
    }
    for (size_t i = 0; i < k; ++i) {
      EXPECT_NEAR(p[i], times[i], 5.0 * std::sqrt((p[i] + 1e-4) * (1.0001 - p[i]) / kDraws));
    }
  }
}

}  // namespace
}  // namespace tierwise
