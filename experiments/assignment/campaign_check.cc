// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/campaign_check.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/assignment/field_checks.h"
#include "experiments/assignment/offer_check.h"
#include "experiments/assignment/parameters.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/definition_rules.h"

namespace tierwise {
namespace {

constexpr int kMaxVariants = 32;
constexpr int kMaxTiers = 64;
constexpr int kMaxMetrics = 100;
constexpr int kMaxForcedUsers = 1000;
constexpr size_t kMaxUserIdBytes = 256;
constexpr uint32_t kMaxWeight = 1'000'000;
constexpr int kMaxGuardrails = 20;
constexpr double kLeastAlpha = 0.001;
constexpr double kMostAlpha = 0.2;
constexpr double kMostWorthwhileLift = 10.0;

// Checks one campaign; each method one part of it.
class CampaignCheck {
 public:
  CampaignCheck(const v1::Campaign& campaign, const Definitions& definitions, absl::string_view field,
                Problems& problems)
      : campaign_(campaign), definitions_(definitions), field_(field), problems_(problems) {
    for (const v1::Variant& variant : campaign.variants()) variants_.push_back(variant.id());
  }

  void CheckVariants() {
    const std::string all = FieldPath(field_, "variants");
    CheckCount(campaign_.variants_size(), 2, kMaxVariants, "variants", all, problems_);
    absl::flat_hash_set<absl::string_view> seen;
    std::vector<absl::string_view> controls;
    for (int i = 0; i < campaign_.variants_size(); ++i) {
      const v1::Variant& variant = campaign_.variants(i);
      const std::string field = FieldPath(field_, "variants", i);
      CheckId(variant.id(), FieldPath(field, "id"), problems_);
      CheckTexts(variant.display_name(), "", field, problems_);
      CheckParameters(variant.parameters(), FieldPath(field, "parameters"), problems_);
      CheckNew(variant.id(), "variant", FieldPath(field, "id"), seen);
      if (variant.control()) controls.push_back(variant.id());
    }
    if (controls.empty() && campaign_.variants_size() > 0) {
      problems_.Add(all, "no variant is the control, exactly one must be");
    } else if (controls.size() > 1) {
      problems_.Add(all, absl::StrCat(controls.size(), " variants are the control (", absl::StrJoin(controls, ", "),
                                      "), exactly one must be"));
    }
  }

  void CheckTierPlans() {
    const bool known = CheckReference(campaign_.tiering(), "tierings", "tiering", definitions_,
                                      FieldPath(field_, "tiering"), problems_);
    std::vector<absl::string_view> tiers = {kEveryOtherTier};
    if (known) {
      for (const v1::Tier& tier : definitions_.FindTiering(campaign_.tiering())->tiers()) tiers.push_back(tier.id());
    }
    CheckCount(campaign_.tier_plans_size(), 1, kMaxTiers + 1, "plans", FieldPath(field_, "tier_plans"), problems_);
    absl::flat_hash_set<absl::string_view> seen;
    for (int i = 0; i < campaign_.tier_plans_size(); ++i) {
      const v1::TierPlan& plan = campaign_.tier_plans(i);
      const std::string field = FieldPath(field_, "tier_plans", i);
      if (known) {
        CheckKnown(plan.tier(), tiers, absl::StrCat("tier of \"", campaign_.tiering(), "\" named"),
                   FieldPath(field, "tier"), problems_);
      }
      CheckNew(plan.tier(), "plan of tier", FieldPath(field, "tier"), seen);
      CheckArms(plan, field);
    }
  }

  void CheckMetrics() {
    CheckCount(campaign_.metrics_size(), 1, kMaxMetrics, "metrics", FieldPath(field_, "metrics"), problems_);
    absl::flat_hash_set<absl::string_view> seen;
    for (int i = 0; i < campaign_.metrics_size(); ++i) {
      const std::string field = FieldPath(field_, "metrics", i);
      CheckReference(campaign_.metrics(i), "metrics", "metric", definitions_, field, problems_);
      CheckNew(campaign_.metrics(i), "metric", field, seen);
      CheckTierReached(campaign_.metrics(i), field);
    }
  }

  void CheckSchedule() {
    const v1::Schedule& schedule = campaign_.schedule();
    CheckTime(schedule.start_time(), FieldPath(field_, "schedule.start_time"));
    CheckTime(schedule.end_time(), FieldPath(field_, "schedule.end_time"));
    if (schedule.has_start_time() && schedule.has_end_time() &&
        MicrosOf(schedule.end_time()) <= MicrosOf(schedule.start_time())) {
      problems_.Add(FieldPath(field_, "schedule.end_time"), "is not after start_time");
    }
  }

