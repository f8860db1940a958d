// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "tierwise/v1/attribute.pb.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {

// Each says what is wrong, or nothing.

// With a literal that an attribute is compared with: its type, its range, whether the attribute allows the value.
// REQUIRES: the literal has a value.
std::string LiteralProblem(const v1::Literal& literal, const v1::Attribute& attribute);
// With a string that a value is compared with: its length, its encoding.
std::string StringProblem(absl::string_view text);
// With a string that is not one of the attribute's allowed values, if it lists any.
std::string AllowedValueProblem(absl::string_view value, const v1::Attribute& attribute);

// Whether `a` is certainly below `b`: both numbers, both times, or both offsets from now.
bool IsBelow(const v1::Literal& a, const v1::Literal& b);

}  // namespace tierwise
