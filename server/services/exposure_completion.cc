// SPDX-License-Identifier: Apache-2.0
#include "server/services/exposure_completion.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "server/services/event_checks.h"

namespace tierwise {
namespace {

using MaybeProfile = std::optional<v1::Profile>;

std::optional<Problem> FindCampaign(const Snapshot& snapshot, const std::string& id, const CompiledCampaign** found) {
  *found = snapshot.Find(id);
  if (*found == nullptr) return Problem{"campaign", absl::StrCat("there is no campaign \"", id, "\"")};
  const v1::CampaignState state = (*found)->state;
  if (state != v1::CAMPAIGN_STATE_RUNNING && state != v1::CAMPAIGN_STATE_PAUSED) {
    return Problem{"campaign",
                   absl::StrCat("\"", id, "\" is ", state == v1::CAMPAIGN_STATE_DRAFT ? "a draft" : "concluded",
                                "; exposures are taken while it is running or paused")};
  }
  return std::nullopt;
}

// The tier from the user's profile as it is now.
std::optional<Problem> FillTier(const Snapshot& snapshot, const CompiledCampaign& campaign, const MaybeProfile& profile,
                                v1::Exposure& exposure) {
  if (!profile.has_value()) {
    return Problem{"tier", "is not given, and no profile of this user is stored to find it from"};
  }
  UserAttributes user(snapshot.schema());
  for (const v1::AttributeValue& value : profile->attributes()) {
    // Stored values were checked when they came in; an attribute that was deleted since is not known any more.
    if (!user.Set(snapshot.schema(), value).ok()) continue;
  }
  const int64_t at = absl::ToUnixMicros(FromProto(exposure.time()));
  exposure.set_tier(campaign.tiering->tiers()[static_cast<size_t>(campaign.tiering->TierOf(user, at))]);
  return std::nullopt;
}

// Checks variant and tier against the campaign; fills in phase and propensity.
std::optional<Problem> FillFromPlan(const CompiledCampaign& campaign, v1::Exposure& exposure) {
  const auto variant = std::find_if(campaign.variants.begin(), campaign.variants.end(),
                                    [&](const CompiledVariant& each) { return each.id == exposure.variant(); });
  if (variant == campaign.variants.end()) {
    return Problem{"variant", absl::StrCat("\"", exposure.variant(), "\" is not a variant of ", exposure.campaign())};
  }
  const std::vector<std::string>& tiers = campaign.tiering->tiers();
  const auto tier = std::find(tiers.begin(), tiers.end(), exposure.tier());
  if (tier == tiers.end()) {
    return Problem{"tier",
                   absl::StrCat("\"", exposure.tier(), "\" is not a tier of ", exposure.campaign(), "'s tiering")};
  }
  const int plan_index = campaign.plan_of_tier[static_cast<size_t>(tier - tiers.begin())];
  if (plan_index == CompiledCampaign::kNotTargeted) {
    if (exposure.forced()) return std::nullopt;
    return Problem{"tier", absl::StrCat("\"", exposure.tier(), "\" is not targeted by ", exposure.campaign())};
  }
  const CompiledPlan& plan = campaign.plans[static_cast<size_t>(plan_index)];
  if (exposure.phase() == 0) exposure.set_phase(plan.phase);
  if (exposure.phase() > plan.phase) {
    return Problem{"phase", absl::StrCat(exposure.phase(), " has not begun; the tier's phase is ", plan.phase)};
  }
  if (exposure.propensity() > 0.0) return std::nullopt;
  const auto arm = std::find_if(plan.arms.begin(), plan.arms.end(), [&](const CompiledArm& each) {
    return each.variant == static_cast<int>(variant - campaign.variants.begin());
  });
  if (arm != plan.arms.end()) exposure.set_propensity(arm->propensity);
  return std::nullopt;
}

// The stored profiles of those exposures that need one, in their order.
absl::StatusOr<std::vector<MaybeProfile>> ProfilesFor(ProfileStore& profiles,
                                                      const std::vector<v1::Exposure>& exposures) {
  std::vector<std::string> users;
  for (const v1::Exposure& exposure : exposures) {
    if (exposure.tier().empty()) users.push_back(exposure.user_id());
  }
  if (users.empty()) return std::vector<MaybeProfile>();
  return profiles.Get(users);
}

}  // namespace

absl::StatusOr<std::vector<std::optional<Problem>>> CompleteExposures(const Snapshot& snapshot, ProfileStore& profiles,
                                                                      absl::Time now,
                                                                      std::vector<v1::Exposure>& exposures) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<MaybeProfile> found, ProfilesFor(profiles, exposures));
  std::vector<std::optional<Problem>> problems(exposures.size());
  size_t next_profile = 0;
  for (size_t i = 0; i < exposures.size(); ++i) {
    v1::Exposure& exposure = exposures[i];
    const MaybeProfile* profile = exposure.tier().empty() ? &found[next_profile++] : nullptr;
    if ((problems[i] = CheckExposure(exposure, now)).has_value()) continue;
    if (!exposure.has_time()) *exposure.mutable_time() = ToProto(now);
    const CompiledCampaign* campaign = nullptr;
    if ((problems[i] = FindCampaign(snapshot, exposure.campaign(), &campaign)).has_value()) continue;
    if (profile != nullptr && (problems[i] = FillTier(snapshot, *campaign, *profile, exposure)).has_value()) continue;
    problems[i] = FillFromPlan(*campaign, exposure);
  }
  return problems;
}

}  // namespace tierwise