  void CheckLayer() {
    if (!campaign_.has_layer()) return;
    CheckReference(campaign_.layer().layer(), "layers", "layer", definitions_, FieldPath(field_, "layer.layer"),
                   problems_);
    const std::string share = FieldPath(field_, "layer.share_bp");
    if (campaign_.layer().share_bp() == 0) problems_.Add(share, "is 0, 1 to 10000 basis points are allowed");
    CheckShare(campaign_.layer().share_bp(), share, problems_);
  }

  void CheckAnalysis() {
    const v1::AnalysisPlan& plan = campaign_.analysis();
    const std::string field = FieldPath(field_, "analysis");
    // Unset is 0, which is the default. The comparisons are false for NaN.
    if (plan.alpha() != 0.0 && !(plan.alpha() >= kLeastAlpha && plan.alpha() <= kMostAlpha)) {
      problems_.Add(FieldPath(field, "alpha"),
                    absl::StrCat("is ", plan.alpha(), ", allowed is ", kLeastAlpha, " to ", kMostAlpha));
    }
    CheckRange(plan.worthwhile_lift(), kMostWorthwhileLift, FieldPath(field, "worthwhile_lift"));
    if (!v1::SequentialRule_IsValid(plan.sequential_rule())) {
      problems_.Add(FieldPath(field, "sequential_rule"),
                    absl::StrCat(plan.sequential_rule(), " is not a SequentialRule"));
    }
    if (!v1::TierCorrection_IsValid(plan.tier_correction())) {
      problems_.Add(FieldPath(field, "tier_correction"),
                    absl::StrCat(plan.tier_correction(), " is not a TierCorrection"));
    }
    if (plan.sequential_rule() == v1::SEQUENTIAL_RULE_ALPHA_SPENDING && !campaign_.schedule().has_end_time()) {
      problems_.Add(FieldPath(field, "sequential_rule"), "is ALPHA_SPENDING, which needs schedule.end_time");
    }
    CheckGuardrails(plan, field);
  }

  void CheckForcedUsers() {
    CheckCount(campaign_.forced_users_size(), 0, kMaxForcedUsers, "forced users", FieldPath(field_, "forced_users"),
               problems_);
    absl::flat_hash_set<absl::string_view> seen;
    for (int i = 0; i < std::min(campaign_.forced_users_size(), kMaxForcedUsers); ++i) {
      const v1::ForcedUser& forced = campaign_.forced_users(i);
      const std::string field = FieldPath(field_, "forced_users", i);
      const std::string user_id = FieldPath(field, "user_id");
      if (forced.user_id().empty()) problems_.Add(user_id, "is required");
      CheckText(forced.user_id(), kMaxUserIdBytes, user_id, problems_);
      CheckNew(forced.user_id(), "forced user", user_id, seen);
      CheckKnown(forced.variant(), variants_, "variant", FieldPath(field, "variant"), problems_);
    }
  }

 private:
  // A draft must not measure who reaches a tier that its tiering does not have. A launched campaign keeps its tiering
  // of the launch, which is not looked at here.
  void CheckTierReached(const std::string& id, const std::string& field) {
    const v1::Metric* metric = definitions_.FindMetric(id);
    const v1::Tiering* tiering = definitions_.FindTiering(campaign_.tiering());
    const bool is_draft =
        campaign_.state() == v1::CAMPAIGN_STATE_UNSPECIFIED || campaign_.state() == v1::CAMPAIGN_STATE_DRAFT;
    if (metric == nullptr || tiering == nullptr || !is_draft) return;
    if (metric->tier_movement().outcome() != v1::MOVEMENT_OUTCOME_REACHED) return;
    std::vector<absl::string_view> tiers;
    for (const v1::Tier& tier : tiering->tiers()) tiers.push_back(tier.id());
    CheckKnown(metric->tier_movement().tier(), tiers, absl::StrCat("tier of \"", tiering->id(), "\" named"), field,
               problems_);
  }

  void CheckGuardrails(const v1::AnalysisPlan& plan, const std::string& plan_field) {
    CheckCount(plan.guardrails_size(), 0, kMaxGuardrails, "guardrails", FieldPath(plan_field, "guardrails"), problems_);
    const std::vector<absl::string_view> metrics(campaign_.metrics().begin(), campaign_.metrics().end());
    absl::flat_hash_set<absl::string_view> seen;
    for (int i = 0; i < plan.guardrails_size(); ++i) {
      const v1::Guardrail& guardrail = plan.guardrails(i);
      const std::string field = FieldPath(plan_field, "guardrails", i);
      const std::string metric = FieldPath(field, "metric");
      if (CheckKnown(guardrail.metric(), metrics, "metric of the campaign", metric, problems_) &&
          guardrail.metric() == campaign_.metrics(0)) {
        problems_.Add(metric, "is the primary metric, on which decisions rest already");
      }
      CheckNew(guardrail.metric(), "guardrail on", metric, seen);
      CheckRange(guardrail.margin(), 1.0, FieldPath(field, "margin"));
    }
  }

