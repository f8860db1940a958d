// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {

// Fills in the form of `condition` that is missing (text or tree) and makes the text canonical. Adds to `problems`,
// under `field`, every syntax error, and a difference of the two forms where both are given.
void NormalizeCondition(v1::Condition& condition, absl::string_view field, Problems& problems);

// Adds everything that is wrong with a normalized condition: unknown attributes (with the nearest known name),
// operators that the attribute's type does not know, literals of another type, unknown segments, segments that refer to
// each other in a circle, limits of size and depth. Each description starts with "column N: ", the place in the
// canonical text.
void CheckCondition(const v1::Condition& condition, const Definitions& definitions, absl::string_view field,
                    Problems& problems);

}  // namespace tierwise
