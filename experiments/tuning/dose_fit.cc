// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/dose_fit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr double kLogOffsetShare = 0.01;

// Non-linear parameters for which the search still has to choose, as one point of the box.
using Nonlinear = std::array<double, 2>;

// Values divided by their standard errors, which turns generalised into ordinary least squares.
struct Whitened {
  explicit Whitened(absl::Span<const DosePoint> points) : y(points.size()), one(points.size()) {
    for (size_t i = 0; i < points.size(); ++i) {
      one[i] = 1.0 / std::sqrt(points[i].variance);
      y[i] = points[i].mean * one[i];
    }
  }
  std::vector<double> y;
  std::vector<double> one;
};

double Dot(absl::Span<const double> a, absl::Span<const double> b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

struct LinearFit {
  std::vector<double> coefficients;
  double rss = 0.0;
};

// Ordinary least squares of `y` on at most three columns by modified Gram-Schmidt. A column that the earlier ones span
// gets 0.
LinearFit LeastSquares(std::vector<double> y, std::vector<std::vector<double>> columns) {
  const size_t p = columns.size();
  std::vector<std::vector<double>> r(p, std::vector<double>(p, 0.0));
  std::vector<double> projections(p, 0.0);
  for (size_t k = 0; k < p; ++k) {
    const double before = Dot(columns[k], columns[k]);
    for (size_t j = 0; j < k; ++j) {
      r[j][k] = Dot(columns[j], columns[k]);
      for (size_t i = 0; i < y.size(); ++i) columns[k][i] -= r[j][k] * columns[j][i];
    }
    const double norm = std::sqrt(Dot(columns[k], columns[k]));
    if (norm * norm <= 1e-24 * before) continue;
    r[k][k] = norm;
    for (double& value : columns[k]) value /= norm;
    projections[k] = Dot(columns[k], y);
    for (size_t i = 0; i < y.size(); ++i) y[i] -= projections[k] * columns[k][i];
  }
  LinearFit fit{std::vector<double>(p, 0.0), Dot(y, y)};
  for (size_t k = p; k-- > 0;) {
    if (r[k][k] == 0.0) continue;
    double value = projections[k];
    for (size_t j = k + 1; j < p; ++j) value -= r[k][j] * fit.coefficients[j];
    fit.coefficients[k] = value / r[k][k];
  }
  return fit;
}

LinearFit FitGiven(DoseModel model, absl::Span<const DosePoint> points, const Whitened& data,
                   absl::Span<const double> nonlinear) {
  std::vector<std::vector<double>> columns = {data.one};
  if (model != DoseModel::kConstant) {
    std::vector<double> column(points.size());
    for (size_t i = 0; i < points.size(); ++i) {
      const double shape =
          model == DoseModel::kQuadratic ? points[i].dose : DoseShape(model, nonlinear, points[i].dose);
      column[i] = shape * data.one[i];
    }
    columns.push_back(column);
    if (model == DoseModel::kQuadratic) {
      for (size_t i = 0; i < points.size(); ++i) column[i] *= points[i].dose;
      columns.push_back(std::move(column));
    }
  }
  return LeastSquares(data.y, std::move(columns));
}

// The residual sum of squares after the best line in the shape, the same as FitGiven's without its allocations.
class ShapeRss {
 public:
  ShapeRss(DoseModel model, absl::Span<const DosePoint> points) : model_(model), points_(points) {
    for (const DosePoint& point : points) weight_ += 1.0 / point.variance;
    for (const DosePoint& point : points) mean_ += point.mean / point.variance / weight_;
    for (const DosePoint& point : points) total_ += (point.mean - mean_) * (point.mean - mean_) / point.variance;
  }

  double operator()(const Nonlinear& nonlinear) const {
    double sum = 0.0;
    double squares = 0.0;
    double cross = 0.0;
    for (const DosePoint& point : points_) {
      const double shape = DoseShape(model_, nonlinear, point.dose);
      sum += shape / point.variance;
      squares += shape * shape / point.variance;
      cross += shape * (point.mean - mean_) / point.variance;
    }
    const double centred = squares - sum * sum / weight_;
    return centred <= 1e-14 * squares ? total_ : total_ - cross * cross / centred;
  }

 private:
  DoseModel model_;
  absl::Span<const DosePoint> points_;
  double weight_ = 0.0;
  double mean_ = 0.0;
  double total_ = 0.0;
};

// A box on the logarithms of the non-linear parameters; a model with one of them has a second side of length 0.
struct LogBox {
  LogBox(const NonlinearBounds& bounds, int sides) {
    for (int s = 0; s < sides; ++s) {
      const auto i = static_cast<size_t>(s);
      low[i] = std::log(bounds.low[i]);
      high[i] = std::log(bounds.high[i]);
    }
  }
  Nonlinear ParametersAt(const Nonlinear& logs) const { return {std::exp(logs[0]), std::exp(logs[1])}; }

  Nonlinear low{};
  Nonlinear high{};
};

struct SearchPoint {
  Nonlinear logs;
  double rss;
};

// Compass search from `start`: moves to the best of the neighbours at distance `step`, and halves the step where none
// is better.
SearchPoint CompassSearch(const ShapeRss& rss, const LogBox& box, SearchPoint start, Nonlinear step) {
  constexpr double kFinestStep = 1e-7;
  constexpr int kMaxMoves = 2000;
  SearchPoint best = start;
  for (int move = 0; move < kMaxMoves && std::max(step[0], step[1]) > kFinestStep; ++move) {
    SearchPoint next = best;
    for (int i = -1; i <= 1; ++i) {
      for (int j = -1; j <= 1; ++j) {
        if ((i == 0 && j == 0) || (j != 0 && step[1] == 0.0)) continue;
        const Nonlinear logs = {std::clamp(best.logs[0] + i * step[0], box.low[0], box.high[0]),
                                std::clamp(best.logs[1] + j * step[1], box.low[1], box.high[1])};
        const double value = rss(box.ParametersAt(logs));
        if (value < next.rss) next = {logs, value};
      }
    }
    if (next.rss < best.rss) {
      best = next;
    } else {
      step = {0.5 * step[0], 0.5 * step[1]};
    }
  }
  return best;
}

// A grid over the box, then a compass search from each of its best few points that have no better neighbour.
Nonlinear SearchNonlinear(DoseModel model, absl::Span<const DosePoint> points, const NonlinearBounds& bounds) {
  constexpr size_t kStarts = 3;
  const int sides = NonlinearParameters(model);
  const LogBox box(bounds, sides);
  const ShapeRss rss(model, points);
  const size_t rows = sides == 1 ? 48 : 20;
  const size_t columns = sides == 1 ? 1 : 20;
  const Nonlinear step = {(box.high[0] - box.low[0]) / static_cast<double>(rows - 1),
                          sides == 1 ? 0.0 : (box.high[1] - box.low[1]) / static_cast<double>(columns - 1)};
  std::vector<SearchPoint> grid;
  grid.reserve(rows * columns);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      const Nonlinear logs = {box.low[0] + static_cast<double>(i) * step[0],
                              box.low[1] + static_cast<double>(j) * step[1]};
      grid.push_back({logs, rss(box.ParametersAt(logs))});
    }
  }
  std::vector<SearchPoint> starts;
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      const double here = grid[i * columns + j].rss;
      const bool is_lowest = (i == 0 || here <= grid[(i - 1) * columns + j].rss) &&
                             (i + 1 == rows || here <= grid[(i + 1) * columns + j].rss) &&
                             (j == 0 || here <= grid[i * columns + j - 1].rss) &&
                             (j + 1 == columns || here <= grid[i * columns + j + 1].rss);
      if (is_lowest) starts.push_back(grid[i * columns + j]);
    }
  }
  std::sort(starts.begin(), starts.end(), [](const SearchPoint& a, const SearchPoint& b) { return a.rss < b.rss; });
  if (starts.size() > kStarts) starts.resize(kStarts);
  SearchPoint best = starts.front();
  for (const SearchPoint& start : starts) {
    const SearchPoint found = CompassSearch(rss, box, start, step);
    if (found.rss < best.rss) best = found;
  }
  return box.ParametersAt(best.logs);
}

