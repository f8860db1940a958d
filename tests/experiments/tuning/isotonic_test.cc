// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/isotonic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/base/problems.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;

std::vector<double> Fit(const std::vector<double>& y, const std::vector<double>& weights,
                        MonotoneDirection direction = MonotoneDirection::kNonDecreasing) {
  return IsotonicFit(y, weights, direction).value();
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

}  // namespace
}  // namespace tierwise
