// SPDX-License-Identifier: Apache-2.0
#include "server/services/kept_arm.h"

#include <algorithm>
#include <optional>

#include "experiments/base/facts.h"

namespace tierwise {
namespace {

// The parameters that the variant at `index` has in `tier`.
absl::string_view ParametersOf(const CompiledCampaign& campaign, absl::string_view tier, size_t index) {
  const std::vector<std::string>& tiers = campaign.tiering->tiers();
  const auto place = std::find(tiers.begin(), tiers.end(), tier) - tiers.begin();
  const int plan = campaign.plan_of_tier[static_cast<size_t>(place)];
  for (const CompiledArm& arm : campaign.plans[static_cast<size_t>(plan)].arms) {
    if (arm.variant == static_cast<int>(index)) return arm.parameters_json;
  }
  return campaign.variants[index].parameters_json;
}

}  // namespace

Decision WithKeptArm(const FirstArms* first_arms, const CompiledCampaign* campaign, absl::string_view user_id,
                     Decision decision) {
  if (first_arms == nullptr || decision.reason != v1::ASSIGNMENT_REASON_SPLIT) return decision;
  const CampaignFirstArms* kept = first_arms->Of(campaign->id);
  if (kept == nullptr) return decision;
  const std::optional<FirstArm> first = kept->Find(KeyOf(user_id));
  if (!first.has_value() || first->phase >= decision.phase) return decision;
  const auto variant = std::find_if(campaign->variants.begin(), campaign->variants.end(),
                                    [&](const CompiledVariant& each) { return each.id == first->variant; });
  if (variant == campaign->variants.end()) return decision;
  decision.variant = variant->id;
  decision.parameters_json =
      ParametersOf(*campaign, decision.tier, static_cast<size_t>(variant - campaign->variants.begin()));
  decision.phase = first->phase;
  decision.propensity = 1.0;
  return decision;
}

}  // namespace tierwise
