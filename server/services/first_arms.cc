// SPDX-License-Identifier: Apache-2.0
#include "server/services/first_arms.h"

#include <tuple>
#include <utility>

#include "experiments/base/facts.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"

namespace tierwise {

std::optional<FirstArm> CampaignFirstArms::Find(uint64_t user_key) const {
  const Shard& shard = ShardOf(user_key);
  Entry entry;
  {
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.by_user.find(user_key);
    if (found == shard.by_user.end()) return std::nullopt;
    entry = found->second;
  }
  return FirstArm{entry.time_micros, NameOf(entry.variant), entry.phase};
}

void CampaignFirstArms::Add(uint64_t user_key, const FirstArm& arm) {
  const Entry entry{arm.time_micros, arm.phase, CodeOf(arm.variant)};
  Shard& shard = ShardOf(user_key);
  const std::lock_guard lock(shard.mutex);
  const auto [known, is_new] = shard.by_user.try_emplace(user_key, entry);
  if (!is_new && IsBefore(entry, known->second)) known->second = entry;
}

void CampaignFirstArms::Erase(uint64_t user_key) {
  Shard& shard = ShardOf(user_key);
  const std::lock_guard lock(shard.mutex);
  shard.by_user.erase(user_key);
}

int64_t CampaignFirstArms::users() const {
  size_t users = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    users += shard.by_user.size();
  }
  return static_cast<int64_t>(users);
}

bool CampaignFirstArms::IsBefore(const Entry& a, const Entry& b) const {
  if (a.time_micros != b.time_micros) return a.time_micros < b.time_micros;
  return std::make_tuple(a.phase, NameOf(a.variant)) < std::make_tuple(b.phase, NameOf(b.variant));
}

uint32_t CampaignFirstArms::CodeOf(absl::string_view name) {
  const auto find = [&]() -> std::optional<uint32_t> {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (*names_[i] == name) return static_cast<uint32_t>(i);
    }
    return std::nullopt;
  };
  {
    const std::shared_lock lock(naming_);
    if (const std::optional<uint32_t> code = find()) return *code;
  }
  const std::unique_lock lock(naming_);
  if (const std::optional<uint32_t> code = find()) return *code;
  names_.push_back(std::make_unique<const std::string>(name));
  return static_cast<uint32_t>(names_.size() - 1);
}

absl::string_view CampaignFirstArms::NameOf(uint32_t code) const {
  const std::shared_lock lock(naming_);
  return *names_[code];
}

absl::Status FirstArms::Keep(EventLog& events, const v1::Campaign& campaign, absl::Time now) {
  CampaignFirstArms* arms = nullptr;
  {
    const std::unique_lock lock(mutex_);
    Kept& kept = by_campaign_[campaign.id()];
    if (kept.is_loaded) return absl::OkStatus();
    if (kept.arms == nullptr) kept.arms = std::make_unique<CampaignFirstArms>();
    arms = kept.arms.get();
  }
  // What comes in from here on is added by Add; the order does not matter.
  ExposureScan scan{campaign.id(), {}, {}, now};
  for (const v1::Variant& variant : campaign.variants()) scan.variants.push_back(variant.id());
  TIERWISE_RETURN_IF_ERROR(events.ScanExposures(scan, [&](const ExposureColumns& columns) {
    for (size_t i = 0; i < columns.user.size(); ++i) {
      if (columns.forced[i] != 0 || columns.variant[i] == kOtherName) continue;
      arms->Add(columns.user[i], {columns.time_micros[i], scan.variants[columns.variant[i]], columns.phase[i]});
    }
  }));
  const std::unique_lock lock(mutex_);
  by_campaign_[campaign.id()].is_loaded = true;
  return absl::OkStatus();
}

void FirstArms::Add(absl::Span<const v1::Exposure> exposures) {
  const std::shared_lock lock(mutex_);
  for (const v1::Exposure& exposure : exposures) {
    const auto kept = by_campaign_.find(exposure.campaign());
    if (kept == by_campaign_.end() || exposure.forced()) continue;
    kept->second.arms->Add(KeyOf(exposure.user_id()),
                           {absl::ToUnixMicros(FromProto(exposure.time())), exposure.variant(), exposure.phase()});
  }
}

const CampaignFirstArms* FirstArms::Of(absl::string_view campaign) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_campaign_.find(campaign);
  return found == by_campaign_.end() ? nullptr : found->second.arms.get();
}

void FirstArms::Erase(uint64_t user_key) {
  const std::shared_lock lock(mutex_);
  for (const auto& [campaign, kept] : by_campaign_) kept.arms->Erase(user_key);
}

}  // namespace tierwise
