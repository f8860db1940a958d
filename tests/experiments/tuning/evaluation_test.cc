// SPDX-License-Identifier: Apache-2.0
// A smaller grid of what bench/tuning measures at depth. Fixed seeds; bounds carry three Monte-Carlo standard errors.
#include <gtest/gtest.h>

#include "bench/tuning_study.h"

namespace tierwise::bench {
namespace {

TEST(TuningEvaluation, RegretIsNowhereAboveThatOfTheLargestMeanPerTierAndBelowItOnAverage) {
  for (int64_t users : {300, 1000, 4000}) {
    const int runs = users == 4000 ? 12 : 40;
    double module = 0.0;
    double largest_mean = 0.0;
    for (Shape shape : kShapes) {
      const StudyCell cell = Study(shape, users, runs, 17);
      EXPECT_LE(cell.excess.mean(), 3.0 * cell.excess.error()) << ShapeName(shape) << ", " << users << " users";
      module += cell.regret[kModule].sum();
      largest_mean += cell.regret[kPerTier].sum();
    }
    EXPECT_LT(module, largest_mean) << users << " users";
  }
}

TEST(TuningEvaluation, ThePlanUnderABudgetIsNearTheOracles) {
  for (Shape shape : {Shape::kEmax, Shape::kLinear, Shape::kMixed, Shape::kNotMonotone}) {
    const StudyCell cell = Study(shape, 4000, 16, 23);
    EXPECT_LE(cell.plan_loss.sum() / cell.oracle_profit.sum(), 0.02) << ShapeName(shape);
    EXPECT_LT(cell.budget_use.mean(), 1.05) << ShapeName(shape);
  }
}

}  // namespace
}  // namespace tierwise::bench
