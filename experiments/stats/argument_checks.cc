// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/argument_checks.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

void Require(bool is_allowed, absl::string_view field, double value, absl::string_view allowed, Problems& problems) {
  if (!is_allowed) problems.Add(field, absl::StrCat("is ", value, "; must be ", allowed));
}

}  // namespace

void CheckFinite(absl::string_view field, double value, Problems& problems) {
  Require(std::isfinite(value), field, value, "finite", problems);
}

void CheckPositive(absl::string_view field, double value, Problems& problems) {
  Require(std::isfinite(value) && value > 0.0, field, value, "finite and above 0", problems);
}

void CheckNonNegative(absl::string_view field, double value, Problems& problems) {
  Require(std::isfinite(value) && value >= 0.0, field, value, "finite and at least 0", problems);
}

void CheckProbability(absl::string_view field, double value, Problems& problems) {
  Require(value >= 0.0 && value <= 1.0, field, value, "from 0 to 1", problems);
}

void CheckOpenUnit(absl::string_view field, double value, Problems& problems) {
  Require(value > 0.0 && value < 1.0, field, value, "above 0 and below 1", problems);
}

void CheckAtLeast(absl::string_view field, double value, double minimum, Problems& problems) {
  Require(std::isfinite(value) && value >= minimum, field, value, absl::StrCat("finite and at least ", minimum),
          problems);
}

}  // namespace tierwise
