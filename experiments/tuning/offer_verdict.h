// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "experiments/tuning/tier_values.h"
#include "experiments/tuning/tuning_input.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// A verdict needs this chance of being right, and its tier kConversionsNeeded.
inline constexpr double kSureEnough = 0.8;

struct TierJudgement {
  v1::OfferVerdict verdict = v1::OFFER_VERDICT_NOT_ENOUGH_EVIDENCE;
  double conversions = 0.0;       // over all doses
  double pays_probability = 0.0;  // chance that the best dose above 0 is worth more than none
  // About how many users more, over all arms, would tell; for NOT_ENOUGH_EVIDENCE, where anything at all was tried.
  std::optional<int64_t> users_needed;
};

// Judges the tier's best dose, and whether the plan, which gives `planned` (an index into the doses), keeps it away.
// No dose pays where none is the best dose for sure enough; whether the tier responds to offers at all is then what the
// test of no response says at level 1 - confidence.
TierJudgement JudgeTier(const TierCells& tier, const TierValues& values, size_t planned, double confidence);

}  // namespace tierwise
