// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// Names and reasons as reports show them to people.

// E.g. "Welch t", "score z", "Fisher mid-p".
absl::string_view TestWords(Method method);
// E.g. "Welch t", "Newcombe", "Katz".
absl::string_view IntervalWords(Method method);
// E.g. "an arm has no users". Empty for kNone.
absl::string_view ReasonWords(Gap gap);

}  // namespace tierwise
