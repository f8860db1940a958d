// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/moments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace tierwise {
namespace {

Moments Of(const std::vector<double>& values) {
  Moments moments;
  for (const double value : values) moments.Add(value);
  return moments;
}

TEST(MomentsTest, KeepsTheVarianceAndTheDifferenceAtMean1e12) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(1e12 + i % 7);
  const Moments moments = Of(values);
  // 1000 = 142 * 7 + 6: the residues 0 .. 5 once more than 6.
  const double mean = (142.0 * 21.0 + 15.0) / 1000.0;
  EXPECT_NEAR((moments.mean - 1e12) + moments.mean_rest, mean, 1e-12);
  const double square = (142.0 * 91.0 + 55.0) - 1000.0 * mean * mean;
  EXPECT_NEAR(moments.m2, square, 1e-9 * square);
}

TEST(MomentsTest, MergingInAnyGroupingGivesTheSameMoments) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> draw(3, 1);
  std::vector<Moments> parts;
  Moments all;
  for (int part = 0; part < 20; ++part) {
    std::vector<double> values(static_cast<size_t>(part * 13 % 7 + 1));
    for (double& value : values) value = 1e9 + draw(random);
    parts.push_back(Of(values));
    for (const double value : values) all.Add(value);
  }
  Moments left;
  for (const Moments& part : parts) left.Merge(part);
  Moments right;
  for (size_t i = parts.size(); i-- > 0;) {
    Moments part = parts[i];
    part.Merge(right);
    right = part;
  }
  for (const Moments& merged : {left, right}) {
    EXPECT_EQ(merged.n, all.n);
    EXPECT_NEAR((merged.mean - all.mean) + (merged.mean_rest - all.mean_rest), 0.0, 1e-12);
    EXPECT_NEAR(merged.m2, all.m2, 1e-10 * all.m2);
  }
}

TEST(MomentsTest, RepeatedUsersEqualUsersAddedOneByOne) {
  Moments repeated;
  repeated.AddRepeated(3.5, 10);
  repeated.AddRepeated(-1.25, 5);
  Moments single;
  for (int i = 0; i < 10; ++i) single.Add(3.5);
  for (int i = 0; i < 5; ++i) single.Add(-1.25);
  EXPECT_EQ(repeated.n, 15);
  EXPECT_NEAR(repeated.mean, single.mean, 1e-14);
  EXPECT_NEAR(repeated.m2, single.m2, 1e-12);
}

TEST(MomentsTest, TakesCountsOf1e18) {
  Moments moments{1'000'000'000'000'000'000, 0.25, 1.0};
  moments.Merge({2'000'000'000'000'000'000, 0.5, 1.0});
  EXPECT_EQ(moments.n, 3'000'000'000'000'000'000);
  EXPECT_NEAR(moments.mean, 1.25 / 3.0, 1e-15);
  EXPECT_NEAR(moments.m2, 0.0625 * 2e18 / 3.0, 1e3);
}

TEST(JointMomentsTest, MarginalsAndCovariancesAgreeWithTheDefinition) {
  JointMoments joint(2);
  const std::vector<std::vector<double>> rows = {{1, 2}, {4, -1}, {2, 2}, {8, 5}};
  for (const auto& row : rows) joint.Add(row);
  EXPECT_DOUBLE_EQ(joint.mean(0), 3.75);
  EXPECT_DOUBLE_EQ(joint.mean(1), 2.0);
  EXPECT_DOUBLE_EQ(joint.comoment(0, 0), 28.75);
  EXPECT_DOUBLE_EQ(joint.comoment(1, 0), 12.0);
  EXPECT_DOUBLE_EQ(joint.comoment(1, 1), 18.0);
  EXPECT_DOUBLE_EQ(joint.Covariance(0, 1), 4.0);
}

