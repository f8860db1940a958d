// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "experiments/analysis/metric_analysis.h"

namespace tierwise {

// Which differences may be claimed. Every p-value that goes in is valid at every look, so what comes out is, too.
//
// Primary metric: each of m variants has alpha / m for its chain: the effect over all tiers, then that tiers differ,
// then the tiers' own effects within one corrected family; a link is open only when those before it hold. All of this
// together errs with probability alpha at most. (Holm's step would hand on a level that the variant's tiers still use.)
// Secondary metrics: over all tiers, Holm over metrics and variants at alpha, and never where the interval shown
// beside, at alpha / m, holds no effect. Guardrails: over all tiers, one-sided at alpha / 2, each by itself; `claimed`
// says that it holds. Uncapped twins: nothing.
//
// Fills in family and adjusted_p_value; `claimed` only where `is_allowed`, which it is for a healthy campaign whose
// rule is open.
absl::Status MakeClaims(const CampaignData& data, const SequentialTest& test, bool is_allowed,
                        absl::Span<MetricAnalysis> metrics);

}  // namespace tierwise
