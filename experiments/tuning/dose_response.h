// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/dose_fit.h"
#include "experiments/tuning/dose_models.h"
#include "experiments/tuning/isotonic.h"
#include "experiments/tuning/trend_test.h"

namespace tierwise {

// What one tier's users did at each dose. The first dose is 0: the control.
struct TierDoses {
  std::string tier;
  std::vector<DosePoint> points;  // ascending in dose, at least two
};

struct DoseResponseOptions {
  MonotoneDirection direction = MonotoneDirection::kNonDecreasing;
  double confidence = 0.95;
  int draws = 2000;   // of the bootstrap and of the posterior
  uint64_t seed = 0;  // the same seed and data give the same answer
  // Doses at which the averaged curve is wanted; empty: the tier's own doses.
  std::vector<double> grid;
  bool pool_tiers = true;
};

// A curve with a simultaneous band: with the given confidence it holds the whole curve.
struct DoseCurve {
  std::vector<double> doses;
  std::vector<double> estimate;
  std::vector<double> lower;
  std::vector<double> upper;
  std::vector<bool> is_extrapolated;  // beyond the doses tried in this tier: the model's guess, not evidence
};

struct TierDoseResponse {
  std::string tier;
  TrendTest no_response;
  // At the doses tried. Isotonic fit; the band is the Sidak band of the raw means made monotone, which covers any
  // monotone truth.
  DoseCurve isotonic;
  // At the grid. Average of the models by Akaike weights; parametric bootstrap with the sup-t quantile.
  DoseCurve averaged;
  std::vector<DoseFit> fits;
  std::vector<double> model_weights;  // of `fits`, in the average
  // At the doses tried. The tier's estimates with the shape pooled over tiers as far as the data support, isotonic; the
  // band is a simultaneous posterior band.
  DoseCurve pooled;
  double pooled_share = 0.0;  // 0: this tier's own data alone; 1: the shape common to the tiers alone
  // Posterior draws of the responses behind `pooled`, draw by draw: draws x doses. What decisions are computed from.
  std::vector<double> posterior;
};

// The dose-response of every tier. Errors, each naming its field: no tiers, those of CheckDosePoints, a tier whose
// first dose is not 0 (no control), a grid dose below 0, confidence outside (0, 1), draws outside [100, 1000000].
absl::StatusOr<std::vector<TierDoseResponse>> EstimateDoseResponse(absl::Span<const TierDoses> tiers,
                                                                   const DoseResponseOptions& options);

}  // namespace tierwise
