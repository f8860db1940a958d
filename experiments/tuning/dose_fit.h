// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/dose_models.h"

namespace tierwise {

struct DoseFit {
  DoseModel model = DoseModel::kConstant;
  std::vector<double> parameters;  // in the order of the enumerator
  // Of the parameters, row by row, from the information matrix at the fit (for kLogLinear without the offset). Absent
  // where the data do not identify all of them, or one is at the edge of its box.
  std::optional<std::vector<double>> covariance;
  double rss = 0.0;  // generalised least squares: sum (mean - f(dose))^2 / variance
  double aic = 0.0;  // rss + 2 FreeParameters

  // The fitted curve at any dose >= 0. Beyond the doses tried it is extrapolation.
  double At(double dose) const;
};

// Generalised least squares: linear parameters in closed form inside a search over the non-linear ones in `bounds`.
// Errors: those of CheckDosePoints; fewer points than free parameters.
absl::StatusOr<DoseFit> FitDoseModel(DoseModel model, absl::Span<const DosePoint> points,
                                     std::optional<NonlinearBounds> bounds = std::nullopt);

// Akaike weights exp(-aic/2) normalised to sum 1; in the order of `fits`.
std::vector<double> AkaikeWeights(absl::Span<const double> aic);

}  // namespace tierwise
