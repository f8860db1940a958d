// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// Welch's comparison of means, treatment - control, with Student's t at the Welch-Satterthwaite degrees of freedom.
// kNoUsers where an arm is empty, kTooFewUsers where one has a single user, kZeroVariance where neither varies.
// InvalidArgument names the field.
absl::StatusOr<Estimate> CompareMeans(const Moments& control, const Moments& treatment, double confidence);

// The arms' means with squared standard errors and Welch's degrees of freedom.
// REQUIRES: valid moments, at least 2 users in each arm.
ArmMeans MeansOf(const Moments& control, const Moments& treatment);

}  // namespace tierwise
