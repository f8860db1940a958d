// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/stats/moments.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// What one variant's users did in one tier, per user: conversions first; where the economics name a revenue metric,
// revenue second, before the offer's cost.
struct TuningCell {
  std::string variant;
  JointMoments outcome;
};

struct TuningTier {
  std::string tier;
  // Users to plan for, >= 0; TierLimit.users goes before it.
  int64_t users = 0;
  // At most one for each variant, in any order; variants without users here may be left out. The control is needed.
  std::vector<TuningCell> cells;
};

// A campaign's results, as far as its offers are judged by them.
struct TuningData {
  std::string campaign;
  int64_t revision = 0;
  absl::Time as_of;  // finite
  // The campaign's, 2 to 1,000: one control, and offers. An offer's cost may be left unset where its unit has a
  // default.
  std::vector<v1::Variant> variants;
  v1::OfferEconomics economics;
  // In the tiering's order: better first.
  std::vector<TuningTier> tiers;
};

struct TuningOptions {
  double confidence = 0.95;  // of intervals, in (0, 1)
  int draws = 2000;          // of the posterior, from 100 to 1000000
  uint64_t seed = 0;         // the same seed and data give the same plan
  bool pool_tiers = true;    // whether tiers lend each other the shape of their response
  int frontier_points = 10;  // budgets on the frontier, from 0 to 100
};

// The best offer for each tier within `constraints`, with its evidence and what to try next. Everything but `checks`
// is filled. Variants without an offer are left out, and a note says so. Several variants with one dose stay apart: the
// dose's results are those of all its users, and a note says by how much the variants differ. A tier without users in
// the control or with any offer, or with too few conversions, is no error: its verdict is NOT_ENOUGH_EVIDENCE. Errors,
// all with field paths: no tiers, no such tier with evidence, no control or several, no offer, costs missing (of units
// other than PERCENT_OFF and AMOUNT_OFF, where `cost` must be set, if only to nothing) or negative, with the variant's
// id; moments out of range, with tier and variant; unknown tiers or contradictory limits in `constraints`; a budget
// below the cheapest plan; options out of range.
absl::StatusOr<v1::OfferPlan> PlanOffers(const TuningData& data, const v1::PlanConstraints& constraints,
                                         const TuningOptions& options);

}  // namespace tierwise
