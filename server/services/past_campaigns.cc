// SPDX-License-Identifier: Apache-2.0
#include "server/services/past_campaigns.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr size_t kMaxFound = 1000;

}  // namespace

std::vector<PastCampaigns::Concluded> PastCampaigns::ConcludedWith(const Definitions& definitions,
                                                                   const v1::Metric& metric, const CampaignData& data) {
  std::vector<Concluded> concluded;
  for (const Definitions::Pointer& definition : definitions.InCollection("campaigns")) {
    const v1::Campaign& campaign = definition->campaign();
    const bool is_over = campaign.state() == v1::CAMPAIGN_STATE_CONCLUDED && campaign.conclusion().has_time();
    const bool is_alike = campaign.metrics_size() > 0 && campaign.metrics(0) == metric.id();
    if (!is_over || !is_alike || campaign.id() == data.id || !campaign.has_launch_time()) continue;
    const absl::Time end =
        FromProto(campaign.conclusion().time()) + FromProto(metric.delay()) + FromProto(metric.window());
    if (end <= data.as_of) concluded.push_back({campaign.id(), end});
  }
  std::sort(concluded.begin(), concluded.end(),
            [](const Concluded& a, const Concluded& b) { return std::tie(b.end, a.id) < std::tie(a.end, b.id); });
  if (concluded.size() > kMostCampaigns) concluded.resize(kMostCampaigns);
  return concluded;
}

absl::StatusOr<PastCampaign> PastCampaigns::Gather(const Concluded& concluded) {
  const auto key = std::make_pair(concluded.id, concluded.end);
  if (const auto found = found_.find(key); found != found_.end()) return found->second;
  TIERWISE_ASSIGN_OR_RETURN(const int64_t version, storage_.VersionAt(concluded.end));
  TIERWISE_ASSIGN_OR_RETURN(const Definitions definitions, storage_.ReadAt(version));
  PastCampaign past;
  const v1::Campaign* campaign = definitions.FindCampaign(concluded.id);
  const v1::Metric* metric = campaign == nullptr ? nullptr : definitions.FindMetric(campaign->metrics(0));
  if (metric != nullptr) {
    TIERWISE_ASSIGN_OR_RETURN(const Definitions pinned, storage_.ReadAt(campaign->pinned_version()));
    const EvidenceRequest request{
        *campaign, *pinned.FindTiering(campaign->tiering()), {*metric}, concluded.end, threads_};
    TIERWISE_ASSIGN_OR_RETURN(const CampaignData data, GatherEvidence(sources_, request));
    TIERWISE_ASSIGN_OR_RETURN(past, PastLiftsOf(data));
  }
  if (found_.size() >= kMaxFound) found_.clear();
  found_.emplace(key, past);
  return past;
}

absl::Status PastCampaigns::SetPriors(const Definitions& definitions, CampaignData& data) {
  const MetricData* primary = data.Primary();
  const v1::Metric* metric = primary == nullptr ? nullptr : definitions.FindMetric(primary->id);
  if (metric == nullptr) return absl::OkStatus();
  const std::vector<Concluded> concluded = ConcludedWith(definitions, *metric, data);
  if (concluded.size() < static_cast<size_t>(kLeastPastCampaigns)) return absl::OkStatus();
  std::vector<PastCampaign> campaigns;
  for (const Concluded& each : concluded) {
    TIERWISE_ASSIGN_OR_RETURN(campaigns.emplace_back(), Gather(each));
  }
  const LiftPrior prior = LearnLiftPrior(campaigns);
  for (MetricData& each : data.metrics) {
    if (each.id == primary->id) each.prior = prior;
  }
  return absl::OkStatus();
}

}  // namespace tierwise
