// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/tier_moves.h"

#include <algorithm>

namespace tierwise {

uint16_t TierHistory::TierBefore(int64_t until_micros) const {
  uint16_t tier = first_tier;
  for (const MoveRow& move : moves) {
    if (move.time_micros >= until_micros) break;
    if (move.time_micros >= first_exposure_micros && move.tier != kOtherName) tier = move.tier;
  }
  return tier;
}

uint16_t TierHistory::BestTierIn(int64_t begin_micros, int64_t end_micros) const {
  uint16_t best = TierBefore(begin_micros);
  for (const MoveRow& move : moves) {
    if (move.time_micros >= end_micros) break;
    const bool is_inside = move.time_micros >= begin_micros && move.time_micros >= first_exposure_micros;
    if (is_inside) best = std::min(best, move.tier);  // kOtherName is greater than any tier
  }
  return best;
}

double MovementOutcome(const OutcomeRule& rule, const TierHistory& history) {
  const int64_t begin = history.first_exposure_micros + rule.begin_micros;
  const int64_t end = history.first_exposure_micros + rule.end_micros;
  switch (rule.kind) {
    case OutcomeKind::kMovedUp:
      return history.TierBefore(end) < history.first_tier ? 1.0 : 0.0;
    case OutcomeKind::kDidNotFall:
      return history.TierBefore(end) <= history.first_tier ? 1.0 : 0.0;
    default:
      return rule.tier != kOtherName && history.BestTierIn(begin, end) <= rule.tier ? 1.0 : 0.0;
  }
}

}  // namespace tierwise
