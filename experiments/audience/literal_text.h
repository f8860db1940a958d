// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {

// The canonical text of literals in a condition; docs/conditions.md has their forms.

// In double quotes, with the escapes of JSON where they are needed.
std::string PrintString(absl::string_view text);
// The fewest digits that read back as `value`, always with a point or an exponent: 5.0, 0.1, 1e+300.
std::string PrintDouble(double value);
// `t"2026-01-31T00:00:00Z"`, in UTC, with as much of the second as is needed.
std::string PrintTime(absl::Time time);
std::string PrintLiteral(const v1::Literal& literal);

}  // namespace tierwise
