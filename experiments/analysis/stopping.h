// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "experiments/analysis/campaign_data.h"
#include "experiments/analysis/metric_analysis.h"
#include "experiments/analysis/sequential_test.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// For each variant whose boundary over all tiers has been crossed by now, what is right to say of the first crossing:
// the median-unbiased effect and its interval by the stage-wise ordering. The looks before this one are those of
// MetricData::path; without a path this look counts as the first crossing, which puts it later in the ordering than it
// may have been and so errs towards no effect. Empty unless the rule is alpha spending.
// `level` is each variant's. InvalidArgument: impossible moments.
absl::StatusOr<std::vector<v1::StoppedEstimate>> StoppedEstimates(const CampaignData& data, const SequentialTest& test,
                                                                  const MetricAnalysis& primary, double level);

}  // namespace tierwise
