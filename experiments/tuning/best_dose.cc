// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/best_dose.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/tuning/posterior_choice.h"

namespace tierwise {
namespace {

absl::Status Check(absl::Span<const DosePoint> points, const TierDoseResponse& response, absl::Span<const Offer> offers,
                   double confidence) {
  Problems problems;
  CheckOpenUnit("confidence", confidence, problems);
  if (offers.size() != points.size()) {
    problems.Add("offers",
                 absl::StrCat("has ", offers.size(), " entries for ", points.size(), " doses; must have one each"));
  }
  for (size_t i = 0; i < offers.size(); ++i) {
    const absl::Status status = CheckOffer(absl::StrCat("offers[", i, "]"), offers[i]);
    for (const Problem& problem : ProblemsOf(status)) problems.Add(problem.field, problem.description);
  }
  if (!offers.empty()) {
    const LinearInResponse none = CostOf(offers[0]);
    if (none.per_conversion != 0.0 || none.per_user != 0.0) {
      problems.Add("offers[0].cost", "must be 0: dose 0 is no offer");
    }
  }
  const bool has_posterior = !points.empty() && !response.posterior.empty() &&
                             response.posterior.size() % points.size() == 0 &&
                             response.pooled.estimate.size() == points.size();
  if (!has_posterior) problems.Add("response", "is not that of these doses");
  return problems.ToStatus();
}

// What the posterior says of each dose.
void AddPosterior(const TierDoseResponse& response, absl::Span<const LinearInResponse> profits, double confidence,
                  BestDose& result) {
  const size_t k = profits.size();
  const size_t draws = response.posterior.size() / k;
  result.incremental_draws.resize(draws * k);
  for (size_t r = 0; r < draws; ++r) {
    const double without = profits[0].At(response.posterior[r * k]);
    for (size_t j = 0; j < k; ++j) {
      result.incremental_draws[r * k + j] = profits[j].At(response.posterior[r * k + j]) - without;
    }
  }
  const PosteriorChoice choice = ChooseByDraws(result.incremental_draws, k, confidence);
  for (size_t j = 0; j < k; ++j) {
    DoseProfit& dose = result.doses[j];
    dose.incremental_profit = choice.odds[j].mean;
    dose.incremental_interval = choice.odds[j].interval;
    dose.best_probability = choice.odds[j].best_probability;
    dose.expected_regret = choice.odds[j].expected_regret;
  }
  result.best = choice.best;
  result.lowest_likely = result.doses[choice.lowest_likely].dose;
  result.highest_likely = result.doses[choice.highest_likely].dose;
}

}  // namespace

absl::StatusOr<BestDose> FindBestDose(absl::Span<const DosePoint> points, const TierDoseResponse& response,
                                      absl::Span<const Offer> offers, double confidence) {
  TIERWISE_RETURN_IF_ERROR(Check(points, response, offers, confidence));
  const size_t k = points.size();
  BestDose result;
  std::vector<LinearInResponse> profits;
  std::vector<double> raw_profits;
  std::vector<double> raw_errors;
  for (size_t j = 0; j < k; ++j) {
    const LinearInResponse cost = CostOf(offers[j]);
    const LinearInResponse profit = ProfitOf(offers[j]);
    DoseProfit dose;
    dose.dose = points[j].dose;
    dose.response = response.pooled.estimate[j];
    dose.cost = cost.At(dose.response);
    dose.profit = profit.At(dose.response);
    const double one_end = profit.At(response.pooled.lower[j]);
    const double other_end = profit.At(response.pooled.upper[j]);
    dose.profit_interval = {std::min(one_end, other_end), std::max(one_end, other_end)};
    result.doses.push_back(dose);
    profits.push_back(profit);
    raw_profits.push_back(profit.At(points[j].mean));
    raw_errors.push_back(std::abs(profit.per_conversion) * std::sqrt(points[j].variance));
  }
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<ComparisonWithBest> comparisons,
                            CompareWithBest(raw_profits, raw_errors, confidence));
  for (size_t j = 0; j < k; ++j) result.doses[j].comparison = comparisons[j];
  // A dose whose profit does not depend on the response is known; the correction needs a little room.
  const double widest = *std::max_element(raw_errors.begin(), raw_errors.end());
  if (widest > 0.0) {
    for (double& error : raw_errors) error = std::max(error, 1e-9 * widest);
    TIERWISE_ASSIGN_OR_RETURN(result.winner, CorrectWinner(raw_profits, raw_errors, confidence));
  }
  AddPosterior(response, profits, confidence, result);
  return result;
}

}  // namespace tierwise
