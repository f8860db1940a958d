// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "client/cli/text_plot.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {

// Users and value at or above each threshold. `value_attribute` is the one whose sum is shared.
std::string RenderThresholds(const v1::ExploreThresholdsResponse& response, const std::string& attribute,
                             const std::string& value_attribute, const PlotStyle& style);

// Groups with the means of `attributes`, how clear they are, and the tiering that stands for them as YAML.
std::string RenderClusters(const v1::ExploreClustersResponse& response, absl::Span<const std::string> attributes,
                           const PlotStyle& style);

// Users reached, by tier and by value of `by_attribute`, campaigns that target them too, and samples.
std::string RenderReach(const v1::EstimateReachResponse& response, const std::string& target,
                        const std::string& by_attribute, const PlotStyle& style);

}  // namespace tierwise
