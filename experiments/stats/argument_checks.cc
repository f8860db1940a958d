// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/argument_checks.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

void Require(bool is_allowed, absl::string_view field, double value, absl::string_view allowed, Problems& problems) {
  if (!is_allowed) problems.Add(field, absl::StrCat("is ", value, "; must be ", allowed));
}

bool IsPositive(double value) { return value >= 1.0 / kMostExtreme && value <= kMostExtreme; }

}  // namespace

void CheckFinite(absl::string_view field, double value, Problems& problems) {
  Require(std::abs(value) <= kMostExtreme, field, value, absl::StrCat("within ", kMostExtreme, " of 0"), problems);
}

void CheckPositive(absl::string_view field, double value, Problems& problems) {
  Require(IsPositive(value), field, value, absl::StrCat("from ", 1.0 / kMostExtreme, " to ", kMostExtreme), problems);
}

void CheckNonNegative(absl::string_view field, double value, Problems& problems) {
  Require(value == 0.0 || IsPositive(value), field, value,
          absl::StrCat("0, or from ", 1.0 / kMostExtreme, " to ", kMostExtreme), problems);
}

void CheckProbability(absl::string_view field, double value, Problems& problems) {
  Require(value >= 0.0 && value <= 1.0, field, value, "from 0 to 1", problems);
}

void CheckOpenUnit(absl::string_view field, double value, Problems& problems) {
  Require(value >= 1.0 / kMostExtreme && value < 1.0, field, value, "above 0 and below 1", problems);
}

void CheckAtLeast(absl::string_view field, double value, double minimum, Problems& problems) {
  Require(value >= minimum && value <= kMostExtreme, field, value, absl::StrCat("from ", minimum, " to ", kMostExtreme),
          problems);
}

}  // namespace tierwise
