// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/compiled_campaign.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/string_view.h"
#include "experiments/assignment/campaign_check.h"
#include "experiments/assignment/parameters.h"
#include "experiments/assignment/salts.h"
#include "experiments/audience/tiering_rules.h"
#include "experiments/audience/time_micros.h"

namespace tierwise {
namespace {

int VariantIndex(const v1::Campaign& campaign, absl::string_view id) {
  const auto& variants = campaign.variants();
  const auto found =
      std::find_if(variants.begin(), variants.end(), [id](const v1::Variant& variant) { return variant.id() == id; });
  return static_cast<int>(found - variants.begin());
}

CompiledPlan CompilePlan(const v1::Campaign& campaign, const v1::TierPlan& plan) {
  CompiledPlan compiled;
  compiled.phase = plan.phase();
  compiled.salt = Salt(ArmSalt(campaign, plan.phase()));
  for (const v1::Arm& arm : plan.arms()) compiled.total_weight += arm.weight();
  uint32_t end = 0;
  for (const v1::Arm& arm : plan.arms()) {
    const int variant = VariantIndex(campaign, arm.variant());
    end += arm.weight();
    compiled.arms.push_back({.variant = variant,
                             .end = end,
                             .propensity = static_cast<double>(arm.weight()) / compiled.total_weight,
                             .parameters_json = ParametersJson(
                                 WithOverrides(campaign.variants(variant).parameters(), arm.parameter_overrides()))});
  }
  return compiled;
}

std::vector<int> PlanOfTier(const v1::Campaign& campaign, const std::vector<std::string>& tiers) {
  int every_other = CompiledCampaign::kNotTargeted;
  absl::flat_hash_map<absl::string_view, int> own;
  for (int i = 0; i < campaign.tier_plans_size(); ++i) {
    const std::string& tier = campaign.tier_plans(i).tier();
    if (tier == kEveryOtherTier) {
      every_other = i;
    } else {
      own.emplace(tier, i);
    }
  }
  std::vector<int> plans;
  for (const std::string& tier : tiers) {
    const auto it = own.find(tier);
    plans.push_back(it == own.end() ? every_other : it->second);
  }
  return plans;
}

std::vector<int> SlotsOf(const std::set<std::string>& attributes, const AttributeSchema& schema) {
  std::vector<int> slots;
  for (const std::string& attribute : attributes) {
    if (const std::optional<int> slot = schema.SlotOf(attribute); slot.has_value()) slots.push_back(*slot);
  }
  return slots;
}

}  // namespace

std::vector<int> TieringPrograms::SlotsOfTiering(const std::string& tiering) const {
  return SlotsOf(AttributesOf(*definitions_.FindTiering(tiering), definitions_), schema_);
}

std::shared_ptr<const TieringProgram> TieringPrograms::Get(const std::string& tiering) {
  std::shared_ptr<const TieringProgram>& program = programs_[tiering];
  if (program == nullptr) {
    program = std::make_shared<const TieringProgram>(*definitions_.FindTiering(tiering), schema_, definitions_);
  }
  return program;
}

std::shared_ptr<const CompiledHoldout> CompileHoldout(const v1::Holdout& holdout, TieringPrograms& tierings) {
  CompiledHoldout compiled;
  compiled.id = holdout.id();
  compiled.salt = Salt(HoldoutSalt(holdout));
  compiled.share_bp = holdout.share_bp();
  if (holdout.tier_shares_size() > 0) {
    compiled.tiering = tierings.Get(holdout.tiering());
    compiled.slots = tierings.SlotsOfTiering(holdout.tiering());
    const std::vector<std::string>& tiers = compiled.tiering->tiers();
    compiled.tier_shares_bp.assign(tiers.size(), holdout.share_bp());
    for (const v1::TierShare& share : holdout.tier_shares()) {
      const auto tier = std::find(tiers.begin(), tiers.end(), share.tier()) - tiers.begin();
      compiled.tier_shares_bp[static_cast<size_t>(tier)] = share.share_bp();
    }
  }
  return std::make_shared<const CompiledHoldout>(std::move(compiled));
}

CompiledCampaign CompileCampaign(const v1::Campaign& campaign, const Definitions& definitions,
                                 const AttributeSchema& schema, TieringPrograms& tierings) {
  CompiledCampaign compiled(campaign);
  const v1::Schedule& schedule = campaign.schedule();
  if (schedule.has_start_time())
    compiled.start_micros = MicrosOf(schedule.start_time()).value_or(compiled.start_micros);
  if (schedule.has_end_time()) compiled.end_micros = MicrosOf(schedule.end_time()).value_or(compiled.end_micros);
  for (const v1::Variant& variant : campaign.variants()) {
    compiled.variants.push_back({variant.id(), ParametersJson(variant.parameters())});
  }
  for (const v1::ForcedUser& forced : campaign.forced_users()) {
    compiled.forced_users.emplace(forced.user_id(), VariantIndex(campaign, forced.variant()));
  }
  if (campaign.has_audience()) {
    compiled.audience = ConditionProgram(campaign.audience().tree(), schema, definitions);
  }
  compiled.tiering = tierings.Get(campaign.tiering());
  compiled.tiering_id = campaign.tiering();
  compiled.tiering_revision = definitions.FindTiering(campaign.tiering())->meta().revision();
  compiled.tier_slots = tierings.SlotsOfTiering(campaign.tiering());
  compiled.slots = compiled.tier_slots;
  if (campaign.has_audience()) {
    const std::vector<int> slots = SlotsOf(AttributesOf(campaign.audience(), definitions), schema);
    compiled.slots.insert(compiled.slots.end(), slots.begin(), slots.end());
  }
  for (const v1::TierPlan& plan : campaign.tier_plans()) compiled.plans.push_back(CompilePlan(campaign, plan));
  compiled.plan_of_tier = PlanOfTier(campaign, compiled.tiering->tiers());
  if (campaign.has_layer()) {
    const v1::Layer& layer = *definitions.FindLayer(campaign.layer().layer());
    compiled.layer = {.id = layer.id(),
                      .salt = Salt(LayerSalt(layer)),
                      .ranges = {campaign.layer().ranges().begin(), campaign.layer().ranges().end()}};
  }
  compiled.traffic_salt = Salt(TrafficSalt(campaign));
  compiled.traffic_share_bp = campaign.traffic_share_bp();
  return compiled;
}

}  // namespace tierwise
