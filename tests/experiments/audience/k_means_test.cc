// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/k_means.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "experiments/audience/round_threshold.h"

namespace tierwise {
namespace {

Points RandomPoints(uint64_t seed, size_t size, size_t dimensions, int grid) {
  std::mt19937_64 random(seed);
  Points points(size, dimensions);
  for (size_t i = 0; i < size; ++i) {
    for (double& coordinate : points[i]) coordinate = static_cast<double>(random() % static_cast<uint64_t>(grid));
  }
  return points;
}

TEST(KMeansTest, EveryPointIsNearestToItsOwnMean) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const size_t dimensions = 1 + seed % 3;
    const int clusters = 1 + static_cast<int>(seed % 6);
    const Points points = RandomPoints(seed, 100, dimensions, 50);
    const std::vector<int> labels = KMeans(points, clusters, seed);
    Points means(static_cast<size_t>(clusters), dimensions);
    std::vector<double> sizes(static_cast<size_t>(clusters));
    for (size_t i = 0; i < points.size(); ++i) {
      const auto c = static_cast<size_t>(labels[i]);
      ++sizes[c];
      for (size_t d = 0; d < dimensions; ++d) means[c][d] += points[i][d];
    }
    for (size_t c = 0; c < sizes.size(); ++c) {
      ASSERT_GT(sizes[c], 0.0);
      for (double& coordinate : means[c]) coordinate /= sizes[c];
    }
    for (size_t i = 0; i < points.size(); ++i) {
      const double own = SquaredDistance(points[i], means[static_cast<size_t>(labels[i])]);
      for (size_t c = 0; c < sizes.size(); ++c) EXPECT_LE(own, SquaredDistance(points[i], means[c]) + 1e-9);
    }
  }
}

TEST(KMeansTest, NoClusterIsEmptyWhereAsManyPointsDiffer) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Points points = RandomPoints(seed, 40, 1, 4);
    std::set<double> distinct;
    for (size_t i = 0; i < points.size(); ++i) distinct.insert(points[i][0]);
    const std::vector<int> labels = KMeans(points, static_cast<int>(distinct.size()), seed);
    EXPECT_EQ(std::set<int>(labels.begin(), labels.end()).size(), distinct.size()) << "seed " << seed;
  }
}

// From the definition.
double NaiveSilhouette(const Points& points, const std::vector<int>& labels) {
  double sum = 0.0;
  for (size_t i = 0; i < points.size(); ++i) {
    std::vector<double> total(10), count(10);
    for (size_t j = 0; j < points.size(); ++j) {
      if (i == j) continue;
      total[static_cast<size_t>(labels[j])] += std::sqrt(SquaredDistance(points[i], points[j]));
      count[static_cast<size_t>(labels[j])] += 1.0;
    }
    const auto own = static_cast<size_t>(labels[i]);
    if (count[own] == 0.0) continue;
    const double a = total[own] / count[own];
    double b = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < count.size(); ++c) {
      if (c != own && count[c] > 0.0) b = std::min(b, total[c] / count[c]);
    }
    sum += (b - a) / std::max(a, b);
  }
  return sum / static_cast<double>(points.size());
}

TEST(SilhouetteTest, IsThatOfItsDefinition) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Points points = RandomPoints(seed, 60, 2, 100);
    const std::vector<int> labels = KMeans(points, 2 + static_cast<int>(seed % 4), seed);
    EXPECT_NEAR(Silhouette(points, labels, seed), NaiveSilhouette(points, labels), 1e-12);
  }
}

TEST(SilhouetteTest, IsNothingForOneCluster) {
  const Points points = RandomPoints(1, 30, 2, 100);
  EXPECT_EQ(Silhouette(points, std::vector<int>(30, 0), 1), 0.0);
}

TEST(SilhouetteTest, ASampleIsCloseToAll) {
  const Points points = RandomPoints(2, 4'000, 2, 1'000);
  const std::vector<int> labels = KMeans(points, 4, 1);
  // The standard error of 2,000 draws of a silhouette, which is within 1 of its mean, is at most 0.023.
  EXPECT_NEAR(Silhouette(points, labels, 1), NaiveSilhouette(points, labels), 3 * 0.023);
}

TEST(RoundThresholdTest, HasTheFewestDigits) {
  const auto round = [](double low, double high) { return RoundThreshold(low, high, v1::ATTRIBUTE_TYPE_DOUBLE); };
  EXPECT_EQ(round(80.0, 200.0), 100.0);
  EXPECT_EQ(round(80.0, 230.0), 200.0);  // nearer to the middle
  EXPECT_EQ(round(120.0, 180.0), 150.0);
  EXPECT_EQ(round(121.0, 138.0), 130.0);
  EXPECT_EQ(round(0.1234, 0.1278), 0.125);
  EXPECT_EQ(round(-0.5, 3.0), 0.0);
  EXPECT_EQ(round(-17.2, -11.1), -15.0);
  EXPECT_EQ(round(0.0, 7.0), 5.0);
  EXPECT_EQ(round(1e200, 9e200), 5e200);
}

TEST(RoundThresholdTest, IsAlwaysBetween) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const double low =
        (static_cast<double>(random() % 2'000'001) - 1e6) / std::pow(10.0, static_cast<double>(random() % 12));
    const double high =
        low + std::pow(10.0, -static_cast<double>(random() % 8)) * static_cast<double>(1 + random() % 100);
    const double threshold = RoundThreshold(low, high, v1::ATTRIBUTE_TYPE_DOUBLE);
    ASSERT_GT(threshold, low);
    ASSERT_LE(threshold, high);
    const double next = std::nextafter(low, high);
    ASSERT_EQ(RoundThreshold(low, next, v1::ATTRIBUTE_TYPE_DOUBLE), next);
  }
}

TEST(RoundThresholdTest, IsWholeForAnInt) {
  EXPECT_EQ(RoundThreshold(3.0, 4.0, v1::ATTRIBUTE_TYPE_INT), 4.0);
  EXPECT_EQ(RoundThreshold(17.0, 44.0, v1::ATTRIBUTE_TYPE_INT), 30.0);
  EXPECT_EQ(RoundThreshold(0.0, 1.0, v1::ATTRIBUTE_TYPE_INT), 1.0);
}

}  // namespace
}  // namespace tierwise
