// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

enum class MonotoneDirection { kNonDecreasing, kNonIncreasing };

// The monotone sequence nearest to `y` in weighted least squares, by pooling adjacent violators; equal to the min-max
// formula max_{s<=i} min_{t>=i} mean(s..t). `y` is in dose order. Errors: lengths that differ, values that are not
// finite, weights that are not positive and finite. Empty in, empty out.
absl::StatusOr<std::vector<double>> IsotonicFit(absl::Span<const double> y, absl::Span<const double> weights,
                                                MonotoneDirection direction);

// The same in place and without checks, for use on simulated draws. Entries of weight 0 are allowed as long as one
// weight is positive: they take a value of a neighbour. REQUIRES: y.size() == weights.size().
void PoolAdjacentViolators(absl::Span<double> y, absl::Span<const double> weights, MonotoneDirection direction);

}  // namespace tierwise
