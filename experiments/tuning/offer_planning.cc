// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/offer_planning.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "experiments/base/status_macros.h"
#include "experiments/stats/distributions.h"
#include "experiments/tuning/plan_constraints.h"

namespace tierwise {
namespace {

// Plans solved on draws to count how often each is the best: so many options in all, but at least this many draws.
constexpr size_t kOptionsSolved = 20'000;
constexpr size_t kFewestDraws = 20;
constexpr size_t kMostDraws = 400;

size_t DrawsOf(const TuningInput& input, absl::Span<const TierValues> values) {
  for (size_t t = 0; t < input.tiers.size(); ++t) {
    if (input.tiers[t].IsJudged()) return values[t].cost_draws.size() / input.tiers[t].doses.size();
  }
  return 0;
}

// Calls `add` for each judged tier and dose with a share: tier, dose, users who get it.
template <typename Add>
void ForEachGiven(const TuningInput& input, const OfferChoice& choice, Add add) {
  for (size_t t = 0; t < input.tiers.size(); ++t) {
    if (!input.tiers[t].IsJudged()) continue;
    for (size_t j = 0; j < choice.shares[t].size(); ++j) {
      if (choice.shares[t][j] > 0.0) add(t, j, choice.shares[t][j] * static_cast<double>(input.tiers[t].users));
    }
  }
}

// What the draws say of the choice: how far its value is off, and how often its cost, as realised, is over the budget.
void AddUncertainty(const TuningInput& input, absl::Span<const TierValues> values, double budget, OfferChoice& choice) {
  const size_t draws = DrawsOf(input, values);
  std::vector<double> value(draws, 0.0);
  std::vector<double> cost(draws, 0.0);
  double scatter = 0.0;
  ForEachGiven(input, choice, [&](size_t t, size_t j, double users) {
    const size_t k = input.tiers[t].doses.size();
    scatter += users * values[t].cost_variance[j];
    for (size_t r = 0; r < draws; ++r) {
      value[r] += users * values[t].value_draws[r * k + j];
      cost[r] += users * values[t].cost_draws[r * k + j];
    }
  });
  double mean = 0.0;
  double squares = 0.0;
  double overspent = 0.0;
  const double scatter_sd = std::sqrt(scatter);
  for (size_t r = 0; r < draws; ++r) {
    const double delta = value[r] - mean;
    mean += delta / static_cast<double>(r + 1);
    squares += delta * (value[r] - mean);
    if (scatter_sd > 0.0) {
      overspent += NormalSf((budget - cost[r]) / scatter_sd);
    } else {
      overspent += cost[r] > budget * (1.0 + 1e-12) ? 1.0 : 0.0;
    }
  }
  choice.totals.set_value_standard_error(std::sqrt(squares / static_cast<double>(draws)));
  if (std::isfinite(budget)) choice.totals.set_overspend_probability(overspent / static_cast<double>(draws));
}

// The value and cost that are expected of a choice, whatever it was chosen for.
void AddExpected(const PlanProblem& problem, OfferChoice& choice) {
  double value = 0.0;
  double cost = 0.0;
  for (size_t t = 0; t < problem.tiers.size(); ++t) {
    const std::vector<double>& shares = choice.shares[t];
    for (size_t j = 0; j < shares.size(); ++j) {
      value += shares[j] * problem.tiers[t].options[j].value;
      cost += shares[j] * problem.tiers[t].options[j].cost;
    }
    choice.doses.push_back(static_cast<size_t>(std::max_element(shares.begin(), shares.end()) - shares.begin()));
  }
  choice.totals.set_value(value);
  choice.totals.set_cost(cost);
}

OfferChoice ChoiceOf(const PlanProblem& problem, const BudgetPlan& plan) {
  OfferChoice choice;
  for (size_t t = 0; t < problem.tiers.size(); ++t) {
    choice.shares.emplace_back(problem.tiers[t].options.size(), 0.0);
    choice.shares.back()[plan.choice[t]] = 1.0;
  }
  AddExpected(problem, choice);
  choice.totals.set_shadow_price(plan.shadow_price);
  choice.totals.set_is_optimal(plan.is_optimal);
  choice.totals.set_bound(plan.bound);
  return choice;
}

OfferChoice ChoiceOf(const PlanProblem& problem, const SharePlan& plan) {
  OfferChoice choice;
  choice.shares = plan.shares;
  AddExpected(problem, choice);
  choice.totals.set_shadow_price(plan.shadow_price);
  choice.totals.set_is_optimal(true);
  choice.totals.set_bound(plan.value);
  return choice;
}

// How often the choice is the best plan there is, over draws of the values at the expected costs. A tier where another
// dose is worth as much in a draw does not count against it.
double BestProbability(const TuningInput& input, absl::Span<const TierValues> values, PlanProblem problem,
                       const OfferChoice& choice) {
  const size_t all = DrawsOf(input, values);
  size_t options = 0;
  for (const PlanTier& tier : problem.tiers) options += tier.options.size();
  const size_t draws = std::min(all, std::clamp(kOptionsSolved / options, kFewestDraws, kMostDraws));
  size_t best = 0;
  for (size_t i = 0; i < draws; ++i) {
    const size_t r = i * all / draws;
    double own = 0.0;
    for (size_t t = 0; t < problem.tiers.size(); ++t) {
      if (!input.tiers[t].IsJudged()) continue;
      std::vector<PlanOption>& tier = problem.tiers[t].options;
      for (size_t j = 0; j < tier.size(); ++j) {
        tier[j].value = static_cast<double>(input.tiers[t].users) * values[t].value_draws[r * tier.size() + j];
      }
      own += tier[choice.doses[t]].value;
    }
    const absl::StatusOr<BudgetPlan> plan = PlanBudget(problem);
    best += plan.ok() && own >= plan->value - 1e-9 * std::abs(plan->value);
  }
  return static_cast<double>(best) / static_cast<double>(draws);
}

// The plans at equally spaced budgets, from the cheapest plan's cost to that of the best plan without a budget.
absl::StatusOr<std::vector<v1::FrontierPoint>> Frontier(const PlanProblem& problem, int points) {
  std::vector<v1::FrontierPoint> frontier;
  if (points == 0) return frontier;
  PlanProblem at = problem;
  at.budget = std::numeric_limits<double>::infinity();
  TIERWISE_ASSIGN_OR_RETURN(const BudgetPlan most, PlanBudget(at));
  PlanProblem frugal = at;
  for (PlanTier& tier : frugal.tiers) {
    for (PlanOption& option : tier.options) option.value = -option.cost;
  }
  TIERWISE_ASSIGN_OR_RETURN(const BudgetPlan least, PlanBudget(frugal));
  std::vector<double> budgets;
  for (int i = 0; i < points; ++i) {
    const double part = points == 1 ? 1.0 : static_cast<double>(i) / (points - 1);
    budgets.push_back(least.cost + part * (most.cost - least.cost));
  }
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<FrontierPoint> plans, BudgetFrontier(problem, budgets));
  for (const FrontierPoint& entry : plans) {
    v1::FrontierPoint& point = frontier.emplace_back();
    point.set_budget(entry.budget);
    point.set_value(entry.plan.value);
    point.set_cost(entry.plan.cost);
    for (size_t t = 0; t < problem.tiers.size(); ++t) {
      point.add_doses(problem.tiers[t].options[entry.plan.choice[t]].dose);
    }
  }
  return frontier;
}

}  // namespace

