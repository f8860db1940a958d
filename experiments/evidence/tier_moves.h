// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "experiments/base/fact_rows.h"
#include "experiments/evidence/metric_plan.h"

namespace tierwise {

// What became of one user's tier since the first exposure. Tiers are indexes, better ones smaller; moves to kOtherName,
// a tier of another version of the tiering, are passed over: they cannot be compared.
struct TierHistory {
  uint16_t first_tier = 0;
  int64_t first_exposure_micros = 0;
  absl::Span<const MoveRow> moves;  // of the user, ascending; earlier ones than the first exposure are ignored

  // The tier at the end of [first exposure, until): that of the last move in it, or `first_tier`.
  uint16_t TierBefore(int64_t until_micros) const;
  // The best tier at any time of [begin, end).
  uint16_t BestTierIn(int64_t begin_micros, int64_t end_micros) const;
};

// 1 or 0. REQUIRES: IsMovement(rule.kind).
double MovementOutcome(const OutcomeRule& rule, const TierHistory& history);

}  // namespace tierwise
