// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/comparisons_with_best.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/base/problems.h"

namespace tierwise {
namespace {

TEST(ComparisonsWithBestTest, TwoArmsAreOneSidedTests) {
  // A difference of 2 standard errors of the difference, against 1.645.
  const auto result = CompareWithBest({0.0, 2.0 * std::sqrt(2.0)}, {1.0, 1.0}, 0.95).value();
  EXPECT_FALSE(result[0].may_be_best);
  EXPECT_TRUE(result[1].may_be_best);
  EXPECT_EQ(result[0].difference_to_best_other.upper, 0.0);
  EXPECT_EQ(result[1].difference_to_best_other.lower, 0.0);
  EXPECT_NEAR(result[1].difference_to_best_other.upper, std::sqrt(2.0) * (2.0 + 1.644854), 1e-4);
}

// Dunnett's one-sided 5 % point for two treatments and a control, known variance, is 1.916; for three, 2.062 (Dunnett
// 1955, table 1a).
TEST(ComparisonsWithBestTest, CriticalValuesAreDunnetts) {
  const auto three = CompareWithBest({0.0, 0.0, 0.0}, {1.0, 1.0, 1.0}, 0.95).value();
  EXPECT_NEAR(three[0].difference_to_best_other.upper, 1.916 * std::sqrt(2.0), 1e-3);
  const auto four = CompareWithBest({0.0, 0.0, 0.0, 0.0}, {1.0, 1.0, 1.0, 1.0}, 0.95).value();
  EXPECT_NEAR(four[0].difference_to_best_other.upper, 2.062 * std::sqrt(2.0), 1e-3);
}

TEST(ComparisonsWithBestTest, KnownMeansAreComparedExactly) {
  const auto result = CompareWithBest({1.0, 2.0, 2.0}, {0.0, 0.0, 0.0}, 0.95).value();
  EXPECT_FALSE(result[0].may_be_best);
  EXPECT_TRUE(result[1].may_be_best);
  EXPECT_TRUE(result[2].may_be_best);
  EXPECT_TRUE(CompareWithBest({1.0}, {0.5}, 0.95).value()[0].may_be_best);
}

TEST(ComparisonsWithBestTest, NamesWhatIsWrong) {
  EXPECT_EQ(ProblemsOf(CompareWithBest({}, {}, 0.95).status())[0].field, "estimates");
  EXPECT_EQ(ProblemsOf(CompareWithBest({1.0}, {-1.0}, 0.95).status())[0].field, "std_errors[0]");
  EXPECT_EQ(ProblemsOf(CompareWithBest({1.0}, {1.0}, 0.0).status())[0].field, "confidence");
}

}  // namespace
}  // namespace tierwise