absl::StatusOr<OfferChoices> PlanChoices(const TuningInput& input, absl::Span<const TierValues> values,
                                         const v1::PlanConstraints& constraints, int frontier_points) {
  TIERWISE_ASSIGN_OR_RETURN(PlanProblem problem, MakePlanProblem(input, values, constraints));
  OfferChoices choices;
  choices.is_in_shares = constraints.min_share() > 0.0 || constraints.allow_shares();
  for (const bool is_cautious : {false, true}) {
    problem.is_cautious = is_cautious;
    OfferChoice& choice = is_cautious ? choices.cautious : choices.expected;
    if (choices.is_in_shares) {
      const absl::StatusOr<SharePlan> plan = PlanShares(problem, constraints.min_share());
      if (!plan.ok()) return AsConstraintError(plan.status());
      choice = ChoiceOf(problem, *plan);
    } else {
      const absl::StatusOr<BudgetPlan> plan = PlanBudget(problem);
      if (!plan.ok()) return AsConstraintError(plan.status());
      choice = ChoiceOf(problem, *plan);
    }
    AddUncertainty(input, values, problem.budget, choice);
  }
  problem.is_cautious = false;
  if (!choices.is_in_shares) {
    for (OfferChoice* choice : {&choices.expected, &choices.cautious}) {
      choice->totals.set_best_probability(BestProbability(input, values, problem, *choice));
    }
  }
  TIERWISE_ASSIGN_OR_RETURN(choices.frontier, Frontier(problem, frontier_points));
  return choices;
}

}  // namespace tierwise
