// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/least_squares.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/base/problems.h"

namespace tierwise {
namespace {

TEST(LeastSquaresTest, AnInterceptAloneIsTheMeanWithItsErrors) {
  const std::vector<double> outcome = {1, 2, 3, 6};
  const auto fit = FitLeastSquares(std::vector<double>(4, 1.0), 1, outcome);
  ASSERT_TRUE(fit.ok());
  EXPECT_DOUBLE_EQ(fit->coefficients[0], 3.0);
  EXPECT_DOUBLE_EQ(fit->hc0_variance[0], 14.0 / 16.0);
  // HC2 is the unbiased variance over n.
  EXPECT_DOUBLE_EQ(fit->hc2_variance[0], 14.0 / 3.0 / 4.0);
}

TEST(LeastSquaresTest, FitsAnExactLine) {
  const auto fit = FitLeastSquares({1, 0, 1, 1, 1, 2, 1, 5}, 2, {1, 3, 5, 11});
  ASSERT_TRUE(fit.ok());
  EXPECT_NEAR(fit->coefficients[0], 1.0, 1e-12);
  EXPECT_NEAR(fit->coefficients[1], 2.0, 1e-12);
  EXPECT_NEAR(fit->hc2_variance[1], 0.0, 1e-20);
}

TEST(LeastSquaresTest, ACollinearColumnIsDroppedAndTheFitStays) {
  const auto fit = FitLeastSquares({1, 1, 2, 1, 2, 4, 1, 3, 6, 1, 5, 10}, 3, {1, 3, 2, 7});
  ASSERT_TRUE(fit.ok());
  EXPECT_EQ(fit->rank, 2);
  EXPECT_EQ(fit->is_dropped, (std::vector<bool>{false, false, true}));
  EXPECT_EQ(fit->coefficients[2], 0.0);
}

TEST(LeastSquaresTest, BadInputNamesTheField) {
  EXPECT_EQ(ProblemsOf(FitLeastSquares({1, 2, 3}, 2, {1, 2}).status()).at(0).field, "design");
  EXPECT_EQ(ProblemsOf(FitLeastSquares({1, NAN}, 1, {1, 2}).status()).at(0).field, "design");
  EXPECT_EQ(ProblemsOf(FitLeastSquares({1, 2}, 1, {1, INFINITY}).status()).at(0).field, "outcome");
}

}  // namespace
}  // namespace tierwise
