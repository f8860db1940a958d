// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/dose_fit.h"
#include "experiments/tuning/dose_models.h"
#include "experiments/tuning/isotonic.h"

namespace tierwise {

// The average of several dose-response curves by their Akaike weights, each held to one direction: a curve that would
// run the other way counts as flat. Made once for the variances of an experiment, it is then cheap to evaluate for
// other means with the same variances, as a parametric bootstrap needs: the non-linear parameters of those come from a
// fixed grid and the best fit to the observed means. Immutable.
class ModelAverage {
 public:
  // The models that `doses` doses can tell apart: the constant, the straight line, and each curve that leaves a degree
  // of freedom. Never the quadratic, which turns round.
  static std::vector<DoseModel> ModelsFor(size_t doses);

  // Curves are evaluated at `grid`, any doses >= 0. Errors: those of FitDoseModel; kQuadratic among `models`; no model.
  static absl::StatusOr<ModelAverage> Create(absl::Span<const DosePoint> points, absl::Span<const DoseModel> models,
                                             absl::Span<const double> grid, MonotoneDirection direction);

  // Each model's own unrestricted fit to the observed means, in the order of `models`.
  const std::vector<DoseFit>& fits() const { return fits_; }

  // For `means` at the doses of the experiment: the averaged curve at the grid, and the weight of each model where
  // `weights` is not null. REQUIRES: one mean for each point; curve.size() == grid size.
  void Evaluate(absl::Span<const double> means, absl::Span<double> curve, std::vector<double>* weights = nullptr) const;

 private:
  // The shapes of one model: a range of candidates.
  struct Family {
    int free_parameters;
    size_t begin;
    size_t end;
  };

  void AddShape(const DoseFit& fit, absl::Span<const DosePoint> points, absl::Span<const double> grid,
                MonotoneDirection direction);

  std::vector<DoseFit> fits_;
  std::vector<Family> families_;
  std::vector<double> root_weights_;  // 1 / standard error at each dose
  std::vector<double> weights_;       // 1 / variance, normalised to sum 1
  // For each candidate a unit vector over the doses, orthogonal to the constant in the metric of the variances, so that
  // the fit of a mean vector is one product; and what one unit of it is worth at each dose of the grid.
  std::vector<std::vector<double>> directions_;
  std::vector<std::vector<double>> on_grid_;
};

}  // namespace tierwise
