// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/types/span.h"
#include "client/cli/text_plot.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {

// "refresh 12 succeeded as of 2026-03-01 00:00:00 UTC in 3.2s: 4,372 users, 1,200 computed anew, 312 moved".
std::string RefreshLine(const v1::Refresh& refresh);

// One row a refresh.
std::string RenderRefreshes(absl::Span<const v1::Refresh> refreshes, const PlotStyle& style);

}  // namespace tierwise
