// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "experiments/base/definitions.h"

namespace tierwise {

// One attribute of each type: is_member BOOL, age INT, spend DOUBLE, country STRING, plan STRING of "free" and "pro",
// app_version STRING, last_order_at TIMESTAMP, tags STRING_LIST, interests STRING_LIST of "sports" and "music".
Definitions AudienceDefinitions();

// The condition of a text that is known to be right, normalized.
v1::Condition ConditionOf(absl::string_view text);

// Adds the segment `id`.
void PutSegment(absl::string_view id, absl::string_view text, Definitions& definitions);

}  // namespace tierwise
