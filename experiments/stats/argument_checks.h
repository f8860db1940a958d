// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"

namespace tierwise {

// What no measurement exceeds in size, and no positive one falls below the inverse of: within it squares and their
// products neither overflow nor vanish.
inline constexpr double kMostExtreme = 1e50;

// Each adds a problem that names `field`, the value and what is allowed, unless the value is allowed. NaN never is.
void CheckFinite(absl::string_view field, double value, Problems& problems);       // -kMostExtreme to kMostExtreme
void CheckPositive(absl::string_view field, double value, Problems& problems);     // 1 / kMostExtreme to kMostExtreme
void CheckNonNegative(absl::string_view field, double value, Problems& problems);  // 0, or positive
void CheckProbability(absl::string_view field, double value, Problems& problems);  // 0 <= value <= 1
// Strictly between 0 and 1: levels, powers, rates with a variance.
void CheckOpenUnit(absl::string_view field, double value, Problems& problems);
void CheckAtLeast(absl::string_view field, double value, double minimum, Problems& problems);

}  // namespace tierwise
