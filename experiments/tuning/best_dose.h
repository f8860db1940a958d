// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"
#include "experiments/tuning/comparisons_with_best.h"
#include "experiments/tuning/dose_response.h"
#include "experiments/tuning/offer_profit.h"
#include "experiments/tuning/winners.h"

namespace tierwise {

// One dose of one tier, in money per user. `incremental` is against dose 0.
struct DoseProfit {
  double dose = 0.0;
  double response = 0.0;
  double cost = 0.0;  // of the offer, conversions that would have come anyway included
  double profit = 0.0;
  Interval profit_interval;  // simultaneous over the doses
  double incremental_profit = 0.0;
  Interval incremental_interval;  // of this dose alone
  double best_probability = 0.0;
  double expected_regret = 0.0;  // what choosing this dose gives away on average
  // From this tier's own raw means.
  ComparisonWithBest comparison;
};

struct BestDose {
  std::vector<DoseProfit> doses;  // those tried, ascending
  size_t best = 0;                // of most expected profit; the lower dose at a tie. 0: no offer pays
  double lowest_likely = 0.0;     // central range of the best dose over the posterior
  double highest_likely = 0.0;
  // What the dose that looks best on this tier's raw means alone is worth, corrected for its luck. Absent where no
  // profit depends on the response.
  std::optional<WinnerEstimate> winner;
  // For each posterior draw the profit per user at each dose, draw by draw; incremental to dose 0.
  std::vector<double> incremental_draws;

  bool IsNone() const { return best == 0; }
};

// The most profitable of the doses tried: profit per user = response x (margin - cost per conversion) - cost per user,
// over the posterior of the response. `points` are the tier's, `offers` has one for each. Errors: those of CheckOffer
// under "offers[i]"; a count of offers that is not the count of doses; an offer at dose 0 that costs something; a
// posterior of another size.
absl::StatusOr<BestDose> FindBestDose(absl::Span<const DosePoint> points, const TierDoseResponse& response,
                                      absl::Span<const Offer> offers, double confidence);

}  // namespace tierwise
