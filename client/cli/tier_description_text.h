// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/cli/text_plot.h"
#include "tierwise/v1/attribute.pb.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {

// What was asked of DescribeTiers; empty ids ask nothing.
struct TierQuestion {
  std::string tiering;
  std::string value_attribute;
  std::string attribute;
  v1::AttributeType attribute_type = v1::ATTRIBUTE_TYPE_UNSPECIFIED;
};

// Sizes with bars, shares of the value beside them, and the attribute's distribution in each tier: quantiles and a
// small histogram for numbers and times, the most frequent values for others.
std::string RenderTierDescription(const v1::DescribeTiersResponse& response, const TierQuestion& question,
                                  const PlotStyle& style);

}  // namespace tierwise
