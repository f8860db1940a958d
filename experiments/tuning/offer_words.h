// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "experiments/tuning/offer_planning.h"
#include "experiments/tuning/offer_verdict.h"
#include "experiments/tuning/tier_values.h"
#include "experiments/tuning/tuning_input.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// "10 % off", "12.5 off", "200 points", "1 month free", "no offer" for 0.
std::string DoseWords(v1::DoseUnit unit, double dose);

// One or two sentences on a tier, from the figures already in `offer`.
std::string VerdictWords(const TuningInput& input, const TierJudgement& judgement, const v1::TierOffer& offer);

// Everything worth knowing about a plan and its data, one sentence each.
std::vector<std::string> PlanNotes(const TuningInput& input, absl::Span<const TierValues> values,
                                   const v1::PlanConstraints& constraints, const OfferChoices& choices);

}  // namespace tierwise
