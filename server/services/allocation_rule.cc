// SPDX-License-Identifier: Apache-2.0
#include "server/services/allocation_rule.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"
#include "experiments/base/tier_plans.h"
#include "experiments/tuning/adaptive_contrast.h"
#include "experiments/tuning/pooled_beliefs.h"
#include "experiments/tuning/post_stratified_moments.h"

namespace tierwise {
namespace {

constexpr uint32_t kTotalWeight = 10'000;
constexpr double kPerBasisPoint = 1e-4;

JointMoments ToJoint(const Moments& moments) {
  return JointMoments::FromParts(moments.n, {moments.mean}, {moments.m2});
}

double UsersOf(const AdaptiveBatch& batch) {
  double users = 0.0;
  for (const Moments& arm : batch.outcomes) users += static_cast<double>(arm.n);
  return users;
}

// Between users, all arms of the tier together: stands in for an arm whose users are all alike so far.
double PooledVariance(const std::vector<AdaptiveBatch>& batches) {
  double squares = 0.0;
  double degrees = 0.0;
  for (const AdaptiveBatch& batch : batches) {
    for (const Moments& arm : batch.outcomes) {
      squares += arm.m2;
      degrees += static_cast<double>(std::max<int64_t>(arm.n - 1, 0));
    }
  }
  return degrees > 0.0 ? squares / degrees : 0.0;
}

ArmBelief BeliefOf(const std::vector<AdaptiveBatch>& batches, size_t arm, double sign) {
  std::vector<JointMoments> strata;
  std::vector<double> weights;
  ArmBelief belief;
  for (const AdaptiveBatch& batch : batches) {
    belief.users += batch.outcomes[arm].n;
    if (batch.outcomes[arm].n < 2) continue;
    strata.push_back(ToJoint(batch.outcomes[arm]));
    weights.push_back(UsersOf(batch));
  }
  if (strata.empty()) return belief;
  const JointMoments moments = PostStratifiedMoments(strata, weights);
  const double variance = moments.Covariance(0, 0);
  belief.mean = sign * moments.mean(0);
  belief.sd = std::sqrt((variance > 0.0 ? variance : PooledVariance(batches)) / static_cast<double>(moments.n()));
  return belief;
}

absl::StatusOr<bool> IsStopped(const v1::Campaign& campaign, const AllocationData& data, const TierBatches& tier,
                               size_t arm, size_t control) {
  for (int i = 0; i < campaign.analysis().guardrails_size(); ++i) {
    const v1::Metric& metric = data.metrics[static_cast<size_t>(i) + 1];
    // No mean per user to go by, or none that the batches know.
    if (metric.has_ratio() || metric.has_quantile() || metric.has_tier_movement()) continue;
    const std::vector<AdaptiveBatch>& batches = tier.by_metric[static_cast<size_t>(i) + 1];
    if (RandomisedUsers(batches, arm) < 2 || RandomisedUsers(batches, control) < 2) continue;
    GuardrailRule rule;
    rule.margin = campaign.analysis().guardrails(i).margin();
    rule.is_more_better = metric.direction() != v1::DIRECTION_DECREASE;
    TIERWISE_ASSIGN_OR_RETURN(const bool is_stopped, IsStoppedByGuardrail(batches, arm, control, rule));
    if (is_stopped) return true;
  }
  return false;
}

AllocationOptions OptionsOf(const v1::AdaptivePlan& plan) {
  AllocationOptions options;
  options.rule = plan.rule() == v1::ALLOCATION_RULE_TOP_TWO ? AllocationRule::kTopTwo : AllocationRule::kThompson;
  options.floor = plan.floor_bp() * kPerBasisPoint;
  options.uniform_share = plan.uniform_bp() * kPerBasisPoint;
  options.min_users = plan.min_users_per_arm();
  return options;
}

// Whether an arm that the tier gives users to is stopped from now on.
bool HasNewStop(const v1::Campaign& campaign, const std::string& tier, const std::vector<ArmBelief>& arms) {
  const std::vector<double> present = SharesOfVariants(campaign, *PlanForTier(campaign, tier));
  for (size_t arm = 0; arm < arms.size(); ++arm) {
    if (arms[arm].is_stopped && present[arm] > 0.0) return true;
  }
  return false;
}

// The tier's own plan, which it gets where that of every other tier held for it.
v1::TierPlan& OwnPlan(const std::string& tier, v1::Campaign& campaign) {
  const v1::TierPlan* plan = PlanForTier(campaign, tier);
  for (v1::TierPlan& each : *campaign.mutable_tier_plans()) {
    if (&each == plan && each.tier() == tier) return each;
  }
  v1::TierPlan own = *plan;
  own.set_tier(tier);
  own.clear_phase();
  return *campaign.add_tier_plans() = std::move(own);
}

void SetWeights(const std::string& tier, const std::vector<double>& shares, v1::Campaign& campaign) {
  const std::vector<uint32_t> weights = WeightsOf(shares, kTotalWeight);
  v1::TierPlan& plan = OwnPlan(tier, campaign);
  for (v1::Arm& arm : *plan.mutable_arms()) {
    for (int i = 0; i < campaign.variants_size(); ++i) {
      if (campaign.variants(i).id() == arm.variant()) arm.set_weight(weights[static_cast<size_t>(i)]);
    }
  }
}

}  // namespace

int64_t RandomisedUsers(const std::vector<AdaptiveBatch>& batches, size_t arm) {
  int64_t users = 0;
  for (const AdaptiveBatch& batch : batches) users += batch.shares[arm] > 0.0 ? batch.outcomes[arm].n : 0;
  return users;
}

absl::StatusOr<std::vector<std::vector<ArmBelief>>> BeliefsOf(const v1::Campaign& campaign,
                                                              const AllocationData& data) {
  const auto control = static_cast<size_t>(ControlIndex(campaign));
  const double sign = data.metrics[0].direction() == v1::DIRECTION_DECREASE ? -1.0 : 1.0;
  std::vector<std::vector<ArmBelief>> beliefs;
  for (const TierBatches& tier : data.tiers) {
    const std::vector<double> present = SharesOfVariants(campaign, *PlanForTier(campaign, tier.tier));
    std::vector<ArmBelief>& arms = beliefs.emplace_back();
    for (size_t arm = 0; arm < present.size(); ++arm) {
      arms.push_back(BeliefOf(tier.by_metric[0], arm, sign));
      arms.back().is_stopped = present[arm] == 0.0;
      if (arms.back().is_stopped || arm == control) continue;
      TIERWISE_ASSIGN_OR_RETURN(arms.back().is_stopped, IsStopped(campaign, data, tier, arm, control));
    }
  }
  return PoolBeliefs(beliefs, control);
}

absl::StatusOr<v1::Campaign> WithNextWeights(const v1::Campaign& campaign, const AllocationData& data) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<std::vector<ArmBelief>> beliefs, BeliefsOf(campaign, data));
  v1::Campaign next = campaign;
  for (size_t i = 0; i < data.tiers.size(); ++i) {
    AllocationOptions options = OptionsOf(campaign.adaptive());
    const auto running = static_cast<double>(
        std::count_if(beliefs[i].begin(), beliefs[i].end(), [](const ArmBelief& arm) { return !arm.is_stopped; }));
    if (running < 2.0) continue;  // nothing to choose from
    // Until every arm has enough users the campaign's own weights stay.
    const bool is_early = std::any_of(beliefs[i].begin(), beliefs[i].end(), [&](const ArmBelief& arm) {
      return !arm.is_stopped && arm.users < options.min_users;
    });
    const bool has_new_stop = HasNewStop(campaign, data.tiers[i].tier, beliefs[i]);
    if (is_early && !has_new_stop) continue;
    options.floor = std::min(options.floor, 1.0 / running);
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<double> shares, NextShares(beliefs[i], options));
    SetWeights(data.tiers[i].tier, shares, next);
  }
  return next;
}

}  // namespace tierwise
