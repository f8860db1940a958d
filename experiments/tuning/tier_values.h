// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/tuning/comparisons_with_best.h"
#include "experiments/tuning/dose_response.h"
#include "experiments/tuning/posterior_choice.h"
#include "experiments/tuning/tuning_input.h"
#include "experiments/tuning/winners.h"

namespace tierwise {

// What is known of one tier's doses, in money per user. Draws are draw by draw, draws x doses; increments are against
// dose 0 in the same draw.
struct TierValues {
  TierDoseResponse response;
  // Posterior means, for each dose.
  std::vector<double> conversions;
  std::vector<double> revenue;
  std::vector<double> cost;
  std::vector<double> profit;
  std::vector<double> revenue_draws;  // empty without a revenue metric
  std::vector<double> cost_draws;
  std::vector<double> value_draws;   // increment of the objective
  std::vector<double> profit_draws;  // increment of the profit; empty where that is the objective
  PosteriorChoice by_value;
  PosteriorChoice by_profit;
  // From this tier's own raw means of profit per user.
  std::vector<ComparisonWithBest> comparisons;
  std::optional<WinnerEstimate> winner;
  // Of one user's cost at each dose, for how far realised costs scatter.
  std::vector<double> cost_variance;

  absl::Span<const double> ProfitDraws() const { return profit_draws.empty() ? value_draws : profit_draws; }
};

// The objective per user of an offer with this cost.
LinearInOutcome ObjectivePerUser(const TuningInput& input, const LinearInOutcome& cost);

// The mean of conversions per user at each dose, with the variance of its mean. Where the outcome does not vary (no
// conversions, or as many from everyone) the variance is that of half a conversion more, so that it is never 0.
std::vector<DosePoint> ResponsePoints(const TierCells& tier);

// Of every judged tier, in order; entries of other tiers are empty. Errors: those of EstimateDoseResponse.
absl::StatusOr<std::vector<TierValues>> EstimateTierValues(const TuningInput& input, const TuningOptions& options);

}  // namespace tierwise
