// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// The users of one stratum (such as a mailing wave) at one dose.
struct StratumDose {
  std::string stratum;
  double dose = 0.0;
  Moments outcome;
};

struct StratifiedSlope {
  double slope = 0.0;  // of the outcome per unit of dose
  double se = 0.0;     // robust to unequal variances (HC1)
};

// The straight-line slope of the outcome in the dose within strata: least squares over users with an intercept for each
// stratum, from the moments of the cells alone. For doses that were randomised within strata. Errors: moments out of
// range, no stratum with two doses, fewer users than parameters.
absl::StatusOr<StratifiedSlope> SlopeWithinStrata(absl::Span<const StratumDose> cells);

}  // namespace tierwise
