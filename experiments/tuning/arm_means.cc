// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/arm_means.h"

#include <algorithm>
#include <limits>

namespace tierwise {

ArmMeansByTier::ArmMeansByTier(const PolicyData& data, absl::Span<const uint32_t> users)
    : arms_(data.arms), mean_(data.tiers * data.arms, 0.0), weight_(data.tiers * data.arms, 0.0) {
  double all = 0.0;
  double all_weight = 0.0;
  for (uint32_t user : users) {
    const size_t cell = data.tier[user] * arms_ + data.arm[user];
    const double weight = 1.0 / data.propensity[user];
    weight_[cell] += weight;
    // Running means: sums of large weights times outcomes would lose digits.
    mean_[cell] += (data.outcome[user] - mean_[cell]) * weight / weight_[cell];
    all_weight += weight;
    all += (data.outcome[user] - all) * weight / all_weight;
  }
  for (size_t tier = 0; tier < data.tiers; ++tier) {
    double lowest = std::numeric_limits<double>::infinity();
    for (size_t arm = 0; arm < arms_; ++arm) {
      if (HasUsers(tier, arm)) lowest = std::min(lowest, mean(tier, arm));
    }
    if (lowest == std::numeric_limits<double>::infinity()) lowest = all;
    for (size_t arm = 0; arm < arms_; ++arm) {
      if (!HasUsers(tier, arm)) mean_[tier * arms_ + arm] = lowest;
    }
  }
}

size_t ArmMeansByTier::BestArm(size_t tier) const {
  size_t best = 0;
  for (size_t arm = 1; arm < arms_; ++arm) {
    if (mean(tier, arm) > mean(tier, best)) best = arm;
  }
  return best;
}

std::vector<double> ArmMeansByTier::OfTier(size_t tier) const {
  const auto begin = mean_.begin() + static_cast<ptrdiff_t>(tier * arms_);
  return {begin, begin + static_cast<ptrdiff_t>(arms_)};
}

}  // namespace tierwise
