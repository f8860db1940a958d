// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/tuning/policy_data.h"

namespace tierwise {

// The mean outcome of each arm in each tier, weighted by the inverse of the propensities (Hajek). A tier that never had
// an arm is given its lowest mean there; a tier without users, the mean of all.
class ArmMeansByTier {
 public:
  ArmMeansByTier(const PolicyData& data, absl::Span<const uint32_t> users);

  double mean(size_t tier, size_t arm) const { return mean_[tier * arms_ + arm]; }
  bool HasUsers(size_t tier, size_t arm) const { return weight_[tier * arms_ + arm] > 0.0; }
  // The arm with the largest mean; the first at a tie.
  size_t BestArm(size_t tier) const;
  std::vector<double> OfTier(size_t tier) const;

 private:
  size_t arms_;
  std::vector<double> mean_;
  std::vector<double> weight_;
};

}  // namespace tierwise
