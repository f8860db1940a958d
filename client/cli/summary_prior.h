// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "client/cli/summary_file.pb.h"
#include "experiments/analysis/lift_prior.h"

namespace tierwise {

// Whatever can't be a prior goes to `add_problem` (path of the field, what to do).
void CheckPrior(const summary::SummaryPrior& prior,
                absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem);

// The prior that `prior` states or that follows from its campaigns; the weakly informative one where it is empty.
// REQUIRES: it is empty, or CheckPrior finds nothing.
LiftPrior PriorOf(const summary::SummaryPrior& prior);

}  // namespace tierwise
