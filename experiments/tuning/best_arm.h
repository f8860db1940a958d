// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

// The probability that each arm has the largest mean, under independent normal posteriors; sums to 1. By quadrature on
// panels around every arm, to about 1e-10. A standard deviation of 0 is a known mean; known means that tie for the
// largest share their probability equally. Errors: no arm, lengths that differ, means that are not finite, negative or
// infinite sds.
absl::StatusOr<std::vector<double>> ProbabilityBest(absl::Span<const double> means, absl::Span<const double> sds);

// Top-two Thompson sampling (Russo 2020): play the posterior's draw of the best arm with probability `beta`, else
// redraw until another arm wins: share_a = p_a (beta + (1 - beta) sum_{b != a} p_b / (1 - p_b)). `probability_best`
// sums to 1. Where one arm is certain to be best, the others share 1 - beta equally; one arm alone gets 1. Errors: beta
// outside [0, 1], an empty list, entries outside [0, 1], a sum away from 1.
absl::StatusOr<std::vector<double>> TopTwoShares(absl::Span<const double> probability_best, double beta);

}  // namespace tierwise
