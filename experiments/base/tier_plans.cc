// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/tier_plans.h"

namespace tierwise {

const v1::TierPlan* PlanForTier(const v1::Campaign& campaign, absl::string_view tier) {
  const v1::TierPlan* for_others = nullptr;
  for (const v1::TierPlan& plan : campaign.tier_plans()) {
    if (plan.tier() == tier) return &plan;
    if (plan.tier() == "*") for_others = &plan;
  }
  return for_others;
}

std::vector<double> SharesOfVariants(const v1::Campaign& campaign, const v1::TierPlan& plan) {
  std::vector<double> shares(static_cast<size_t>(campaign.variants_size()), 0.0);
  double total = 0.0;
  for (const v1::Arm& arm : plan.arms()) total += arm.weight();
  for (const v1::Arm& arm : plan.arms()) {
    for (int i = 0; i < campaign.variants_size(); ++i) {
      if (campaign.variants(i).id() == arm.variant()) shares[static_cast<size_t>(i)] = arm.weight() / total;
    }
  }
  return shares;
}

int ControlIndex(const v1::Campaign& campaign) {
  int index = 0;
  while (!campaign.variants(index).control()) ++index;
  return index;
}

}  // namespace tierwise
