// SPDX-License-Identifier: Apache-2.0
#include "server/services/exposure_completion.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/proto_time.h"
#include "server/services/event_checks.h"

namespace tierwise {
namespace {

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

// The tier as the user stands now.
std::optional<Problem> FillTier(const ServingPlan& plan, const CompiledCampaign& campaign, UserAttributes& user,
                                v1::Exposure& exposure) {
  user.Clear();
  ServedUser served(plan, {&campaign});
  served.Read(exposure.user_id(), user);
  const UserStanding standing = served.StandingIn(0);
  if (standing.tier_source == v1::TIER_SOURCE_UNKNOWN_USER) {
    return Problem{"tier", "is not given, and no profile of this user is stored to find it from"};
  }
  const int64_t at = absl::ToUnixMicros(FromProto(exposure.time()));
  const int tier = standing.tier == UserStanding::kFindTier ? campaign.tiering->TierOf(user, at) : standing.tier;
  exposure.set_tier(campaign.tiering->tiers()[static_cast<size_t>(tier)]);
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

}  // namespace

std::vector<std::optional<Problem>> CompleteExposures(const ServingPlan& plan, absl::Time now,
                                                      std::vector<v1::Exposure>& exposures) {
  std::vector<std::optional<Problem>> problems(exposures.size());
  UserAttributes user(plan.snapshot->schema());
  for (size_t i = 0; i < exposures.size(); ++i) {
    v1::Exposure& exposure = exposures[i];
    if ((problems[i] = CheckExposure(exposure, now)).has_value()) continue;
    if (!exposure.has_time()) *exposure.mutable_time() = ToProto(now);
    const CompiledCampaign* campaign = nullptr;
    if ((problems[i] = FindCampaign(*plan.snapshot, exposure.campaign(), &campaign)).has_value()) continue;
    if (exposure.tier().empty() && (problems[i] = FillTier(plan, *campaign, user, exposure)).has_value()) continue;
    problems[i] = FillFromPlan(*campaign, exposure);
  }
  return problems;
}

}  // namespace tierwise
