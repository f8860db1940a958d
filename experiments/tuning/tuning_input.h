// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/stats/moments.h"
#include "experiments/tuning/offer_economics.h"
#include "experiments/tuning/offer_tuning.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// One dose in one tier: the users of all variants that have it.
struct DoseCell {
  double dose = 0.0;
  std::vector<std::string> variants;     // those with users here, in the campaign's order
  std::vector<JointMoments> of_variant;  // of each
  JointMoments outcome;                  // of all
  LinearInOutcome cost;                  // weighted by users where the variants' costs differ
  bool has_one_cost = true;

  double Conversions() const { return static_cast<double>(outcome.n()) * outcome.mean(0); }
  double Revenue() const { return outcome.size() > 1 ? outcome.mean(1) : 0.0; }
};

// A tier with fewer conversions over all doses is not told enough about to be given an offer.
inline constexpr double kConversionsNeeded = 20.0;

struct TierCells {
  std::string tier;
  int64_t users = 0;            // to plan for
  std::vector<DoseCell> doses;  // ascending, the first 0; fewer than two: nothing can be told

  bool IsJudged() const { return doses.size() >= 2; }
  double Conversions() const;  // over all doses
};

// Tuning data, checked and in the order of doses.
struct TuningInput {
  bool has_revenue = false;
  v1::DoseUnit unit = v1::DOSE_UNIT_UNSPECIFIED;
  v1::PlanObjective objective = v1::PLAN_OBJECTIVE_PROFIT;
  LinearInOutcome margin;
  LinearInOutcome revenue;
  std::vector<TierCells> tiers;
  std::vector<std::string> without_offer;  // ids of variants that are left out
};

// The errors that PlanOffers has for its data.
absl::StatusOr<TuningInput> ReadTuningData(const TuningData& data);

}  // namespace tierwise
