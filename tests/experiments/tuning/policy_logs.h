// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "experiments/tuning/policy_data.h"
#include "experiments/tuning/random.h"

namespace tierwise {

// A randomised log of two arms in two tiers: an age of 18 to 77, one of five regions, and a number without meaning.
// `mean_of` says what a user's outcome is on average, from data, user and arm; noise has standard deviation 1. Arm 1
// has propensity 0.5 in tier 0 and 0.3 in tier 1.
inline PolicyData RandomisedLog(size_t users, RandomDraws& random,
                                absl::FunctionRef<double(const PolicyData&, size_t, size_t)> mean_of) {
  PolicyData data;
  data.arms = 2;
  data.tiers = 2;
  data.attributes.push_back({"age", false, 0, {}});
  data.attributes.push_back({"region", true, 5, {}});
  data.attributes.push_back({"noise", false, 0, {}});
  for (size_t i = 0; i < users; ++i) {
    data.tier.push_back(random.Uniform() < 0.4 ? 0 : 1);
    const double share = data.tier.back() == 0 ? 0.5 : 0.3;
    data.arm.push_back(random.Uniform() < share ? 1 : 0);
    data.propensity.push_back(data.arm.back() == 1 ? share : 1.0 - share);
    data.attributes[0].values.push_back(18.0 + static_cast<double>(static_cast<int>(60.0 * random.Uniform())));
    data.attributes[1].values.push_back(static_cast<double>(static_cast<int>(5.0 * random.Uniform())));
    data.attributes[2].values.push_back(random.Normal());
    data.outcome.push_back(mean_of(data, i, data.arm.back()) + random.Normal());
  }
  return data;
}

}  // namespace tierwise