// The derivatives of the curve in its free parameters at one dose, the linear ones exactly, the others by central
// differences.
std::vector<double> Gradient(const DoseFit& fit, double dose) {
  switch (fit.model) {
    case DoseModel::kConstant:
      return {1.0};
    case DoseModel::kQuadratic:
      return {1.0, dose, dose * dose};
    default:
      break;
  }
  const absl::Span<const double> nonlinear = absl::MakeConstSpan(fit.parameters).subspan(2);
  std::vector<double> gradient = {1.0, DoseShape(fit.model, nonlinear, dose)};
  std::vector<double> moved(nonlinear.begin(), nonlinear.end());
  for (int s = 0; s < NonlinearParameters(fit.model); ++s) {
    const auto i = static_cast<size_t>(s);
    const double step = 1e-5 * moved[i];
    moved[i] += step;
    const double above = DoseShape(fit.model, moved, dose);
    moved[i] -= 2.0 * step;
    const double below = DoseShape(fit.model, moved, dose);
    moved[i] += step;
    gradient.push_back(fit.parameters[1] * (above - below) / (2.0 * step));
  }
  return gradient;
}

// The inverse of a symmetric positive definite matrix by Gauss-Jordan elimination on its correlation form; absent where
// a pivot vanishes.
std::optional<std::vector<double>> InvertPositiveDefinite(std::vector<double> a, size_t n) {
  std::vector<double> scale(n);
  for (size_t i = 0; i < n; ++i) {
    if (!(a[i * n + i] > 0.0)) return std::nullopt;
    scale[i] = 1.0 / std::sqrt(a[i * n + i]);
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) a[i * n + j] *= scale[i] * scale[j];
  }
  for (size_t pivot = 0; pivot < n; ++pivot) {
    const double diagonal = a[pivot * n + pivot];
    if (!(diagonal > 1e-10)) return std::nullopt;
    a[pivot * n + pivot] = 1.0;
    for (size_t j = 0; j < n; ++j) a[pivot * n + j] /= diagonal;
    for (size_t i = 0; i < n; ++i) {
      if (i == pivot) continue;
      const double factor = a[i * n + pivot];
      a[i * n + pivot] = 0.0;
      for (size_t j = 0; j < n; ++j) a[i * n + j] -= factor * a[pivot * n + j];
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) a[i * n + j] *= scale[i] * scale[j];
  }
  return a;
}

