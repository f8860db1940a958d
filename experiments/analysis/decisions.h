// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/types/span.h"
#include "experiments/analysis/metric_analysis.h"

namespace tierwise {

// What to do with each variant: over all tiers, then per tier, by the primary metric. In this order, the first that
// applies:
//   UNHEALTHY             a check failed.
//   ROLL_BACK             a guardrail is shown to be broken.
//   KEEP_RUNNING          the rule has not begun.
//   NO_WORTHWHILE_EFFECT  the interval of the lift lies within -+ the worthwhile lift, where one is given.
//   ROLL_BACK             the variant may be claimed to be worse.
//   SHIP                  the variant may be claimed to be better and every guardrail holds.
//   KEEP_RUNNING          otherwise.
// A tier is judged by its own claim where tiers are shown to differ; else what holds over all tiers holds for it. Tiers
// that get neither the variant nor the control have no decision. Empty without the primary metric. REQUIRES: MakeClaims
// was done.
std::vector<v1::Decision> Decide(const CampaignData& data, const SequentialTest& test,
                                 absl::Span<const v1::HealthCheck> checks, absl::Span<const MetricAnalysis> metrics);

}  // namespace tierwise
