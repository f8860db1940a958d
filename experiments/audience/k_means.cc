// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/k_means.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace tierwise {
namespace {

constexpr int kMaxIterations = 100;
// Starts are tried on at most so many points, chosen at random; the best one is then continued on all.
constexpr size_t kMaxStartPoints = 10'000;
constexpr int kStarts = 10;
constexpr int kStartIterations = 30;
constexpr size_t kMaxSilhouettePoints = 2'000;

// A seeded stream of draws (SplitMix64; Steele, Lea & Flood 2014), the same on every platform.
class Draws {
 public:
  explicit Draws(uint64_t seed) : state_(seed) {}

  // In [0, 1).
  double Uniform() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
  }
  // In [0, end). REQUIRES: end > 0.
  size_t Below(size_t end) { return std::min(static_cast<size_t>(Uniform() * static_cast<double>(end)), end - 1); }

 private:
  uint64_t state_;
};

// At most `most` of the numbers below `size`, at random, ascending.
std::vector<size_t> Sample(size_t size, size_t most, Draws& draws) {
  std::vector<size_t> chosen(size);
  std::iota(chosen.begin(), chosen.end(), size_t{0});
  if (size <= most) return chosen;
  for (size_t i = 0; i < most; ++i) std::swap(chosen[i], chosen[i + draws.Below(size - i)]);
  chosen.resize(most);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

Points Subset(const Points& points, const std::vector<size_t>& chosen) {
  Points subset(chosen.size(), points.dimensions());
  for (size_t i = 0; i < chosen.size(); ++i)
    std::copy_n(points[chosen[i]].begin(), points.dimensions(), subset[i].begin());
  return subset;
}

// Centres by k-means++: each is a point, chosen in proportion to its squared distance to the nearest one before.
Points StartingCentres(const Points& points, size_t clusters, Draws& draws) {
  Points centres(clusters, points.dimensions());
  std::vector<double> distances(points.size(), std::numeric_limits<double>::infinity());
  size_t chosen = draws.Below(points.size());
  for (size_t c = 0; c < clusters; ++c) {
    std::copy_n(points[chosen].begin(), points.dimensions(), centres[c].begin());
    double total = 0.0;
    for (size_t i = 0; i < points.size(); ++i) {
      distances[i] = std::min(distances[i], SquaredDistance(points[i], centres[c]));
      total += distances[i];
    }
    double left = draws.Uniform() * total;
    chosen = 0;
    while (chosen + 1 < points.size() && left >= distances[chosen]) left -= distances[chosen++];
  }
  return centres;
}

// Lloyd's iterations.
class Lloyd {
 public:
  Lloyd(const Points& points, Points centres)
      : points_(points), centres_(std::move(centres)), clusters_(points.size(), -1), distances_(points.size()) {}

  void Run(int max_iterations) {
    for (int i = 0; i < max_iterations && Assign(); ++i) {
      FillEmptyClusters();
      Update();
    }
  }

  double TotalDistance() const { return std::accumulate(distances_.begin(), distances_.end(), 0.0); }
  Points& centres() { return centres_; }
  std::vector<int>& clusters() { return clusters_; }

 private:
  // Puts every point to its nearest centre; of several to the first. Returns whether any has moved.
  bool Assign() {
    bool has_moved = false;
    for (size_t i = 0; i < points_.size(); ++i) {
      int nearest = 0;
      double least = std::numeric_limits<double>::infinity();
      for (size_t c = 0; c < centres_.size(); ++c) {
        const double distance = SquaredDistance(points_[i], centres_[c]);
        if (distance >= least) continue;
        least = distance;
        nearest = static_cast<int>(c);
      }
      has_moved |= clusters_[i] != nearest;
      clusters_[i] = nearest;
      distances_[i] = least;
    }
    return has_moved;
  }

  // Each gets the point that is farthest from its centre, of a cluster that keeps others. There is one while there are
  // more distinct points than clusters with points; else the cluster stays empty.
  void FillEmptyClusters() {
    std::vector<size_t> sizes(centres_.size());
    for (const int cluster : clusters_) ++sizes[static_cast<size_t>(cluster)];
    for (size_t c = 0; c < sizes.size(); ++c) {
      if (sizes[c] > 0) continue;
      size_t farthest = 0;
      double most = 0.0;
      for (size_t i = 0; i < points_.size(); ++i) {
        if (distances_[i] <= most || sizes[static_cast<size_t>(clusters_[i])] < 2) continue;
        most = distances_[i];
        farthest = i;
      }
      if (most == 0.0) return;
      --sizes[static_cast<size_t>(clusters_[farthest])];
      clusters_[farthest] = static_cast<int>(c);
      distances_[farthest] = 0.0;
      sizes[c] = 1;
    }
  }

  void Update() {
    Points sums(centres_.size(), points_.dimensions());
    std::vector<double> sizes(centres_.size());
    for (size_t i = 0; i < points_.size(); ++i) {
      const auto c = static_cast<size_t>(clusters_[i]);
      sizes[c] += 1.0;
      for (size_t d = 0; d < points_.dimensions(); ++d) sums[c][d] += points_[i][d];
    }
    for (size_t c = 0; c < centres_.size(); ++c) {
      if (sizes[c] == 0.0) continue;  // stays where it is
      for (size_t d = 0; d < points_.dimensions(); ++d) centres_[c][d] = sums[c][d] / sizes[c];
    }
  }

  const Points& points_;
  Points centres_;
  std::vector<int> clusters_;
  std::vector<double> distances_;  // squared, to the centre of the point's cluster
};

// Of one point to the others of a sample.
double SilhouetteOf(const Points& points, const std::vector<int>& clusters, size_t point, size_t cluster_count) {
  std::vector<double> distances(cluster_count);
  std::vector<double> sizes(cluster_count);
  for (size_t i = 0; i < points.size(); ++i) {
    if (i == point) continue;
    const auto c = static_cast<size_t>(clusters[i]);
    distances[c] += std::sqrt(SquaredDistance(points[i], points[point]));
    sizes[c] += 1.0;
  }
  const auto own = static_cast<size_t>(clusters[point]);
  if (sizes[own] == 0.0) return 0.0;
  double nearest = std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < cluster_count; ++c) {
    if (c != own && sizes[c] > 0.0) nearest = std::min(nearest, distances[c] / sizes[c]);
  }
  const double within = distances[own] / sizes[own];
  const double greater = std::max(nearest, within);
  if (std::isinf(nearest) || greater == 0.0) return 0.0;
  return (nearest - within) / greater;
}

}  // namespace

