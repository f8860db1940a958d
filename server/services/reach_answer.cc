// SPDX-License-Identifier: Apache-2.0
// AnswerEstimateReach, of tier_answers.h.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/campaign_check.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/reach.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "server/services/tier_answers.h"

namespace tierwise {
namespace {

constexpr int kMaxSamples = 100;
constexpr size_t kMaxOverlaps = 64;

// A condition or tiering of a request, compiled; owns what a query points to.
class ReachPlanner {
 public:
  explicit ReachPlanner(const TierQuestion& question)
      : definitions_(*question.view.definitions), snapshot_(*question.view.snapshot) {}

  absl::Status SetTarget(const v1::EstimateReachRequest& request) {
    switch (request.target_case()) {
      case v1::EstimateReachRequest::kCondition:
        return SetCondition(request.condition(), "condition");
      case v1::EstimateReachRequest::kTier:
        return SetTier(request.tier());
      case v1::EstimateReachRequest::kCampaign:
        return SetCampaign(request.campaign());
      case v1::EstimateReachRequest::TARGET_NOT_SET:
        break;
    }
    return InvalidField("target", "is required: a condition, a tier or a campaign");
  }

  absl::Status SetBy(const v1::EstimateReachRequest& request) {
    query_.by_tiers = query_.target.tiers;
    tiers_ = target_tiers_;
    if (!request.by_tiering().empty()) {
      TIERWISE_ASSIGN_OR_RETURN(const v1::Tiering* tiering,
                                RequiredTiering(definitions_, request.by_tiering(), "by_tiering"));
      query_.by_tiers = SourceOf(*tiering);
      tiers_ = query_.by_tiers.program->tiers();
    }
    if (request.by_attribute().empty()) return absl::OkStatus();
    TIERWISE_ASSIGN_OR_RETURN(query_.by_slot,
                              SlotOfAttribute(snapshot_.schema(), request.by_attribute(), "by_attribute"));
    const v1::AttributeType type = snapshot_.schema().TypeOf(query_.by_slot);
    if (type == v1::ATTRIBUTE_TYPE_DOUBLE || type == v1::ATTRIBUTE_TYPE_TIMESTAMP) {
      return InvalidField("by_attribute", absl::StrCat("\"", request.by_attribute(),
                                                       "\" is a number or a time: its values are too many to count by; "
                                                       "DescribeTiers shows how it is distributed"));
    }
    return absl::OkStatus();
  }

  // Running campaigns but the one asked about, those of its layer first, as many as are looked at.
  void SetOverlaps(const std::string& campaign) {
    const v1::Campaign* own = definitions_.FindCampaign(campaign);
    const auto is_same_layer = [&](const CompiledCampaign& other) {
      return own != nullptr && own->has_layer() && other.layer.has_value() && other.layer->id == own->layer().layer();
    };
    for (const bool same_layer : {true, false}) {
      for (const CompiledCampaign* other : snapshot_.running()) {
        if (other->id == campaign || is_same_layer(*other) != same_layer || overlaps_.size() >= kMaxOverlaps) continue;
        overlaps_.push_back({other, same_layer});
        query_.overlaps.push_back(TargetOf(*other));
      }
    }
  }

  ReachQuery& query() { return query_; }

  v1::EstimateReachResponse ResponseOf(const Reach& reach) const {
    v1::EstimateReachResponse response;
    response.set_users(reach.users);
    response.set_known_users(reach.known_users);
    for (size_t i = 0; i < tiers_.size() && i < reach.by_tier.size(); ++i) {
      v1::TierSize& size = *response.add_by_tier();
      size.set_tier(tiers_[i]);
      size.set_users(reach.by_tier[i]);
    }
    for (const ValueUsers& value : reach.by_value) {
      v1::ValueCount& count = *response.add_by_value();
      count.set_value(value.value);
      count.set_users(value.users);
    }
    response.set_other_values(query_.by_slot < 0 ? 0 : reach.other_values);
    for (size_t i = 0; i < overlaps_.size(); ++i) {
      if (reach.overlaps[i] == 0) continue;
      v1::CampaignOverlap& overlap = *response.add_overlaps();
      overlap.set_campaign(overlaps_[i].campaign->id);
      overlap.set_users(reach.overlaps[i]);
      overlap.set_same_layer(overlaps_[i].is_same_layer);
    }
    return response;
  }

 private:
  struct Overlap {
    const CompiledCampaign* campaign;
    bool is_same_layer;
  };

  TierSource SourceOf(const v1::Tiering& tiering) {
    programs_.push_back(std::make_unique<TieringProgram>(tiering, snapshot_.schema(), definitions_));
    return {tiering.id(), tiering.meta().revision(), programs_.back().get()};
  }