TEST(JointMomentsTest, MergedPartsEqualTheWhole) {
  JointMoments whole(3);
  JointMoments left(3);
  JointMoments right(3);
  std::mt19937_64 random(11);
  std::normal_distribution<double> draw;
  for (int i = 0; i < 200; ++i) {
    const double x = draw(random);
    const std::vector<double> row = {1e6 + 2 * x + draw(random), x, draw(random)};
    whole.Add(row);
    (i < 60 ? left : right).Add(row);
  }
  left.Merge(right);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(left.mean(i), whole.mean(i), 1e-9);
    for (int j = 0; j < 3; ++j) EXPECT_NEAR(left.comoment(i, j), whole.comoment(i, j), 1e-7);
  }
}

TEST(MomentsTest, ThirdMomentsAreThoseOfTheUsersAtMean1e9) {
  std::vector<double> values;
  for (int i = 0; i < 500; ++i) values.push_back(1e9 + (i % 10 == 0 ? 7.0 : i % 3));
  double mean = 0.0, cubes = 0.0;
  for (const double value : values) mean += (value - 1e9) / 500.0;
  for (const double value : values) cubes += std::pow(value - 1e9 - mean, 3.0);
  EXPECT_NEAR(*Of(values).m3, cubes, 1e-6 * cubes);
}

TEST(MomentsTest, OneSetWithoutThirdMomentsLeavesTheSumWithout) {
  Moments known = Of({1.0, 2.0, 5.0});
  known.Merge({.n = 2, .mean = 1.0, .m2 = 3.0});
  EXPECT_FALSE(known.m3.has_value());
  JointMoments joint(1);
  joint.Add({1.0});
  EXPECT_TRUE(joint.has_third());
  joint.Merge(JointMoments::FromParts(2, {1.0}, {3.0}));
  EXPECT_FALSE(joint.has_third());
  joint.Add({4.0});
  EXPECT_FALSE(joint.has_third());
}

TEST(JointMomentsTest, ThirdMomentsEqualThoseOfTheUsersInAnyGrouping) {
  std::mt19937_64 random(11);
  std::lognormal_distribution<double> draw;
  std::vector<std::vector<double>> users;
  JointMoments all(3), merged(3), part(3);
  for (int i = 0; i < 400; ++i) {
    const double x = draw(random);
    users.push_back({x, 100.0 + x * draw(random), draw(random) - x});
    all.Add(users.back());
    part.Add(users.back());
    if (i % 37 != 0) continue;
    merged.Merge(part);
    part = JointMoments(3);
  }
  merged.Merge(part);
  merged.AddRepeated({1.0, 2.0, 3.0}, 5);
  all.AddRepeated({1.0, 2.0, 3.0}, 5);
  for (int i = 0; i < 5; ++i) users.push_back({1.0, 2.0, 3.0});
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 3; ++k) {
        double sum = 0.0;
        for (const std::vector<double>& user : users) {
          sum += (user[static_cast<size_t>(i)] - all.mean(i)) * (user[static_cast<size_t>(j)] - all.mean(j)) *
                 (user[static_cast<size_t>(k)] - all.mean(k));
        }
        const double scale = std::abs(all.third(1, 1, 1));
        EXPECT_NEAR(all.third(i, j, k), sum, 1e-10 * scale);
        EXPECT_NEAR(merged.third(i, j, k), sum, 1e-10 * scale);
      }
    }
  }
  EXPECT_EQ(*all.Marginal(1).m3, all.third(1, 1, 1));
  const std::vector<double> weights = {1.0, -2.0, 0.5};
  double cubes = 0.0;
  for (const std::vector<double>& user : users) {
    cubes += std::pow(user[0] - all.mean(0) - 2.0 * (user[1] - all.mean(1)) + 0.5 * (user[2] - all.mean(2)), 3.0);
  }
  EXPECT_NEAR(ThirdOf(all, weights, weights, weights), cubes, 1e-9 * std::abs(cubes));
}

}  // namespace
}  // namespace tierwise
