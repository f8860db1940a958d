// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// What the arm with the largest estimate is worth, corrected for having been chosen because its estimate was the
// largest. Andrews, Kitagawa & McCloskey, "Inference on winners", QJE 139(1), 2024.
struct WinnerEstimate {
  size_t winner = 0;   // the first of the largest
  double naive = 0.0;  // its estimate as it stands: too high on average
  Interval naive_interval;
  // Median-unbiased and equal-tailed given that this arm won: very wide when the race was close. At an exact tie, -inf.
  double median_unbiased = 0.0;
  Interval conditional_interval;
  // Naive with the Sidak quantile over all arms: right however the winner was chosen.
  Interval projection_interval;
  double projection_quantile = 0.0;  // its half-width in standard errors
  // The conditional ones inside a projection interval of level 1 - (1 - confidence) / 10: nearly as short as either.
  // The one to show.
  double hybrid = 0.0;
  Interval hybrid_interval;
};

// Arms with independent normal estimates of known standard errors. `confidence` in (0, 1). Errors: no arm, lengths that
// differ, estimates that are not finite, standard errors that are not positive.
absl::StatusOr<WinnerEstimate> CorrectWinner(absl::Span<const double> estimates, absl::Span<const double> std_errors,
                                             double confidence);

// Arms whose estimates are correlated, as differences to one control are: `covariance` is k x k, row by row, symmetric.
// The projection interval is then conservative (Sidak's inequality).
absl::StatusOr<WinnerEstimate> CorrectCorrelatedWinner(absl::Span<const double> estimates,
                                                       absl::Span<const double> covariance, double confidence);

}  // namespace tierwise
