// SPDX-License-Identifier: Apache-2.0
#include "server/services/first_exposures.h"

#include <tuple>
#include <utility>

#include "experiments/base/facts.h"
#include "experiments/base/proto_time.h"

namespace tierwise {

std::optional<FirstExposure> CampaignFirstExposures::Find(uint64_t user_key) const {
  const Shard& shard = ShardOf(user_key);
  Entry entry;
  {
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.by_user.find(user_key);
    if (found == shard.by_user.end()) return std::nullopt;
    entry = found->second;
  }
  return FirstExposure{entry.time_micros, NameOf(entry.tier), NameOf(entry.variant), entry.phase};
}

void CampaignFirstExposures::Add(uint64_t user_key, const FirstExposure& exposure) {
  const Entry entry{exposure.time_micros, exposure.phase, CodeOf(exposure.tier), CodeOf(exposure.variant)};
  Shard& shard = ShardOf(user_key);
  const std::lock_guard lock(shard.mutex);
  const auto [known, is_new] = shard.by_user.try_emplace(user_key, entry);
  if (!is_new && IsBefore(entry, known->second)) known->second = entry;
}

void CampaignFirstExposures::Erase(uint64_t user_key) {
  Shard& shard = ShardOf(user_key);
  const std::lock_guard lock(shard.mutex);
  shard.by_user.erase(user_key);
}

int64_t CampaignFirstExposures::users() const {
  size_t users = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    users += shard.by_user.size();
  }
  return static_cast<int64_t>(users);
}

bool CampaignFirstExposures::IsBefore(const Entry& a, const Entry& b) const {
  if (a.time_micros != b.time_micros) return a.time_micros < b.time_micros;
  return std::make_tuple(a.phase, NameOf(a.tier), NameOf(a.variant)) <
         std::make_tuple(b.phase, NameOf(b.tier), NameOf(b.variant));
}

uint16_t CampaignFirstExposures::CodeOf(absl::string_view name) {
  const auto find = [&]() -> std::optional<uint16_t> {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (*names_[i] == name) return static_cast<uint16_t>(i);
    }
    return std::nullopt;
  };
  {
    const std::shared_lock lock(naming_);
    if (const std::optional<uint16_t> code = find()) return *code;
  }
  const std::unique_lock lock(naming_);
  if (const std::optional<uint16_t> code = find()) return *code;
  names_.push_back(std::make_unique<const std::string>(name));
  return static_cast<uint16_t>(names_.size() - 1);
}

absl::string_view CampaignFirstExposures::NameOf(uint16_t code) const {
  const std::shared_lock lock(naming_);
  return *names_[code];
}

absl::Status FirstExposures::Load(EventLog& events, const v1::Campaign& campaign, const v1::Tiering& tiering,
                                  absl::Time now) {
  ExposureScan scan{campaign.id(), {}, {}, now};
  for (const v1::Variant& variant : campaign.variants()) scan.variants.push_back(variant.id());
  for (const v1::Tier& tier : tiering.tiers()) scan.tiers.push_back(tier.id());
  CampaignFirstExposures& of_campaign = Make(campaign.id());
  return events.ScanExposures(scan, [&](const ExposureColumns& columns) {
    for (size_t i = 0; i < columns.user.size(); ++i) {
      if (columns.forced[i] != 0 || columns.tier[i] == kOtherName || columns.variant[i] == kOtherName) continue;
      of_campaign.Add(columns.user[i], {columns.time_micros[i], scan.tiers[columns.tier[i]],
                                        scan.variants[columns.variant[i]], columns.phase[i]});
    }
  });
}

void FirstExposures::Add(absl::Span<const v1::Exposure> exposures) {
  for (const v1::Exposure& exposure : exposures) {
    if (exposure.forced()) continue;
    Make(exposure.campaign())
        .Add(KeyOf(exposure.user_id()),
             {absl::ToUnixMicros(FromProto(exposure.time())), exposure.tier(), exposure.variant(), exposure.phase()});
  }
}

const CampaignFirstExposures* FirstExposures::Of(absl::string_view campaign) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_campaign_.find(campaign);
  return found == by_campaign_.end() ? nullptr : found->second.get();
}

void FirstExposures::Erase(uint64_t user_key) {
  const std::shared_lock lock(mutex_);
  for (const auto& [campaign, exposures] : by_campaign_) exposures->Erase(user_key);
}

CampaignFirstExposures& FirstExposures::Make(absl::string_view campaign) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = by_campaign_.find(campaign); found != by_campaign_.end()) return *found->second;
  }
  const std::unique_lock lock(mutex_);
  std::unique_ptr<CampaignFirstExposures>& made = by_campaign_[std::string(campaign)];
  if (made == nullptr) made = std::make_unique<CampaignFirstExposures>();
  return *made;
}

}  // namespace tierwise
