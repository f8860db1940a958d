// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

struct DoseCounts {
  double dose = 0.0;
  int64_t users = 0;        // > 0
  int64_t conversions = 0;  // 0 .. users
};

struct LogitFit {
  double intercept = 0.0;
  double intercept_se = 0.0;
  double slope = 0.0;  // of the log odds, per unit of dose
  double slope_se = 0.0;
  double covariance = 0.0;

  double RateAt(double dose) const;
};

// Maximum likelihood of conversions ~ Binomial(users, 1 / (1 + exp(-intercept - slope dose))) by Newton's method.
// Errors: counts out of range, doses not finite, fewer than two different doses, and data without a finite estimate (no
// conversions, nothing but conversions, or none on one side of a dose and all on the other).
absl::StatusOr<LogitFit> FitLogit(absl::Span<const DoseCounts> counts);

}  // namespace tierwise
