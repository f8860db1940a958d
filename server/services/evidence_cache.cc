// SPDX-License-Identifier: Apache-2.0
#include "server/services/evidence_cache.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr size_t kMaxGathered = 64;
// Windows that close change nothing but how many are open: a minute old is as good as new.
constexpr absl::Duration kMaxAge = absl::Minutes(1);

std::string InputsOf(const EvidenceRequest& request) {
  std::string inputs = request.campaign.SerializeAsString();
  for (const v1::Metric& metric : request.metrics) absl::StrAppend(&inputs, metric.SerializeAsString());
  return inputs;
}

bool HasOpenWindows(const CampaignData& data) {
  return std::any_of(data.metrics.begin(), data.metrics.end(),
                     [](const MetricData& metric) { return metric.users_with_open_window > 0; });
}

}  // namespace

absl::StatusOr<CampaignData> EvidenceCache::Gather(const EvidenceRequest& request, bool is_present) {
  const std::lock_guard lock(gathering_);
  if (!is_present) return GatherEvidence(sources_, request);
  // Read before the facts: what comes in meanwhile makes the entry stale, never wrong.
  const EventLogSize size = sources_.events.Size();
  const int64_t last_refresh = sources_.moves == nullptr ? 0 : sources_.moves->last_refresh();
  std::string inputs = InputsOf(request);
  if (const auto it = gathered_.find(inputs);
      it != gathered_.end() && it->second.size == size && it->second.last_refresh == last_refresh) {
    CampaignData& data = it->second.data;
    if (!HasOpenWindows(data)) data.as_of = request.as_of;
    if (request.as_of - data.as_of < kMaxAge) return data;
  }
  TIERWISE_ASSIGN_OR_RETURN(CampaignData data, GatherEvidence(sources_, request));
  if (gathered_.size() >= kMaxGathered) gathered_.clear();
  gathered_[std::move(inputs)] = {size, last_refresh, data};
  return data;
}

}  // namespace tierwise
