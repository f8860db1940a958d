// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "experiments/tuning/dose_models.h"
#include "experiments/tuning/isotonic.h"
#include "experiments/tuning/random.h"

namespace tierwise {

// Empirical-Bayes pooling of the shape of the dose-response over tiers. On each tier's own scale (its typical
// response), tier k at dose j responds as e_k + s_k g_j + deviation, with one monotone shape g for all tiers, a level
// e_k and a strength s_k >= 0 of its own, and deviations of standard deviation tau. The data choose tau, from 0 (one
// shape) to large (every tier for itself), and its uncertainty is carried: tau^2 has the Q-profile (generalised
// fiducial) distribution P(tau^2 <= t) = P(chi^2_df >= Q(t)) on a grid (Viechtbauer 2007). With one tier, or too few
// doses to tell, nothing is pooled. A tier in which some response goes the wrong way by more than six standard errors
// is not monotone, and is not made so.
class ShapePooling {
 public:
  // REQUIRES: CheckDosePoints holds for each tier's points.
  ShapePooling(absl::Span<const std::vector<DosePoint>> tiers, MonotoneDirection direction);

  // The posterior mean of the response of `tier` at its doses, made monotone.
  const std::vector<double>& estimate(size_t tier) const { return estimates_[tier]; }
  // How far the tier's estimates rest on the common shape: 0 its own data alone, 1 the shape alone; averaged over its
  // doses.
  double pooled_share(size_t tier) const { return pooled_shares_[tier]; }

  // One draw of every tier's responses from the posterior, each projected on the monotone cone; responses[k][j].
  // REQUIRES: `responses` has one vector for each tier, of the size of its points.
  void Draw(RandomDraws& random, std::vector<std::vector<double>>& responses);

 private:
  // One tier on its own scale.
  struct Tier {
    double scale;
    std::vector<size_t> dose;  // index into the union of all tiers' doses
    std::vector<double> mean;
    std::vector<double> variance;
    bool is_monotone = true;  // false where the data refute it
  };
  // One value of tau^2 with its probability.
  struct Node {
    double tau_squared;
    double probability;
  };

  // The common structure e_k + s_k g_j fitted to `means` with variances + tau_squared, into `fitted`.
  void FitCommon(const std::vector<std::vector<double>>& means, double tau_squared,
                 std::vector<std::vector<double>>& fitted);
  void FitLevels(const std::vector<std::vector<double>>& means, double tau_squared);
  void FitShape(const std::vector<std::vector<double>>& means, double tau_squared);
  void ChooseNodes(const std::vector<std::vector<double>>& means);
  void Estimate(const std::vector<std::vector<double>>& means);
  void MakeMonotone(size_t tier, std::vector<double>& responses) const;

  MonotoneDirection direction_;
  std::vector<Tier> tiers_;
  size_t doses_ = 0;
  std::vector<Node> nodes_;  // empty: nothing is pooled
  std::vector<std::vector<double>> estimates_;
  std::vector<double> pooled_shares_;
  // Scratch of FitCommon.
  std::vector<double> level_;
  std::vector<double> strength_;
  std::vector<double> shape_;
  std::vector<double> shape_weight_;
  std::vector<std::vector<double>> drawn_;
  std::vector<std::vector<double>> fitted_;
};

}  // namespace tierwise
