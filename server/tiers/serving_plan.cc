// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/serving_plan.h"

#include <algorithm>
#include <utility>

#include "experiments/base/facts.h"

namespace tierwise {
namespace {

bool HasAny(const UserAttributes& attributes, const std::vector<int>& slots) {
  return std::any_of(slots.begin(), slots.end(), [&](int slot) { return attributes.has(slot); });
}

}  // namespace

ServingPlan::ServingPlan(std::shared_ptr<const Snapshot> of, const UserTable& users, FirstExposures& exposures)
    : snapshot(std::move(of)), table(users) {
  std::vector<std::string> tierings;
  for (const CompiledCampaign& campaign : snapshot->campaigns()) {
    if (!IsLaunched(campaign)) continue;
    slots.insert(slots.end(), campaign.slots.begin(), campaign.slots.end());
    const auto tiering = std::find(tierings.begin(), tierings.end(), campaign.tiering_id);
    campaigns.emplace(&campaign, ServedCampaign{&campaign, static_cast<size_t>(tiering - tierings.begin()),
                                                exposures.Of(campaign.id)});
    if (tiering == tierings.end()) tierings.push_back(campaign.tiering_id);
  }
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  reads = ReadPlan(table, snapshot->schema(), slots, tierings);
}

ServedUser::ServedUser(const ServingPlan& plan, const std::vector<const CompiledCampaign*>& campaigns)
    : plan_(plan), tiers_(plan.reads.tierings().size()) {
  for (const CompiledCampaign* campaign : campaigns) {
    const auto served = plan.campaigns.find(campaign);
    asked_.push_back({served == plan.campaigns.end() ? nullptr : &served->second});
  }
}

bool ServedUser::NeedsTable(const UserAttributes& attributes) const {
  return std::any_of(asked_.begin(), asked_.end(),
                     [](const Asked& asked) { return asked.served != nullptr && !asked.is_overridden; }) ||
         !std::all_of(plan_.slots.begin(), plan_.slots.end(), [&](int slot) { return attributes.has(slot); });
}

void ServedUser::Read(absl::string_view user_id, UserAttributes& attributes) {
  attributes_ = &attributes;
  for (Asked& asked : asked_) {
    asked.is_overridden = asked.served != nullptr && HasAny(attributes, asked.served->campaign->tier_slots);
  }
  is_known_ = false;
  if (!NeedsTable(attributes)) return;
  user_key_ = KeyOf(user_id);
  is_known_ = plan_.table.Read(user_key_, plan_.reads, attributes, absl::MakeSpan(tiers_));
}

UserStanding ServedUser::StandingIn(size_t campaign) const {
  const Asked& asked = asked_[campaign];
  if (asked.served == nullptr || asked.is_overridden) return *attributes_;
  if (const int tier = asked.served->exposures->TierOf(user_key_); tier != kNoTier) {
    return {*attributes_, tier, v1::TIER_SOURCE_FIRST_EXPOSURE};
  }
  if (!is_known_) return {*attributes_, UserStanding::kFindTier, v1::TIER_SOURCE_UNKNOWN_USER};
  const TierNow& now = tiers_[asked.served->tiering];
  const bool is_of_launch = now.tier != kNoTier && now.revision == asked.served->campaign->tiering_revision;
  return {*attributes_, is_of_launch ? now.tier : UserStanding::kFindTier, v1::TIER_SOURCE_STORED};
}

}  // namespace tierwise
