// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/srm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "experiments/base/problems.h"

namespace tierwise {
namespace {

TEST(SampleRatioTest, UsersInAnArmOfWeightZeroAreAMismatchInThemselves) {
  const auto check = CheckSampleRatio({5000, 5000, 1}, {1, 1, 0});
  ASSERT_TRUE(check.ok());
  EXPECT_EQ(check->df, 1);
  EXPECT_EQ(check->p, 1.0);
  EXPECT_EQ(check->users_in_zero_weight_arms, 1);
  EXPECT_TRUE(check->IsMismatch());
}

TEST(SampleRatioTest, WeightsMayHaveAnyScale) {
  const auto shares = CheckSampleRatio({520, 310, 170}, {0.5, 0.3, 0.2});
  const auto whole = CheckSampleRatio({520, 310, 170}, {5e9, 3e9, 2e9});
  ASSERT_TRUE(shares.ok() && whole.ok());
  EXPECT_NEAR(shares->chi_squared, whole->chi_squared, 1e-10);
  EXPECT_NEAR(shares->largest_share_deviation, -0.03, 1e-12);
}

TEST(SampleRatioTest, CountsOf1e18AreExactEnough) {
  constexpr int64_t kUsers = 1'000'000'000'000'000'000;
  const auto check = CheckSampleRatio({kUsers, kUsers + 4'000'000'000}, {1, 1});
  ASSERT_TRUE(check.ok());
  EXPECT_NEAR(check->chi_squared, 8.0, 1e-6);
}

TEST(SampleRatioTest, WithoutUsersOrWithOneArmThereIsNothingToTest) {
  EXPECT_EQ(CheckSampleRatio({0, 0}, {1, 1})->p, 1.0);
  EXPECT_EQ(CheckSampleRatio({100}, {1})->p, 1.0);
}

TEST(SampleRatioTest, BadInputNamesTheField) {
  EXPECT_EQ(ProblemsOf(CheckSampleRatio({1, -2}, {1, 1}).status()).at(0).field, "counts[1]");
  EXPECT_EQ(ProblemsOf(CheckSampleRatio({1}, {1, 1}).status()).at(0).field, "counts");
  EXPECT_EQ(ProblemsOf(CheckSampleRatio({1, 1}, {1, -1}).status()).at(0).field, "weights[1]");
  EXPECT_EQ(ProblemsOf(CheckSampleRatio({1, 1}, {std::nan(""), 1}).status()).at(0).field, "weights[0]");
  EXPECT_EQ(ProblemsOf(CheckSampleRatio({1, 1}, {0, 0}).status()).at(0).field, "weights");
  EXPECT_EQ(ProblemsOf(SequentialSampleRatio::Create({1, 1}, 0.0).status()).at(0).field, "concentration");
}

TEST(SequentialSampleRatioTest, BayesFactorIsTheRatioOfMarginalLikelihoods) {
  // Two arms, prior worth 2 users at (1, 1): the marginal likelihood of any sequence with x of n is B(1 + x, 1 + n -
  // x).
  auto test = SequentialSampleRatio::Create({1, 1}, 2.0);
  ASSERT_TRUE(test.ok());
  ASSERT_TRUE(test->Look({3, 7}).ok());
  // B(4, 8) / B(1, 1) = 3! 7! / 11!.
  EXPECT_NEAR(test->log_bayes_factor(), std::log(6.0 * 5040.0 / 39916800.0) + 10 * std::log(2.0), 1e-12);
}

TEST(SequentialSampleRatioTest, PNeverRisesAndUsersOfWeightZeroArmsEndIt) {
  auto test = SequentialSampleRatio::Create({1, 1, 0});
  ASSERT_TRUE(test.ok());
  double last = 1.0;
  for (int64_t look = 1; look <= 20; ++look) {
    ASSERT_TRUE(test->Look({look * 1000, look * (look < 10 ? 1100 : 1000), 0}).ok());
    EXPECT_LE(test->p(), last);
    last = test->p();
  }
  ASSERT_TRUE(test->Look({30'000, 30'000, 1}).ok());
  EXPECT_EQ(test->p(), 0.0);
  EXPECT_EQ(ProblemsOf(test->Look({1, 2})).at(0).field, "counts");
}

TEST(SequentialSampleRatioTest, KeepsItsDigitsAtABillionUsers) {
  auto test = SequentialSampleRatio::Create({1, 1});
  ASSERT_TRUE(test.ok());
  ASSERT_TRUE(test->Look({500'000'000, 500'000'000}).ok());
  // Balanced counts: half the logarithm of the prior's share, -ln(1 + n / c) / 2, but for terms of order 1 / c.
  EXPECT_NEAR(test->log_bayes_factor(), -0.5 * std::log1p(1e9 / 1e4), 1e-4);
}

}  // namespace
}  // namespace tierwise
