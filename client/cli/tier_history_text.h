// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/cli/text_plot.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {

// Each tier's share of users over the refreshes as a small plot, and, where `value_event` is not empty, its share of
// that event's value; where `is_full`, every refresh in figures.
std::string RenderTierHistory(const v1::GetTierHistoryResponse& response, const std::string& tiering,
                              const std::string& value_event, bool is_full, const PlotStyle& style);

}  // namespace tierwise
