// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/quantiles.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "experiments/base/problems.h"

namespace tierwise {
namespace {

std::vector<double> Ladder(int n) {
  std::vector<double> values;
  for (int i = 1; i <= n; ++i) values.push_back(i);
  return values;
}

TEST(QuantilesTest, InterpolatesBetweenOrderStatistics) {
  const auto median = EstimateQuantile(Ladder(100), {}, 0.5, 0.95);
  ASSERT_TRUE(median.ok());
  EXPECT_DOUBLE_EQ(median->value, 50.5);
  EXPECT_DOUBLE_EQ(median->inverse_ecdf, 50.0);
  EXPECT_EQ(median->users, 100);
  EXPECT_DOUBLE_EQ(median->design_effect, 1.0);
}

TEST(QuantilesTest, SeveralValuesPerUserWidenTheError) {
  // Each user's values are the same: the sample is worth its users, not its values.
  std::vector<double> values;
  std::vector<int64_t> users;
  std::mt19937_64 random(3);
  std::normal_distribution<double> draw;
  for (int user = 0; user < 200; ++user) {
    const double value = draw(random);
    for (int i = 0; i < 5; ++i) {
      values.push_back(value);
      users.push_back(user);
    }
  }
  const auto clustered = EstimateQuantile(values, users, 0.5, 0.95);
  ASSERT_TRUE(clustered.ok());
  EXPECT_NEAR(clustered->design_effect, 5.0, 0.1);
  EXPECT_NEAR(clustered->se, clustered->se_independent * std::sqrt(clustered->design_effect), 1e-12);
}

TEST(QuantilesTest, OrderOfValuesAndNamesOfUsersDoNotMatter) {
  const std::vector<double> values = {5, 1, 4, 2, 3, 9, 8, 7, 6, 0, 11, 12, 10, 14, 13, 15};
  const std::vector<int64_t> users = {1, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 9, 10, 11, 12, 12};
  std::vector<double> reversed(values.rbegin(), values.rend());
  std::vector<int64_t> renamed;
  for (size_t i = users.size(); i-- > 0;) renamed.push_back(-1000 * users[i]);
  const auto plain = EstimateQuantile(values, users, 0.5, 0.95);
  const auto other = EstimateQuantile(reversed, renamed, 0.5, 0.95);
  ASSERT_TRUE(plain.ok() && other.ok());
  EXPECT_DOUBLE_EQ(plain->value, other->value);
  EXPECT_NEAR(plain->se, other->se, 1e-12);
}

TEST(QuantilesTest, TooFewValuesAndTiesAreRefusedWithAReason) {
  const auto extreme = EstimateQuantile(Ladder(100), {}, 0.99, 0.95);
  ASSERT_TRUE(extreme.ok());
  EXPECT_EQ(extreme->gap, Gap::kTooFewUsers);
  EXPECT_FALSE(std::isfinite(extreme->order_interval.upper));
  const auto constant = EstimateQuantile(std::vector<double>(100, 7.0), {}, 0.5, 0.95);
  ASSERT_TRUE(constant.ok());
  EXPECT_EQ(constant->gap, Gap::kZeroVariance);
  const auto good = EstimateQuantile(Ladder(100), {}, 0.5, 0.95);
  const Estimate comparison = CompareQuantiles(*constant, *good, 0.95);
  EXPECT_EQ(comparison.gap, Gap::kZeroVariance);
  EXPECT_DOUBLE_EQ(comparison.effect, 43.5);
  EXPECT_EQ(comparison.test.p, 1.0);
  EXPECT_EQ(comparison.interval, Interval());
}

TEST(QuantilesTest, ASingleUserHasNoClusteredError) {
  const auto single = EstimateQuantile(Ladder(50), std::vector<int64_t>(50, 4), 0.5, 0.95);
  ASSERT_TRUE(single.ok());
  EXPECT_EQ(single->gap, Gap::kTooFewUsers);
}

TEST(QuantilesTest, BadInputNamesTheField) {
  EXPECT_EQ(ProblemsOf(EstimateQuantile({}, {}, 0.5, 0.95).status()).at(0).field, "values");
  EXPECT_EQ(ProblemsOf(EstimateQuantile(std::vector<double>{1.0, std::nan("")}, {}, 0.5, 0.95).status()).at(0).field,
            "values[1]");
  EXPECT_EQ(ProblemsOf(EstimateQuantile(Ladder(3), std::vector<int64_t>{1}, 0.5, 0.95).status()).at(0).field, "users");
  EXPECT_EQ(ProblemsOf(EstimateQuantile(Ladder(3), {}, 1.0, 0.95).status()).at(0).field, "quantile");
}

}  // namespace
}  // namespace tierwise