  void CheckRange(double value, double most, absl::string_view field) {
    // False for NaN.
    if (value >= 0.0 && value <= most) return;
    problems_.Add(field, absl::StrCat("is ", value, ", allowed is 0 to ", most));
  }

  void CheckArms(const v1::TierPlan& plan, const std::string& plan_field) {
    const std::string all = FieldPath(plan_field, "arms");
    CheckCount(plan.arms_size(), 1, kMaxVariants, "arms", all, problems_);
    absl::flat_hash_set<absl::string_view> seen;
    uint64_t total = 0;
    for (int i = 0; i < plan.arms_size(); ++i) {
      const v1::Arm& arm = plan.arms(i);
      const std::string field = FieldPath(plan_field, "arms", i);
      if (CheckKnown(arm.variant(), variants_, "variant", FieldPath(field, "variant"), problems_)) {
        CheckOverrides(arm, field);
      }
      CheckNew(arm.variant(), "arm of variant", FieldPath(field, "variant"), seen);
      if (arm.weight() > kMaxWeight) {
        problems_.Add(FieldPath(field, "weight"),
                      absl::StrCat(arm.weight(), " is over ", kMaxWeight, "; weights are relative, 0 to ", kMaxWeight));
      }
      total += arm.weight();
    }
    if (total == 0 && plan.arms_size() > 0) {
      problems_.Add(all, "the weights sum to 0, at least one must be positive");
    }
  }

  // The overrides alone, and the parameters that they result in.
  void CheckOverrides(const v1::Arm& arm, const std::string& arm_field) {
    if (!arm.has_parameter_overrides()) return;
    const std::string field = FieldPath(arm_field, "parameter_overrides");
    Problems found;
    CheckParameters(arm.parameter_overrides(), field, found);
    if (found.empty()) {
      const auto variant = std::find(variants_.begin(), variants_.end(), arm.variant()) - variants_.begin();
      const google::protobuf::Struct& parameters = campaign_.variants(static_cast<int>(variant)).parameters();
      Problems own;
      CheckParameters(parameters, field, own);
      if (own.empty()) CheckParameters(WithOverrides(parameters, arm.parameter_overrides()), field, found);
    }
    problems_.AddAll("", found);
  }

  void CheckNew(absl::string_view name, absl::string_view what, absl::string_view field,
                absl::flat_hash_set<absl::string_view>& seen) {
    if (!name.empty() && !seen.insert(name).second) {
      problems_.Add(field, absl::StrCat("there is another ", what, " \"", absl::CHexEscape(name.substr(0, 63)),
                                        "\" before it, one is allowed"));
    }
  }

  void CheckTime(const google::protobuf::Timestamp& time, absl::string_view field) {
    if (MicrosOf(time).has_value()) return;
    problems_.Add(field, "is not a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999999Z");
  }

  const v1::Campaign& campaign_;
  const Definitions& definitions_;
  const absl::string_view field_;
  Problems& problems_;
  std::vector<absl::string_view> variants_;
};

}  // namespace

void CheckCampaign(const v1::Campaign& campaign, const Definitions& definitions, absl::string_view field,
                   Problems& problems) {
  CheckId(campaign.id(), FieldPath(field, "id"), problems);
  CheckTexts(campaign.display_name(), campaign.description(), field, problems);
  CheckSalt(campaign.salt(), FieldPath(field, "salt"), problems);
  CheckShare(campaign.traffic_share_bp(), FieldPath(field, "traffic_share_bp"), problems);
  if (campaign.has_audience()) {
    CheckCondition(campaign.audience(), definitions, FieldPath(field, "audience"), problems);
  }
  CampaignCheck check(campaign, definitions, field, problems);
  check.CheckTierPlans();
  check.CheckVariants();
  check.CheckMetrics();
  check.CheckSchedule();
  check.CheckLayer();
  check.CheckForcedUsers();
  check.CheckAnalysis();
  CheckOffers(campaign, field, problems);
  CheckEconomics(campaign, definitions, field, problems);
  CheckAdaptive(campaign, definitions, field, problems);
}

}  // namespace tierwise
