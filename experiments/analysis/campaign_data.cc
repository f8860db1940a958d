// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/campaign_data.h"

#include <numeric>

namespace tierwise {

int64_t CampaignData::UsersOfTier(size_t tier) const {
  const auto begin = users.begin() + static_cast<ptrdiff_t>(CellOf(tier, 0));
  return std::accumulate(begin, begin + static_cast<ptrdiff_t>(variants.size()), int64_t{0});
}

int64_t CampaignData::TotalUsers() const { return std::accumulate(users.begin(), users.end(), int64_t{0}); }

const MetricData* CampaignData::Primary() const {
  for (const MetricData& metric : metrics) {
    if (metric.role == v1::METRIC_ROLE_PRIMARY && !metric.is_uncapped) return &metric;
  }
  return nullptr;
}

}  // namespace tierwise
