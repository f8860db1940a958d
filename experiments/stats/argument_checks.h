// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"

namespace tierwise {

// Each adds a problem that names `field`, the value and what is allowed, unless the value is allowed. NaN never is.
void CheckFinite(absl::string_view field, double value, Problems& problems);
void CheckPositive(absl::string_view field, double value, Problems& problems);     // finite, > 0
void CheckNonNegative(absl::string_view field, double value, Problems& problems);  // finite, >= 0
void CheckProbability(absl::string_view field, double value, Problems& problems);  // 0 <= value <= 1
// Strictly between 0 and 1: levels, powers, rates with a variance.
void CheckOpenUnit(absl::string_view field, double value, Problems& problems);
void CheckAtLeast(absl::string_view field, double value, double minimum, Problems& problems);

}  // namespace tierwise
