// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "experiments/analysis/campaign_data.h"

namespace tierwise {

// Whether users can have such numbers at all: InvalidArgument names metric, tier and variant of the first that they
// can't. Users are 0 or more and can be added up; means are within 1e100 of 0 (a rate's within 0 to 1), variances 0 to
// 1e200, covariances at most the geometric mean of their variances; quantiles and their errors likewise. What passes
// gives a report without NaN or overflow.
absl::Status CheckCampaignData(const CampaignData& data);

}  // namespace tierwise
