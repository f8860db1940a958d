// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "client/cli/text_plot.h"
#include "tierwise/v1/event_service.pb.h"

namespace tierwise {

// A user's attributes, those in `derived` marked, and tiers.
std::string RenderProfile(const v1::GetProfileResponse& response, const std::set<std::string>& derived,
                          const PlotStyle& style);

// What erasing a user did.
std::string RenderErasure(const v1::EraseUserResponse& response, const std::string& user_id);

}  // namespace tierwise
