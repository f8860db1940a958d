// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "experiments/tuning/isotonic.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

std::vector<double> Fit(const std::vector<double>& y, const std::vector<double>& weights,
                        MonotoneDirection direction = MonotoneDirection::kNonDecreasing) {
  return IsotonicFit(y, weights, direction).value();
}

// max over s <= i of min over t >= i of the weighted mean of s..t.
std::vector<double> MinMaxFormula(const std::vector<double>& y, const std::vector<double>& weights) {
  std::vector<double> result;
  for (size_t i = 0; i < y.size(); ++i) {
    double highest = -std::numeric_limits<double>::infinity();
    for (size_t s = 0; s <= i; ++s) {
      double lowest = std::numeric_limits<double>::infinity();
      for (size_t t = i; t < y.size(); ++t) {
        double sum = 0.0;
        double weight = 0.0;
        for (size_t j = s; j <= t; ++j) {
          sum += weights[j] * y[j];
          weight += weights[j];
        }
        lowest = std::min(lowest, sum / weight);
      }
      highest = std::max(highest, lowest);
    }
    result.push_back(highest);
  }
  return result;
}

TEST(IsotonicProperty, EqualsTheMinMaxFormula) {
  RandomDraws random(1);
  for (int run = 0; run < 300; ++run) {
    const auto size = 1 + static_cast<size_t>(random.Uniform() * 12);
    std::vector<double> y(size);
    std::vector<double> weights(size);
    std::vector<double> negated(size);
    for (size_t i = 0; i < size; ++i) {
      y[i] = random.Normal() + 0.1 * static_cast<double>(i);
      weights[i] = std::exp(2.0 * random.Normal());
      negated[i] = -y[i];
    }
    const std::vector<double> expected = MinMaxFormula(y, weights);
    EXPECT_THAT(Fit(y, weights), Pointwise(DoubleNear(1e-10), expected));
    std::vector<double> mirrored = Fit(negated, weights, MonotoneDirection::kNonIncreasing);
    for (double& value : mirrored) value = -value;
    EXPECT_THAT(mirrored, Pointwise(DoubleNear(1e-10), expected));
  }
}

}  // namespace
}  // namespace tierwise
