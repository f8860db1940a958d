// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

// A column is dropped where what earlier columns leave of its square is less than this share: it is collinear with
// them.
inline constexpr double kPivotTolerance = 1e-9;

// A symmetric positive semi-definite matrix as lower Cholesky factor over those columns, in order, that are not
// collinear with the ones kept before them.
class PivotedCholesky {
 public:
  // Takes column `index`, whose products with the columns kept before it, in order, are `products` and with itself
  // `square`. Returns false, and leaves it out, where it is collinear with them or `square` is 0.
  bool TryAdd(absl::Span<const double> products, double square);
  // Whether TryAdd would keep it.
  bool IsIndependent(absl::Span<const double> products, double square) const;

  int size() const { return static_cast<int>(rows_.size()); }
  // The solution x of A x = b over the kept columns. REQUIRES: b.size() == size().
  std::vector<double> Solve(absl::Span<const double> b) const;

 private:
  std::vector<double> ForwardSolve(absl::Span<const double> b) const;

  std::vector<std::vector<double>> rows_;
};

// Ordinary least squares with variances of the coefficients that allow any heteroscedasticity (MacKinnon & White 1985).
struct LeastSquaresFit {
  std::vector<double> coefficients = {};  // 0 where the column was dropped as collinear
  std::vector<bool> is_dropped = {};
  std::vector<double> hc0_variance;  // per coefficient: squared residuals as they are
  std::vector<double> hc2_variance;  // over 1 - leverage
  std::vector<double> hc3_variance;  // over (1 - leverage)^2
  int rank = 0;
};

// `design`: rows x columns, row by row, an intercept included where wanted; `outcome`: one per row. InvalidArgument
// names the field: sizes that do not agree, values that are not finite.
absl::StatusOr<LeastSquaresFit> FitLeastSquares(absl::Span<const double> design, int columns,
                                                absl::Span<const double> outcome);

}  // namespace tierwise
