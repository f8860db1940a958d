// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/time/time.h"

namespace tierwise {

// In the largest unit of d, h, m that divides it, e.g. "14d"; else in seconds. The `tierwise` command reads it back
// unchanged.
std::string DurationText(absl::Duration duration);

}  // namespace tierwise