std::vector<int> KMeans(const Points& points, int clusters, uint64_t seed) {
  Draws draws(seed);
  const Points start_points = Subset(points, Sample(points.size(), kMaxStartPoints, draws));
  Points best(1, points.dimensions());
  double least = std::numeric_limits<double>::infinity();
  for (int start = 0; start < kStarts; ++start) {
    Lloyd lloyd(start_points, StartingCentres(start_points, static_cast<size_t>(clusters), draws));
    lloyd.Run(kStartIterations);
    if (lloyd.TotalDistance() >= least) continue;
    least = lloyd.TotalDistance();
    best = std::move(lloyd.centres());
  }
  Lloyd lloyd(points, std::move(best));
  lloyd.Run(kMaxIterations);
  return std::move(lloyd.clusters());
}

double Silhouette(const Points& points, const std::vector<int>& clusters, uint64_t seed) {
  if (points.size() == 0) return 0.0;
  Draws draws(seed);
  const std::vector<size_t> chosen = Sample(points.size(), kMaxSilhouettePoints, draws);
  const Points sample = Subset(points, chosen);
  std::vector<int> sample_clusters;
  for (const size_t i : chosen) sample_clusters.push_back(clusters[i]);
  const auto cluster_count = static_cast<size_t>(*std::max_element(clusters.begin(), clusters.end())) + 1;
  double sum = 0.0;
  for (size_t i = 0; i < sample.size(); ++i) sum += SilhouetteOf(sample, sample_clusters, i, cluster_count);
  return sum / static_cast<double>(sample.size());
}

}  // namespace tierwise
