// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/least_squares.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

double Dot(absl::Span<const double> a, absl::Span<const double> b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double Pivot(absl::Span<const double> row, double square) { return square - Dot(row, row); }

bool IsPositive(double pivot, double square) { return square > 0.0 && pivot > kPivotTolerance * square; }

}  // namespace

std::vector<double> PivotedCholesky::ForwardSolve(absl::Span<const double> b) const {
  std::vector<double> x(b.begin(), b.end());
  for (size_t i = 0; i < rows_.size(); ++i) {
    for (size_t j = 0; j < i; ++j) x[i] -= rows_[i][j] * x[j];
    x[i] /= rows_[i][i];
  }
  return x;
}

bool PivotedCholesky::IsIndependent(absl::Span<const double> products, double square) const {
  return IsPositive(Pivot(ForwardSolve(products), square), square);
}

bool PivotedCholesky::TryAdd(absl::Span<const double> products, double square) {
  std::vector<double> row = ForwardSolve(products);
  const double pivot = Pivot(row, square);
  if (!IsPositive(pivot, square)) return false;
  row.push_back(std::sqrt(pivot));
  rows_.push_back(std::move(row));
  return true;
}

std::vector<double> PivotedCholesky::Solve(absl::Span<const double> b) const {
  std::vector<double> x = ForwardSolve(b);
  for (size_t i = rows_.size(); i-- > 0;) {
    for (size_t j = i + 1; j < rows_.size(); ++j) x[i] -= rows_[j][i] * x[j];
    x[i] /= rows_[i][i];
  }
  return x;
}

absl::StatusOr<LeastSquaresFit> FitLeastSquares(absl::Span<const double> design, int columns,
                                                absl::Span<const double> outcome) {
  if (columns < 1) return InvalidField("columns", "must be positive");
  const auto width = static_cast<size_t>(columns);
  const size_t rows = outcome.size();
  if (design.size() != rows * width) {
    return InvalidField("design", absl::StrCat("has ", design.size(), " entries; needs ", rows * width));
  }
  const auto is_finite = [](double x) { return std::isfinite(x); };
  if (!std::all_of(design.begin(), design.end(), is_finite)) return InvalidField("design", "must be finite");
  if (!std::all_of(outcome.begin(), outcome.end(), is_finite)) return InvalidField("outcome", "must be finite");

  std::vector<double> products(width * width);
  std::vector<double> with_outcome(width);
  for (size_t r = 0; r < rows; ++r) {
    const absl::Span<const double> x = design.subspan(r * width, width);
    for (size_t i = 0; i < width; ++i) {
      with_outcome[i] += x[i] * outcome[r];
      for (size_t j = 0; j <= i; ++j) products[i * width + j] += x[i] * x[j];
    }
  }
  LeastSquaresFit fit{.coefficients = std::vector<double>(width),
                      .is_dropped = std::vector<bool>(width),
                      .hc0_variance = std::vector<double>(width),
                      .hc2_variance = std::vector<double>(width),
                      .hc3_variance = std::vector<double>(width)};
  PivotedCholesky factor;
  std::vector<size_t> kept;
  std::vector<double> right_side;
  for (size_t i = 0; i < width; ++i) {
    std::vector<double> with_kept;
    for (const size_t j : kept) with_kept.push_back(products[i * width + j]);
    fit.is_dropped[i] = !factor.TryAdd(with_kept, products[i * width + i]);
    if (fit.is_dropped[i]) continue;
    kept.push_back(i);
    right_side.push_back(with_outcome[i]);
  }
  fit.rank = factor.size();
  const std::vector<double> solution = factor.Solve(right_side);
  for (size_t k = 0; k < kept.size(); ++k) fit.coefficients[kept[k]] = solution[k];

  std::vector<double> x_kept(kept.size());
  for (size_t r = 0; r < rows; ++r) {
    const absl::Span<const double> x = design.subspan(r * width, width);
    for (size_t k = 0; k < kept.size(); ++k) x_kept[k] = x[kept[k]];
    const std::vector<double> influence = factor.Solve(x_kept);
    const double residual = outcome[r] - Dot(x_kept, solution);
    // A row of leverage 1 is fitted exactly and says nothing about the residual variance.
    const double rest = 1.0 - Dot(x_kept, influence);
    const double square = rest > 1e-12 ? residual * residual : 0.0;
    const double divisor = std::max(rest, 1e-12);
    for (size_t k = 0; k < kept.size(); ++k) {
      const double part = influence[k] * influence[k] * square;
      fit.hc0_variance[kept[k]] += part;
      fit.hc2_variance[kept[k]] += part / divisor;
      fit.hc3_variance[kept[k]] += part / (divisor * divisor);
    }
  }
  return fit;
}

}  // namespace tierwise