  static ReachTarget TargetOf(const CompiledCampaign& campaign) {
    ReachTarget target;
    target.condition = &campaign.audience;
    target.tiers = {campaign.tiering_id, campaign.tiering_revision, campaign.tiering.get()};
    for (const int plan : campaign.plan_of_tier) target.wanted_tiers.push_back(plan != CompiledCampaign::kNotTargeted);
    return target;
  }

  absl::Status SetCondition(v1::Condition condition, absl::string_view field) {
    Problems problems;
    NormalizeCondition(condition, field, problems);
    TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
    CheckCondition(condition, definitions_, field, problems);
    TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
    condition_ = ConditionProgram(condition.tree(), snapshot_.schema(), definitions_);
    query_.target.condition = &condition_;
    return absl::OkStatus();
  }

  absl::Status SetTier(const v1::TierReference& reference) {
    TIERWISE_ASSIGN_OR_RETURN(const v1::Tiering* tiering,
                              RequiredTiering(definitions_, reference.tiering(), "tier.tiering"));
    query_.target.tiers = SourceOf(*tiering);
    target_tiers_ = query_.target.tiers.program->tiers();
    const auto tier = std::find(target_tiers_.begin(), target_tiers_.end(), reference.tier());
    if (tier == target_tiers_.end()) {
      return InvalidField("tier.tier",
                          absl::StrCat("\"", reference.tier(), "\" is not a tier of \"", reference.tiering(), "\""));
    }
    query_.target.wanted_tiers.assign(target_tiers_.size(), false);
    query_.target.wanted_tiers[static_cast<size_t>(tier - target_tiers_.begin())] = true;
    return absl::OkStatus();
  }

  absl::Status SetCampaign(const std::string& id) {
    if (id.empty()) return InvalidField("campaign", "is required");
    const v1::Campaign* campaign = definitions_.FindCampaign(id);
    if (campaign == nullptr) return absl::NotFoundError(absl::StrCat("there is no campaign \"", id, "\""));
    if (campaign->state() == v1::CAMPAIGN_STATE_CONCLUDED) {
      return absl::FailedPreconditionError(absl::StrCat("campaign \"", id, "\" is concluded: it reaches nobody"));
    }
    if (IsLaunched(*campaign)) {
      const CompiledCampaign& compiled = *snapshot_.Find(id);
      query_.target = TargetOf(compiled);
      target_tiers_ = compiled.tiering->tiers();
      return absl::OkStatus();
    }
    if (campaign->has_audience()) {
      condition_ = ConditionProgram(campaign->audience().tree(), snapshot_.schema(), definitions_);
      query_.target.condition = &condition_;
    }
    query_.target.tiers = SourceOf(*definitions_.FindTiering(campaign->tiering()));
    target_tiers_ = query_.target.tiers.program->tiers();
    for (const std::string& tier : target_tiers_) {
      query_.target.wanted_tiers.push_back(
          std::any_of(campaign->tier_plans().begin(), campaign->tier_plans().end(),
                      [&](const v1::TierPlan& plan) { return plan.tier() == tier || plan.tier() == kEveryOtherTier; }));
    }
    return absl::OkStatus();
  }

  const Definitions& definitions_;
  const Snapshot& snapshot_;
  ReachQuery query_;
  ConditionProgram condition_;
  std::vector<std::unique_ptr<TieringProgram>> programs_;
  std::vector<std::string> target_tiers_;  // ids of the target's own tiering
  std::vector<std::string> tiers_;         // ids of those to count by
  std::vector<Overlap> overlaps_;
};

}  // namespace

absl::StatusOr<v1::EstimateReachResponse> AnswerEstimateReach(const TierQuestion& question,
                                                              const v1::EstimateReachRequest& request) {
  if (request.samples() < 0 || request.samples() > kMaxSamples) {
    return InvalidField("samples", absl::StrCat("is ", request.samples(), "; 0 to ", kMaxSamples, " are allowed"));
  }
  ReachPlanner planner(question);
  TIERWISE_RETURN_IF_ERROR(planner.SetTarget(request));
  TIERWISE_RETURN_IF_ERROR(planner.SetBy(request));
  planner.SetOverlaps(request.campaign());
  planner.query().max_samples = static_cast<size_t>(request.samples());
  planner.query().now_micros = question.now_micros;
  const Reach reach =
      ReachOf(UserScan(question.table), question.view.snapshot->schema(), planner.query(), question.threads);
  v1::EstimateReachResponse response = planner.ResponseOf(reach);
  TIERWISE_ASSIGN_OR_RETURN(std::vector<std::string> ids, question.store.profiles->UserIdsOf(reach.sample_keys));
  for (std::string& id : ids) {
    if (!id.empty()) response.add_sample_user_ids(std::move(id));
  }
  return response;
}

}  // namespace tierwise
