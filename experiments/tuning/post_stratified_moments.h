// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/types/span.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// The moments of one arm whose users came in strata (waves, batches) with shares of its own: its means weighted by
// `weights` in place of the arm's own shares, so that arms whose users came at different times can be compared. The
// result's (co)variances of means are those of the weighted means: sum w^2 S / n over strata, S a stratum's covariance;
// its n is the arm's users. docs/tuning.md#strata. REQUIRES: at least one stratum; as many weights, not negative, with
// a positive sum; every stratum has n >= 2 and the same number of variables.
JointMoments PostStratifiedMoments(absl::Span<const JointMoments> strata, absl::Span<const double> weights);

}  // namespace tierwise
