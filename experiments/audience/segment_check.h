// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/segment.pb.h"

namespace tierwise {

// Adds everything that is wrong with a segment whose condition is normalized: id, texts, condition (see
// CheckCondition). Fields are relative to `field`. REQUIRES: `definitions` has the segment itself, so that circles
// through it are found.
void CheckSegment(const v1::Segment& segment, const Definitions& definitions, absl::string_view field,
                  Problems& problems);

}  // namespace tierwise
