// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// Multiple comparisons with the best (Hsu 1984): how far each arm may be from the best of the others.
struct ComparisonWithBest {
  // Simultaneous intervals, held to 0, for the arm's mean less the largest of the other arms'. An arm whose upper end
  // is 0 is not the best; one whose lower end is 0 is.
  Interval difference_to_best_other;
  // In the set that holds the best arm with at least the confidence asked for.
  bool may_be_best = false;
};

// Independent normal estimates with known standard errors, >= 0. Each arm in turn is the one-sided Dunnett control of
// the others, with the exact critical value for its unequal variances. Errors: no arm, lengths that differ, values not
// finite, negative standard errors, confidence outside (0, 1).
absl::StatusOr<std::vector<ComparisonWithBest>> CompareWithBest(absl::Span<const double> estimates,
                                                                absl::Span<const double> std_errors, double confidence);

}  // namespace tierwise