std::optional<std::vector<double>> Covariance(const DoseFit& fit, absl::Span<const DosePoint> points) {
  const auto n = static_cast<size_t>(FreeParameters(fit.model));
  std::vector<double> information(n * n, 0.0);
  for (const DosePoint& point : points) {
    const std::vector<double> gradient = Gradient(fit, point.dose);
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) information[i * n + j] += gradient[i] * gradient[j] / point.variance;
    }
  }
  return InvertPositiveDefinite(std::move(information), n);
}

bool IsAtEdge(const Nonlinear& nonlinear, const NonlinearBounds& bounds, int sides) {
  for (int s = 0; s < sides; ++s) {
    const auto i = static_cast<size_t>(s);
    if (nonlinear[i] <= bounds.low[i] * (1.0 + 1e-6) || nonlinear[i] >= bounds.high[i] * (1.0 - 1e-6)) return true;
  }
  return false;
}

}  // namespace

double DoseFit::At(double dose) const {
  if (model == DoseModel::kConstant) return parameters[0];
  if (model == DoseModel::kQuadratic) return parameters[0] + dose * (parameters[1] + dose * parameters[2]);
  return parameters[0] + parameters[1] * DoseShape(model, absl::MakeConstSpan(parameters).subspan(2), dose);
}

absl::StatusOr<DoseFit> FitDoseModel(DoseModel model, absl::Span<const DosePoint> points,
                                     std::optional<NonlinearBounds> bounds) {
  TIERWISE_RETURN_IF_ERROR(CheckDosePoints("points", points));
  if (points.size() < static_cast<size_t>(FreeParameters(model))) {
    return InvalidField("points", absl::StrCat("has ", points.size(), " doses; a ", DoseModelName(model),
                                               " curve needs at least ", FreeParameters(model)));
  }
  const double max_dose = points.back().dose;
  const int sides = NonlinearParameters(model);
  const NonlinearBounds box = bounds.value_or(DefaultBounds(model, max_dose));
  for (size_t i = 0; i < static_cast<size_t>(sides); ++i) {
    if (!(box.low[i] > 0.0 && box.high[i] >= box.low[i] && std::isfinite(box.high[i]))) {
      return InvalidField("bounds", "must be positive and finite, the low end not above the high end");
    }
  }
  Nonlinear nonlinear{};
  if (sides > 0) nonlinear = SearchNonlinear(model, points, box);
  if (model == DoseModel::kLogLinear) nonlinear[0] = kLogOffsetShare * max_dose;

  const LinearFit linear = FitGiven(model, points, Whitened(points), nonlinear);
  DoseFit fit{model, linear.coefficients, std::nullopt, linear.rss, linear.rss + 2.0 * FreeParameters(model)};
  const int kept = model == DoseModel::kLogLinear ? 1 : sides;
  fit.parameters.insert(fit.parameters.end(), nonlinear.begin(), nonlinear.begin() + kept);
  if (!IsAtEdge(nonlinear, box, sides)) fit.covariance = Covariance(fit, points);
  return fit;
}

std::vector<double> AkaikeWeights(absl::Span<const double> aic) {
  std::vector<double> weights(aic.begin(), aic.end());
  if (aic.empty()) return weights;
  const double least = *std::min_element(aic.begin(), aic.end());
  double total = 0.0;
  for (double& weight : weights) {
    weight = std::exp(-0.5 * (weight - least));
    total += weight;
  }
  for (double& weight : weights) weight /= total;
  return weights;
}

}  // namespace tierwise
