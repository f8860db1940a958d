// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/isotonic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
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

TEST(IsotonicTest, LeavesAMonotoneSequenceAsItIs) {
  EXPECT_THAT(Fit({1, 2, 3}, {1, 5, 2}), ElementsAre(1, 2, 3));
  EXPECT_THAT(Fit({3, 2, 1}, {1, 5, 2}, MonotoneDirection::kNonIncreasing), ElementsAre(3, 2, 1));
}

TEST(IsotonicTest, PoolsViolatorsByWeight) {
  EXPECT_THAT(Fit({1, 3, 2, 4}, {1, 1, 3, 1}), ElementsAre(1, 2.25, 2.25, 4));
  EXPECT_THAT(Fit({1, 2, 3}, {1, 5, 2}, MonotoneDirection::kNonIncreasing), ElementsAre(2.125, 2.125, 2.125));
}

TEST(IsotonicTest, EmptyInEmptyOut) { EXPECT_THAT(Fit({}, {}), ElementsAre()); }

TEST(IsotonicTest, EntriesWithoutWeightTakeTheirNeighboursValue) {
  std::vector<double> y = {9, 1, 9, 2, -9};
  PoolAdjacentViolators(absl::MakeSpan(y), {0, 1, 0, 1, 0}, MonotoneDirection::kNonDecreasing);
  EXPECT_THAT(y, ElementsAre(1, 1, 1, 2, 2));
}

TEST(IsotonicTest, NamesWhatIsWrong) {
  const auto status = IsotonicFit({1, std::nan("")}, {1, 0, 1}, MonotoneDirection::kNonDecreasing).status();
  std::vector<std::string> fields;
  for (const Problem& problem : ProblemsOf(status)) fields.push_back(problem.field);
  EXPECT_THAT(fields, ElementsAre("weights", "y[1]", "weights[1]"));
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
