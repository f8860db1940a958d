// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/tier_values.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "experiments/base/status_macros.h"
#include "experiments/tuning/basket_posterior.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

// What the tier's own means say of profit, without any help by other tiers or doses.
absl::Status AddRawComparisons(const TuningInput& input, const TierCells& tier, double confidence, TierValues& values) {
  std::vector<double> profits;
  std::vector<double> errors;
  const std::vector<DosePoint> points = ResponsePoints(tier);
  for (size_t j = 0; j < tier.doses.size(); ++j) {
    const DoseCell& cell = tier.doses[j];
    const LinearInOutcome profit = Difference(input.margin, cell.cost);
    const double variance = cell.outcome.Covariance(0, 0) > 0.0
                                ? VariancePerUser(profit, cell.outcome) / static_cast<double>(cell.outcome.n())
                                : profit.per_conversion * profit.per_conversion * points[j].variance;
    profits.push_back(profit.At(cell.outcome.mean(0), cell.Revenue()));
    errors.push_back(std::sqrt(variance));
  }
  TIERWISE_ASSIGN_OR_RETURN(values.comparisons, CompareWithBest(profits, errors, confidence));
  // A dose whose profit does not depend on the outcome is known; the correction needs a little room.
  const double widest = *std::max_element(errors.begin(), errors.end());
  if (!(widest > 0.0)) return absl::OkStatus();
  for (double& error : errors) error = std::max(error, 1e-9 * widest);
  TIERWISE_ASSIGN_OR_RETURN(values.winner, CorrectWinner(profits, errors, confidence));
  return absl::OkStatus();
}

// Turns draws of the response into draws of cost and value.
void AddDraws(const TuningInput& input, const TierCells& tier, uint64_t seed, TierValues& values) {
  const size_t k = tier.doses.size();
  const std::vector<double>& responses = values.response.posterior;
  const size_t draws = responses.size() / k;
  const bool is_profit = input.objective == v1::PLAN_OBJECTIVE_PROFIT;
  std::vector<JointMoments> cells;
  std::vector<LinearInOutcome> profit;
  std::vector<LinearInOutcome> value;
  for (const DoseCell& cell : tier.doses) {
    cells.push_back(cell.outcome);
    profit.push_back(Difference(input.margin, cell.cost));
    value.push_back(ObjectivePerUser(input, cell.cost));
    values.cost_variance.push_back(VariancePerUser(cell.cost, cell.outcome));
  }
  std::optional<BasketPosterior> baskets;
  if (input.has_revenue) baskets.emplace(cells);
  RandomDraws random(seed);
  std::vector<double> basket(k, 0.0);
  for (auto* mean : {&values.conversions, &values.revenue, &values.cost, &values.profit}) mean->assign(k, 0.0);
  values.cost_draws.resize(draws * k);
  values.value_draws.resize(draws * k);
  if (!is_profit) values.profit_draws.resize(draws * k);
  if (input.has_revenue) values.revenue_draws.resize(draws * k);
  const double each = 1.0 / static_cast<double>(draws);
  for (size_t r = 0; r < draws; ++r) {
    if (baskets.has_value()) baskets->Draw(random, absl::MakeSpan(basket));
    const double* response = &responses[r * k];
    const double base_profit = profit[0].At(response[0], response[0] * basket[0]);
    const double base_value = value[0].At(response[0], response[0] * basket[0]);
    for (size_t j = 0; j < k; ++j) {
      const double revenue = response[j] * basket[j];
      const double cost = tier.doses[j].cost.At(response[j], revenue);
      const double own_profit = profit[j].At(response[j], revenue);
      values.conversions[j] += response[j] * each;
      values.revenue[j] += (input.has_revenue ? revenue : input.revenue.At(response[j], 0.0)) * each;
      values.cost[j] += cost * each;
      values.profit[j] += own_profit * each;
      values.cost_draws[r * k + j] = cost;
      values.value_draws[r * k + j] = value[j].At(response[j], revenue) - base_value;
      if (input.has_revenue) values.revenue_draws[r * k + j] = revenue;
      if (!is_profit) values.profit_draws[r * k + j] = own_profit - base_profit;
    }
  }
}

}  // namespace

LinearInOutcome ObjectivePerUser(const TuningInput& input, const LinearInOutcome& cost) {
  if (input.objective == v1::PLAN_OBJECTIVE_CONVERSIONS) return {1.0, 0.0, 0.0};
  if (input.objective == v1::PLAN_OBJECTIVE_REVENUE) return input.revenue;
  return Difference(input.margin, cost);
}

std::vector<DosePoint> ResponsePoints(const TierCells& tier) {
  std::vector<DosePoint> points;
  for (const DoseCell& cell : tier.doses) {
    const int64_t n = cell.outcome.n();
    DosePoint point{cell.dose, cell.outcome.mean(0), cell.outcome.Covariance(0, 0) / static_cast<double>(n)};
    if (!(point.variance > 0.0)) {
      const double scale = point.mean > 0.0 ? point.mean : 1.0;
      point.variance = scale * scale * RatePoint(cell.dose, point.mean > 0.0 ? n : 0, n).variance;
    }
    points.push_back(point);
  }
  return points;
}

absl::StatusOr<std::vector<TierValues>> EstimateTierValues(const TuningInput& input, const TuningOptions& options) {
  std::vector<TierDoses> tiers;
  for (const TierCells& tier : input.tiers) {
    if (tier.IsJudged()) tiers.push_back({tier.tier, ResponsePoints(tier)});
  }
  DoseResponseOptions response_options;
  response_options.confidence = options.confidence;
  response_options.draws = options.draws;
  response_options.seed = options.seed;
  response_options.pool_tiers = options.pool_tiers;
  TIERWISE_ASSIGN_OR_RETURN(std::vector<TierDoseResponse> responses, EstimateDoseResponse(tiers, response_options));

  std::vector<TierValues> all(input.tiers.size());
  size_t next = 0;
  for (size_t t = 0; t < input.tiers.size(); ++t) {
    const TierCells& tier = input.tiers[t];
    if (!tier.IsJudged()) continue;
    TierValues& values = all[t];
    values.response = std::move(responses[next++]);
    // Normal draws know no bound, conversions do.
    for (double& response : values.response.posterior) response = std::max(0.0, response);
    AddDraws(input, tier, options.seed + 1 + t, values);
    TIERWISE_RETURN_IF_ERROR(AddRawComparisons(input, tier, options.confidence, values));
    values.by_value = ChooseByDraws(values.value_draws, tier.doses.size(), options.confidence);
    values.by_profit = values.profit_draws.empty()
                           ? values.by_value
                           : ChooseByDraws(values.profit_draws, tier.doses.size(), options.confidence);
  }
  return all;
}

}  // namespace tierwise
