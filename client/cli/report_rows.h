// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// Id of the variant that the others are compared with; empty where there is none.
std::string ControlOf(const v1::Campaign& campaign);

// Null where the metric has no such arm. Empty `tier`: all tiers.
const v1::ArmSummary* ArmOf(const v1::MetricReport& metric, absl::string_view tier, absl::string_view variant);

// All comparisons of one variant in one tier, or over all.
struct Scope {
  std::string tier;  // empty: all tiers
  // The one that decides, or where none does the first by preference: adjusted, then post-stratified, then unadjusted.
  const v1::Comparison* main = nullptr;
  std::vector<const v1::Comparison*> others;  // in the report's order
};

// Over all tiers first, then tiers in the report's order.
std::vector<Scope> ScopesOf(const v1::MetricReport& metric, absl::string_view variant);

// Variants that the metric's comparisons are about, in the report's order.
std::vector<std::string> VariantsOf(const v1::MetricReport& metric);

// The front interval; null where there is none, also for intervals without any end.
const v1::Interval* BoundedInterval(const v1::Effect& effect);

// "adjusted", "partially pooled".
std::string EstimatorTitle(v1::Estimator estimator);

}  // namespace tierwise
