// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/dose_result.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "experiments/stats/relative_lift.h"

namespace tierwise {
namespace {

// Means, variances and covariance of two columns of draws.
struct PairOfDraws {
  double first = 0.0;
  double second = 0.0;
  double first_variance = 0.0;
  double second_variance = 0.0;
  double covariance = 0.0;
};

// Of the incremental margin and the cost of dose `j`.
PairOfDraws MarginAndCost(const TierValues& values, size_t j) {
  const size_t k = values.by_value.odds.size();
  const size_t draws = values.cost_draws.size() / k;
  const absl::Span<const double> profit = values.ProfitDraws();
  PairOfDraws pair;
  for (size_t r = 0; r < draws; ++r) {
    const double cost = values.cost_draws[r * k + j];
    const double margin = profit[r * k + j] + cost;
    const double first = margin - pair.first;
    const double second = cost - pair.second;
    const double n = static_cast<double>(r + 1);
    pair.first += first / n;
    pair.second += second / n;
    pair.first_variance += first * (margin - pair.first);
    pair.second_variance += second * (cost - pair.second);
    pair.covariance += first * (cost - pair.second);
  }
  const auto n = static_cast<double>(draws);
  pair.first_variance /= n;
  pair.second_variance /= n;
  pair.covariance /= n;
  return pair;
}

void AddReturnOnSpend(const TierValues& values, size_t j, double confidence, v1::DoseResult& result) {
  const PairOfDraws pair = MarginAndCost(values, j);
  if (!(pair.second > 0.0)) return;
  result.set_return_on_spend(pair.first / pair.second);
  const double critical = CriticalValue(confidence, std::numeric_limits<double>::infinity());
  *result.mutable_return_on_spend_interval() = CredibleInterval(
      FiellerInterval(pair.first, pair.first_variance, pair.second, pair.second_variance, pair.covariance, critical),
      "Fieller", confidence);
}

}  // namespace

v1::Interval CredibleInterval(const Interval& interval, absl::string_view method, double confidence) {
  v1::Interval proto;
  proto.set_method(std::string(method));
  proto.set_kind(v1::INTERVAL_KIND_CREDIBLE);
  proto.set_confidence(confidence);
  if (std::isfinite(interval.lower)) proto.set_lower(interval.lower);
  if (std::isfinite(interval.upper)) proto.set_upper(interval.upper);
  return proto;
}

std::optional<double> GivenAnywayShare(const TierCells& tier, const TierValues& values, size_t j) {
  const LinearInOutcome& cost = tier.doses[j].cost;
  if (!(values.cost[j] > 0.0)) return std::nullopt;
  const double converting = std::min(1.0, values.conversions[0]);
  const double anyway =
      cost.per_conversion * values.conversions[0] + cost.per_revenue * values.revenue[0] + cost.per_user * converting;
  return std::clamp(anyway / values.cost[j], 0.0, 1.0);
}

v1::DoseResult MakeDoseResult(const TierCells& tier, const TierValues& values, size_t j, double confidence) {
  const DoseCell& cell = tier.doses[j];
  v1::DoseResult result;
  result.set_dose(cell.dose);
  for (const std::string& variant : cell.variants) result.add_variants(variant);
  result.set_users(cell.outcome.n());
  result.set_measured_response(cell.outcome.mean(0));
  result.set_response(values.conversions[j]);
  const DoseCurve& curve = values.response.pooled;
  *result.mutable_response_interval() = CredibleInterval(
      {std::min(curve.lower[j], values.conversions[j]), std::max(curve.upper[j], values.conversions[j])},
      "posterior, all doses at once", confidence);
  result.set_cost(values.cost[j]);
  result.set_profit(values.profit[j]);
  result.set_incremental_profit(values.by_profit.odds[j].mean);
  *result.mutable_incremental_profit_interval() =
      CredibleInterval(values.by_profit.odds[j].interval, "posterior", confidence);
  result.set_best_probability(values.by_value.odds[j].best_probability);
  result.set_expected_regret(values.by_value.odds[j].expected_regret);
  result.set_may_be_best(values.comparisons[j].may_be_best);
  const double more = values.conversions[j] - values.conversions[0];
  if (more > 1e-12 * values.conversions[0]) result.set_cost_per_incremental_conversion(values.cost[j] / more);
  AddReturnOnSpend(values, j, confidence, result);
  if (const auto share = GivenAnywayShare(tier, values, j); share.has_value()) result.set_given_anyway_share(*share);
  return result;
}

}  // namespace tierwise
