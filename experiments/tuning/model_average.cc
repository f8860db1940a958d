// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/model_average.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

// Grid of the non-linear parameters, equally spaced in their logarithms.
constexpr int kPointsAlone = 24;
constexpr std::array<int, 2> kPointsOfTwo = {14, 7};

double LogSpaced(double low, double high, int i, int points) {
  return low * std::pow(high / low, static_cast<double>(i) / (points - 1));
}

// Unit curves over the grid of non-linear parameters of `model`; one for a model without any.
std::vector<DoseFit> ShapesOf(const DoseFit& fit, double max_dose) {
  std::vector<DoseFit> shapes;
  const auto add = [&](std::vector<double> nonlinear) {
    DoseFit shape;
    shape.model = fit.model;
    shape.parameters = {0.0, 1.0};
    shape.parameters.insert(shape.parameters.end(), nonlinear.begin(), nonlinear.end());
    shapes.push_back(std::move(shape));
  };
  add({fit.parameters.begin() + 2, fit.parameters.end()});
  const NonlinearBounds box = DefaultBounds(fit.model, max_dose);
  const int sides = NonlinearParameters(fit.model);
  if (sides == 1) {
    for (int i = 0; i < kPointsAlone; ++i) add({LogSpaced(box.low[0], box.high[0], i, kPointsAlone)});
  }
  if (sides == 2) {
    for (int i = 0; i < kPointsOfTwo[0]; ++i) {
      for (int j = 0; j < kPointsOfTwo[1]; ++j) {
        add({LogSpaced(box.low[0], box.high[0], i, kPointsOfTwo[0]),
             LogSpaced(box.low[1], box.high[1], j, kPointsOfTwo[1])});
      }
    }
  }
  return shapes;
}

}  // namespace

std::vector<DoseModel> ModelAverage::ModelsFor(size_t doses) {
  std::vector<DoseModel> models = {DoseModel::kConstant, DoseModel::kLinear};
  for (DoseModel model : {DoseModel::kLogLinear, DoseModel::kEmax, DoseModel::kExponential, DoseModel::kSigmoidEmax,
                          DoseModel::kLogistic}) {
    if (static_cast<size_t>(FreeParameters(model)) < doses) models.push_back(model);
  }
  return models;
}

absl::StatusOr<ModelAverage> ModelAverage::Create(absl::Span<const DosePoint> points,
                                                  absl::Span<const DoseModel> models, absl::Span<const double> grid,
                                                  MonotoneDirection direction) {
  if (models.empty()) return InvalidField("models", "is empty; at least one model is needed");
  ModelAverage average;
  double total_weight = 0.0;
  for (const DosePoint& point : points) total_weight += 1.0 / point.variance;
  for (const DosePoint& point : points) {
    average.root_weights_.push_back(1.0 / std::sqrt(point.variance));
    average.weights_.push_back(1.0 / point.variance / total_weight);
  }
  for (DoseModel model : models) {
    if (model == DoseModel::kQuadratic) {
      return InvalidField("models", "has the quadratic, which is not monotone; leave it out of the average");
    }
    TIERWISE_ASSIGN_OR_RETURN(DoseFit fit, FitDoseModel(model, points));
    const size_t begin = average.directions_.size();
    if (model != DoseModel::kConstant) {
      for (const DoseFit& shape : ShapesOf(fit, points.back().dose)) average.AddShape(shape, points, grid, direction);
    }
    average.families_.push_back({FreeParameters(model), begin, average.directions_.size()});
    average.fits_.push_back(std::move(fit));
  }
  return average;
}

void ModelAverage::AddShape(const DoseFit& fit, absl::Span<const DosePoint> points, absl::Span<const double> grid,
                            MonotoneDirection direction) {
  std::vector<double> unit(points.size());
  double centre = 0.0;
  for (size_t i = 0; i < points.size(); ++i) {
    unit[i] = fit.At(points[i].dose);
    centre += weights_[i] * unit[i];
  }
  double squares = 0.0;
  for (size_t i = 0; i < points.size(); ++i) {
    unit[i] = (unit[i] - centre) * root_weights_[i];
    squares += unit[i] * unit[i];
  }
  if (!(squares > 0.0)) return;  // flat over the doses tried: the constant already stands for it
  const double scale = (direction == MonotoneDirection::kNonDecreasing ? 1.0 : -1.0) / std::sqrt(squares);
  for (size_t i = 0; i < points.size(); ++i) unit[i] *= scale * root_weights_[i];
  std::vector<double> on_grid;
  for (double dose : grid) on_grid.push_back((fit.At(dose) - centre) * scale);
  directions_.push_back(std::move(unit));
  on_grid_.push_back(std::move(on_grid));
}

void ModelAverage::Evaluate(absl::Span<const double> means, absl::Span<double> curve,
                            std::vector<double>* weights) const {
  struct Best {
    size_t candidate = 0;
    double length = 0.0;  // of the projection of the means on the candidate; 0 where it would run the wrong way
    double weight = 0.0;
  };
  const size_t doses = means.size();
  double centre = 0.0;
  for (size_t i = 0; i < doses; ++i) centre += weights_[i] * means[i];

  // exp(-(aic - largest possible) / 2) up to a common factor: the part of aic that differs is 2 k - length^2.
  absl::InlinedVector<Best, 8> best(families_.size());
  double least = 0.0;
  for (size_t f = 0; f < families_.size(); ++f) {
    for (size_t c = families_[f].begin; c < families_[f].end; ++c) {
      double length = 0.0;
      for (size_t i = 0; i < doses; ++i) length += directions_[c][i] * means[i];
      if (length > best[f].length) best[f] = {c, length, 0.0};
    }
    best[f].weight = 2.0 * families_[f].free_parameters - best[f].length * best[f].length;
    least = f == 0 ? best[f].weight : std::min(least, best[f].weight);
  }
  double total = 0.0;
  for (Best& entry : best) {
    entry.weight = std::exp(-0.5 * (entry.weight - least));
    total += entry.weight;
  }
  std::fill(curve.begin(), curve.end(), centre);
  for (Best& entry : best) {
    entry.weight /= total;
    if (entry.length == 0.0) continue;
    const std::vector<double>& on_grid = on_grid_[entry.candidate];
    const double factor = entry.weight * entry.length;
    for (size_t x = 0; x < curve.size(); ++x) curve[x] += factor * on_grid[x];
  }
  if (weights == nullptr) return;
  weights->clear();
  for (const Best& entry : best) weights->push_back(entry.weight);
}

}  // namespace tierwise
