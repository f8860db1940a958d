// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tierwise/v1/report.pb.h"

namespace tierwise {

// For each variant a matrix: of the users of each tier of first exposure, the share in each tier afterwards. Empty
// without flows.
std::string RenderFlows(const v1::Report& report, int width, bool has_color);

}  // namespace tierwise
