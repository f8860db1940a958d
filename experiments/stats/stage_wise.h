// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/group_sequential.h"

namespace tierwise {

// Inference after a group-sequential trial has ended. The plain estimate of a trial that stopped early is too large on
// average and its plain interval covers too seldom; these rest on the stage-wise ordering of outcomes (Tsiatis, Rosner
// & Mehta 1984): crossing the upper boundary at an earlier look is more extreme than at a later one.
struct StageWiseInference {
  double p_value = 1.0;                 // two-sided: twice the smaller side; one-sided: the upper
  double median_unbiased_effect = 0.0;  // over- and underestimates the effect equally often
  Interval interval;                    // equal-tailed, unbounded at an end where no effect fits
};

// `boundaries`: the looks taken, the last one where the trial ended, whether by crossing or at its final look.
// `estimate` and `std_error`: at that last look. `sided` as in the design. InvalidArgument: bad boundaries, std_error
// not above 0, or a last look that brought no new information.
absl::StatusOr<StageWiseInference> InferStageWise(absl::Span<const LookBoundary> boundaries, int sided, double estimate,
                                                  double std_error, double confidence);

}  // namespace tierwise
