// SPDX-License-Identifier: Apache-2.0
#include "server/services/allocation_readout.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "experiments/base/status_macros.h"
#include "experiments/base/tier_plans.h"
#include "experiments/tuning/adaptive_contrast.h"
#include "experiments/tuning/best_arm.h"
#include "server/services/allocation_rule.h"

namespace tierwise {
namespace {

constexpr double kConfidence = 0.95;

void AddBatches(const TierBatches& tier, v1::TierAllocation& out) {
  for (size_t b = 0; b < tier.phases.size(); ++b) {
    const AdaptiveBatch& batch = tier.by_metric[0][b];
    v1::AllocationBatch& added = *out.add_batches();
    added.set_phase(tier.phases[b]);
    for (size_t arm = 0; arm < batch.outcomes.size(); ++arm) {
      added.add_shares(batch.shares[arm]);
      added.add_users(batch.outcomes[arm].n);
      added.add_means(batch.outcomes[arm].mean);
    }
  }
}

// Of the arms that still get users and have outcomes that differ; 0 for the others.
absl::StatusOr<std::vector<double>> BestProbabilities(const std::vector<ArmBelief>& arms) {
  std::vector<double> means, sds, all(arms.size(), 0.0);
  for (const ArmBelief& arm : arms) {
    if (arm.is_stopped || !(arm.sd > 0.0)) continue;
    means.push_back(arm.mean);
    sds.push_back(arm.sd);
  }
  if (means.empty()) return all;
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<double> best, ProbabilityBest(means, sds));
  size_t next = 0;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (!arms[i].is_stopped && arms[i].sd > 0.0) all[i] = best[next++];
  }
  return all;
}

absl::Status FillArm(const std::vector<AdaptiveBatch>& batches, size_t arm, size_t control, v1::ArmReadout& out) {
  if (RandomisedUsers(batches, arm) < 2) return absl::OkStatus();
  TIERWISE_ASSIGN_OR_RETURN(const AdaptiveArm means, EvaluateAdaptiveArm(batches, arm, kConfidence));
  FillEstimate(means.weighted, *out.mutable_weighted());
  FillEstimate(means.naive, *out.mutable_naive());
  if (arm == control || RandomisedUsers(batches, control) < 2) return absl::OkStatus();
  TIERWISE_ASSIGN_OR_RETURN(const AdaptiveContrast contrast, EvaluateAdaptiveContrast(batches, arm, control, {}));
  FillEstimate(contrast.value, *out.mutable_always_valid_difference());
  return absl::OkStatus();
}

}  // namespace

void FillEstimate(const PolicyValue& value, v1::PolicyEstimate& estimate) {
  estimate.set_value(value.value);
  if (std::isfinite(value.se)) estimate.set_standard_error(value.se);
  estimate.mutable_interval();
  if (std::isfinite(value.interval.lower)) estimate.mutable_interval()->set_lower(value.interval.lower);
  if (std::isfinite(value.interval.upper)) estimate.mutable_interval()->set_upper(value.interval.upper);
}

absl::StatusOr<v1::GetAllocationResponse> ReadAllocation(const v1::Campaign& campaign, const AllocationData& data) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<std::vector<ArmBelief>> beliefs, BeliefsOf(campaign, data));
  const auto control = static_cast<size_t>(ControlIndex(campaign));
  v1::GetAllocationResponse response;
  for (size_t i = 0; i < data.tiers.size(); ++i) {
    const TierBatches& tier = data.tiers[i];
    v1::TierAllocation& out = *response.add_tiers();
    out.set_tier(tier.tier);
    AddBatches(tier, out);
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<double> best, BestProbabilities(beliefs[i]));
    for (size_t arm = 0; arm < beliefs[i].size(); ++arm) {
      out.add_variants(campaign.variants(static_cast<int>(arm)).id());
      v1::ArmReadout& readout = *out.add_arms();
      readout.set_variant(out.variants(static_cast<int>(arm)));
      readout.set_is_stopped(beliefs[i][arm].is_stopped);
      readout.set_best_probability(best[arm]);
      TIERWISE_RETURN_IF_ERROR(FillArm(tier.by_metric[0], arm, control, readout));
    }
  }
  return response;
}

}  // namespace tierwise
