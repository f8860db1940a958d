// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "client/cli/tuning_file.pb.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// More users than these in one cell can't be right; it is also how many a rate that is taken as known counts for.
inline constexpr int64_t kMostTuningUsers = 1'000'000'000'000;

// The moments that `cell` states: conversions, then revenue where `has_revenue`. Whatever can't be moments of any users
// goes to `add_problem` (field, what to do); the result is then of no use.
JointMoments OutcomesOf(const tuning::TuningFileCell& cell, bool has_revenue,
                        absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem);

}  // namespace tierwise
