// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

namespace tierwise {

// Count, mean and sums of squared and cubed deviations of one variable. Never sums of squares: those lose all digits at
// mean 1e8.
struct Moments {
  int64_t n = 0;      // users, >= 0
  double mean = 0.0;  // 0 when n is 0
  double m2 = 0.0;    // sum of (x - mean)^2, >= 0
  // What `mean` rounds away: the mean is mean + mean_rest. At mean 1e12 a double resolves 1e-4 only, and two arms'
  // difference may be less. May be left 0.
  double mean_rest = 0.0;
  // Sum of (x - mean)^3; nullopt where it is not known, as in summaries by mean and variance. Users added to none make
  // it known.
  std::optional<double> m3 = std::nullopt;

  // Welford's update.
  void Add(double x);
  // `count` users with the same value `x`.
  void AddRepeated(double x, int64_t count);
  // Chan, Golub & LeVeque's pairwise update, with Pebay's (2008) for m3: the moments of both sets together.
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
  explicit JointMoments(int size)
      : mean_(static_cast<size_t>(size)),
        co_(static_cast<size_t>(size * (size + 1) / 2)),
        third_(static_cast<size_t>(size * (size + 1) * (size + 2) / 6)) {}

  int size() const { return static_cast<int>(mean_.size()); }
  int64_t n() const { return n_; }
  double mean(int i) const { return mean_[static_cast<size_t>(i)]; }
  // Sum over users of (x_i - mean_i)(x_j - mean_j); symmetric.
  double comoment(int i, int j) const { return co_[Index(i, j)]; }
  // Unbiased covariance; 0 when n < 2.
  double Covariance(int i, int j) const { return n_ < 2 ? 0.0 : comoment(i, j) / static_cast<double>(n_ - 1); }
  // Whether third moments are known: those of FromParts are not, nor what they were merged with.
  bool has_third() const { return !third_.empty(); }
  // Sum over users of (x_i - mean_i)(x_j - mean_j)(x_k - mean_k); symmetric. REQUIRES: has_third().
  double third(int i, int j, int k) const { return third_[ThirdIndex(i, j, k)]; }
  // The moments of variable `i` alone.
  Moments Marginal(int i) const;

  // REQUIRES: x.size() == size().
  void Add(absl::Span<const double> x) { AddRepeated(x, 1); }
  void AddRepeated(absl::Span<const double> x, int64_t count);
  // REQUIRES: other.size() == size(), or one of the two is empty (default-constructed).
  void Merge(const JointMoments& other);

  // For readers of stored moments. REQUIRES: mean.size() == k, upper.size() == k(k+1)/2, in the order (0,0) (0,1) ...
  // (1,1).
  static JointMoments FromParts(int64_t n, std::vector<double> mean, std::vector<double> upper);
  // The same with third moments, k(k+1)(k+2)/6 of them in the order (0,0,0) (0,0,1) ... of ascending indices.
  static JointMoments FromParts(int64_t n, std::vector<double> mean, std::vector<double> upper,
                                std::vector<double> third);

 private:
  // Sum of products over the users of another set, as seen from its mean; null pointers: all at the mean.
  struct OtherSet {
    absl::Span<const double> mean;
    int64_t n;
    const double* co;
    const double* third;
  };

  void AbsorbThird(const OtherSet& other);
  void Absorb(const OtherSet& other);
  size_t Index(int i, int j) const {
    const int a = i < j ? i : j;
    const int b = i < j ? j : i;
    return static_cast<size_t>(a * size() - a * (a - 1) / 2 + (b - a));
  }

  size_t ThirdIndex(int i, int j, int k) const;

  int64_t n_ = 0;
  std::vector<double> mean_;
  std::vector<double> co_;     // upper triangle, row by row
  std::vector<double> third_;  // ascending indices, the last running fastest; empty where not known
};

// Sum over users of (u'd)(v'd)(w'd), d a user's deviations from the means: the third moment of weighted sums of the
// variables. REQUIRES: has_third(), one weight a variable.
double ThirdOf(const JointMoments& moments, absl::Span<const double> u, absl::Span<const double> v,
               absl::Span<const double> w);

}  // namespace tierwise
