// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/first_exposures.h"

#include <algorithm>

#include "absl/time/time.h"
#include "experiments/base/proto_time.h"

namespace tierwise {

bool IsLaunched(const CompiledCampaign& campaign) {
  return campaign.state == v1::CAMPAIGN_STATE_RUNNING || campaign.state == v1::CAMPAIGN_STATE_PAUSED;
}

int CampaignFirstExposures::TierOf(uint64_t user_key) const {
  const Part& part = PartOf(user_key);
  const std::shared_lock lock(part.mutex);
  const auto found = part.first.find(user_key);
  return found == part.first.end() ? kNoTier : static_cast<int>(found->second & ((1 << kTierBits) - 1));
}

void CampaignFirstExposures::Add(uint64_t user_key, int64_t time_micros, int tier) {
  const int64_t packed = time_micros * (1 << kTierBits) + tier;
  Part& part = PartOf(user_key);
  const std::lock_guard lock(part.mutex);
  const auto [found, is_new] = part.first.try_emplace(user_key, packed);
  if (!is_new) found->second = std::min(found->second, packed);
}

void CampaignFirstExposures::Remove(uint64_t user_key) {
  Part& part = PartOf(user_key);
  const std::lock_guard lock(part.mutex);
  part.first.erase(user_key);
}

std::shared_ptr<CampaignFirstExposures> FirstExposures::Of(const std::string& campaign) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<CampaignFirstExposures>& exposures = campaigns_[campaign];
  if (exposures == nullptr) exposures = std::make_shared<CampaignFirstExposures>();
  return exposures;
}

void FirstExposures::Add(const Snapshot& snapshot, const std::vector<v1::Exposure>& exposures) {
  for (const v1::Exposure& exposure : exposures) {
    const CompiledCampaign* campaign = snapshot.Find(exposure.campaign());
    if (exposure.forced() || campaign == nullptr || !IsLaunched(*campaign)) continue;
    const std::vector<std::string>& tiers = campaign->tiering->tiers();
    const auto tier = std::find(tiers.begin(), tiers.end(), exposure.tier());
    if (tier == tiers.end()) continue;
    Of(exposure.campaign())
        ->Add(KeyOf(exposure.user_id()), absl::ToUnixMicros(FromProto(exposure.time())),
              static_cast<int>(tier - tiers.begin()));
  }
}

void FirstExposures::Remove(uint64_t user_key) {
  const std::lock_guard lock(mutex_);
  for (const auto& [campaign, exposures] : campaigns_) exposures->Remove(user_key);
}

void FirstExposures::KeepLaunched(const Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  std::erase_if(campaigns_, [&snapshot](const auto& entry) {
    const CompiledCampaign* campaign = snapshot.Find(entry.first);
    return campaign == nullptr || !IsLaunched(*campaign);
  });
}

}  // namespace tierwise
