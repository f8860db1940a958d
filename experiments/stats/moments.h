// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tierwise {

// Count, mean and sum of squared deviations of one variable. Never sums of squares: those lose all digits at mean 1e8.
struct Moments {
  int64_t n = 0;      // users, >= 0
  double mean = 0.0;  // 0 when n is 0
  double m2 = 0.0;    // sum of (x - mean)^2, >= 0
  // What `mean` rounds away: the mean is mean + mean_rest. At mean 1e12 a double resolves 1e-4 only, and two arms'
  // difference may be less. May be left 0.
  double mean_rest = 0.0;

  // Welford's update.
  void Add(double x);
  // `count` users with the same value `x`.
  void AddRepeated(double x, int64_t count);
  // Chan, Golub & LeVeque's pairwise update: the moments of both sets together.
  void Merge(const Moments& other);
  // Unbiased variance m2 / (n - 1); 0 when n < 2.
  double Variance() const;

  friend bool operator==(const Moments&, const Moments&) = default;
};

// Joint moments of `size()` variables over the same users: the outcome first, then what is analysed with it (a ratio's
// denominator, covariates). The sufficient statistic of every estimator that needs more than one variable.
class JointMoments {
 public:
  JointMoments() = default;
  explicit JointMoments(int size) : mean_(static_cast<size_t>(size)), co_(static_cast<size_t>(size * (size + 1) / 2)) {}

  int size() const { return static_cast<int>(mean_.size()); }
  int64_t n() const { return n_; }
  double mean(int i) const { return mean_[static_cast<size_t>(i)]; }
  // Sum over users of (x_i - mean_i)(x_j - mean_j); symmetric.
  double comoment(int i, int j) const { return co_[Index(i, j)]; }
  // Unbiased covariance; 0 when n < 2.
  double Covariance(int i, int j) const { return n_ < 2 ? 0.0 : comoment(i, j) / static_cast<double>(n_ - 1); }
  // The moments of variable `i` alone.
  Moments Marginal(int i) const { return {n_, mean(i), comoment(i, i)}; }

  // REQUIRES: x.size() == size().
  void Add(absl::Span<const double> x) { AddRepeated(x, 1); }
  void AddRepeated(absl::Span<const double> x, int64_t count);
  // REQUIRES: other.size() == size(), or one of the two is empty (default-constructed).
  void Merge(const JointMoments& other);

  // For readers of stored moments. REQUIRES: mean.size() == k, upper.size() == k(k+1)/2, in the order (0,0) (0,1) ...
  // (1,1).
  static JointMoments FromParts(int64_t n, std::vector<double> mean, std::vector<double> upper);

 private:
  size_t Index(int i, int j) const {
    const int a = i < j ? i : j;
    const int b = i < j ? j : i;
    return static_cast<size_t>(a * size() - a * (a - 1) / 2 + (b - a));
  }

  int64_t n_ = 0;
  std::vector<double> mean_;
  std::vector<double> co_;  // upper triangle, row by row
};

}  // namespace tierwise
