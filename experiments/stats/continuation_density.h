// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace tierwise {

// The distribution of a group-sequential z-statistic on the paths that have not stopped, by the recursion of Armitage,
// McPherson & Rowe (1969): the score S_k = Z_k sqrt(I_k) grows by independent normal steps of mean drift (I_k -
// I_{k-1}) and variance I_k - I_{k-1}, and each look cuts off what lies outside its boundaries. The null density is
// kept on Gauss-Legendre nodes; any other drift follows by its likelihood ratio exp(drift S - drift^2 I / 2). Accurate
// to about 1e-10.
//
// `drift` is the effect in the units whose information I is: I = 1 / squared standard error gives the effect itself.
class ContinuationDensity {
 public:
  // Paths beyond +-`half_width` standard deviations are dropped. 8 serves drift 0; others need as much more as the
  // largest |drift| sqrt(I) that will be asked.
  explicit ContinuationDensity(double half_width = 8.0) : half_width_(half_width) {}

  // P(not stopped so far and Z >= z, or <= z, at a look with `information`). REQUIRES: HasGrown(information).
  double UpperTail(double information, double z, double drift = 0.0) const;
  double LowerTail(double information, double z, double drift = 0.0) const;
  // -d/dz of UpperTail at drift 0: the density of Z at that look.
  double Density(double information, double z) const;

  // Goes on from a look with `information` with the paths that lie in (lower, upper). REQUIRES: HasGrown(information).
  void Continue(double information, double lower, double upper);

  double information() const { return information_; }

  // Growth of information below which a look is not one of its own: too little has happened since the last.
  static constexpr double kLeastGrowth = 1e-4;
  bool HasGrown(double information) const { return information > information_ * (1.0 + kLeastGrowth); }

 private:
  struct Node {
    double score;  // Z sqrt(I)
    double mass;   // quadrature weight times null density
  };

  // Summing only nodes within `reach_sd` standard deviations of the step.
  double Density(double information, double z, double reach_sd) const;
  double TailSum(double information, double z, double drift, bool is_upper) const;

  double half_width_;
  double information_ = 0.0;  // of the last look; 0 before the first
  std::vector<Node> nodes_;   // ascending; unused before the first look
};

}  // namespace tierwise
