// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/types/span.h"
#include "experiments/tuning/dose_models.h"
#include "experiments/tuning/isotonic.h"
#include "experiments/tuning/random.h"

namespace tierwise {

struct TrendTest {
  double statistic = 0.0;  // how much better the isotonic fit is than the constant: sum (isotonic - mean)^2 / variance
  double p = 1.0;          // of the hypothesis that the response is the same at every dose
};

// Bartholomew's likelihood-ratio test of "no response" against a monotone response in `direction`. Under the hypothesis
// the statistic is a mixture of chi-squared variables (Barlow, Bartholomew, Bremner & Brunk 1972, theorem 3.1); its
// weights, the probabilities that the isotonic fit of noise has 1, 2, ... levels, are counted over `draws` draws, its
// tails are exact. REQUIRES: CheckDosePoints(points) is OK, draws > 0.
TrendTest TestNoResponse(absl::Span<const DosePoint> points, MonotoneDirection direction, int draws,
                         RandomDraws& random);

}  // namespace tierwise
