// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/derivation_rule.h"

namespace tierwise {

std::vector<int64_t> DerivationRule::Horizons() const {
  switch (aggregate) {
    case v1::AGGREGATE_LIFE_CYCLE:
      // At the age `dormant_after` a user is dormant already.
      return {new_for, active_for, dormant_after - 1, won_back_for};
    case v1::AGGREGATE_TREND:
      return {window, 2 * window};
    default:
      if (window == kUnlimited) return {};
      return {window};
  }
}

int64_t DerivationRule::Reach() const {
  if (aggregate == v1::AGGREGATE_LIFE_CYCLE || window == kUnlimited) return kUnlimited;
  return aggregate == v1::AGGREGATE_TREND ? 2 * window : window;
}

}  // namespace tierwise
