// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/first_exposures.h"

#include <algorithm>
#include <tuple>

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
  return found == part.first.end() ? kNoTier : found->second.tier;
}

std::optional<FirstExposure> CampaignFirstExposures::Find(uint64_t user_key) const {
  const Part& part = PartOf(user_key);
  Entry entry;
  {
    const std::shared_lock lock(part.mutex);
    const auto found = part.first.find(user_key);
    if (found == part.first.end()) return std::nullopt;
    entry = found->second;
  }
  return FirstExposure{entry.time_micros, entry.tier, entry.phase, NameOf(entry.variant)};
}

void CampaignFirstExposures::Add(uint64_t user_key, const FirstExposure& exposure) {
  const Entry entry{exposure.time_micros, exposure.phase, CodeOf(exposure.variant),
                    static_cast<uint8_t>(exposure.tier)};
  Part& part = PartOf(user_key);
  const std::lock_guard lock(part.mutex);
  const auto [known, is_new] = part.first.try_emplace(user_key, entry);
  if (!is_new && IsBefore(entry, known->second)) known->second = entry;
}

void CampaignFirstExposures::Remove(uint64_t user_key) {
  Part& part = PartOf(user_key);
  const std::lock_guard lock(part.mutex);
  part.first.erase(user_key);
}

int64_t CampaignFirstExposures::users() const {
  size_t users = 0;
  for (const Part& part : parts_) {
    const std::shared_lock lock(part.mutex);
    users += part.first.size();
  }
  return static_cast<int64_t>(users);
}

bool CampaignFirstExposures::IsBefore(const Entry& a, const Entry& b) const {
  if (a.time_micros != b.time_micros) return a.time_micros < b.time_micros;
  return std::make_tuple(a.tier, a.phase, NameOf(a.variant)) < std::make_tuple(b.tier, b.phase, NameOf(b.variant));
}

uint16_t CampaignFirstExposures::CodeOf(absl::string_view variant) {
  const auto find = [&]() -> std::optional<uint16_t> {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (*names_[i] == variant) return static_cast<uint16_t>(i);
    }
    return std::nullopt;
  };
  {
    const std::shared_lock lock(naming_);
    if (const std::optional<uint16_t> code = find()) return *code;
  }
  const std::unique_lock lock(naming_);
  if (const std::optional<uint16_t> code = find()) return *code;
  names_.push_back(std::make_unique<const std::string>(variant));
  return static_cast<uint16_t>(names_.size() - 1);
}

absl::string_view CampaignFirstExposures::NameOf(uint16_t code) const {
  const std::shared_lock lock(naming_);
  return *names_[code];
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
        ->Add(KeyOf(exposure.user_id()),
              {absl::ToUnixMicros(FromProto(exposure.time())), static_cast<int>(tier - tiers.begin()), exposure.phase(),
               exposure.variant()});
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
