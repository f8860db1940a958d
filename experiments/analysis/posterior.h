// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "experiments/analysis/lift_prior.h"
#include "experiments/stats/estimate.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// The Bayesian reading of an effect, given `prior` of its lift. `sign` is 1 where more is better, -1 where less is.
// nullopt where nothing varies or the control's mean is 0.
std::optional<v1::Posterior> PosteriorOf(const ArmMeans& means, double sign, const LiftPrior& prior);

}  // namespace tierwise
