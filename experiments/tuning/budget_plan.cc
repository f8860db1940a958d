// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/budget_plan.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"
#include "experiments/tuning/knapsack.h"

namespace tierwise {
namespace {

// Of a budget, relative: costs are estimates times users, and a budget of just the cheapest plan is meant to buy it.
constexpr double kBudgetSlack = 1e-7;

// The knapsack of a problem, and for each of its items the option that it stands for.
struct Reduced {
  Knapsack knapsack;
  std::vector<std::vector<size_t>> option_of;
};

// The path is only built for the bad ones: there may be many options.
void CheckOption(const PlanOption& option, size_t tier, size_t place, Problems& problems) {
  const auto is_size = [](double x) { return x >= 0.0 && x <= kMostExtreme; };
  const bool is_good = is_size(option.dose) && is_size(option.cost) && is_size(option.cost_variance) &&
                       std::abs(option.value) <= kMostExtreme && std::abs(option.cautious_value) <= kMostExtreme;
  if (is_good) return;
  const std::string field = absl::StrCat("tiers[", tier, "].options[", place, "]");
  CheckNonNegative(field + ".dose", option.dose, problems);
  CheckNonNegative(field + ".cost", option.cost, problems);
  CheckFinite(field + ".value", option.value, problems);
  CheckFinite(field + ".cautious_value", option.cautious_value, problems);
  CheckNonNegative(field + ".cost_variance", option.cost_variance, problems);
}

absl::StatusOr<Reduced> Reduce(const PlanProblem& problem) {
  Problems problems;
  if (problem.tiers.empty()) problems.Add("tiers", "is empty; at least one tier is needed");
  if (!(problem.budget >= 0.0)) problems.Add("budget", absl::StrCat("is ", problem.budget, "; must be 0 or more"));
  Reduced reduced;
  reduced.knapsack.budget = problem.budget;
  reduced.knapsack.is_monotone = problem.is_monotone;
  for (size_t t = 0; t < problem.tiers.size(); ++t) {
    const PlanTier& tier = problem.tiers[t];
    std::vector<KnapsackItem> items;
    std::vector<size_t> option_of;
    for (size_t j = 0; j < tier.options.size(); ++j) {
      const PlanOption& option = tier.options[j];
      CheckOption(option, t, j, problems);
      if (option.is_withheld || option.dose < tier.min_dose || option.dose > tier.max_dose) continue;
      items.push_back({option.cost, problem.is_cautious ? option.cautious_value : option.value, option.dose});
      option_of.push_back(j);
    }
    if (items.empty()) {
      problems.Add(absl::StrCat("tiers[", t, "].options"),
                   absl::StrCat("of tier \"", tier.name, "\" has none with a dose between min_dose ", tier.min_dose,
                                " and max_dose ", tier.max_dose));
    }
    reduced.knapsack.groups.push_back(std::move(items));
    reduced.option_of.push_back(std::move(option_of));
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return reduced;
}

absl::Status CheckFeasible(const Knapsack& knapsack) {
  const std::optional<KnapsackChoice> cheapest = CheapestChoice(knapsack);
  if (!cheapest.has_value()) {
    return InvalidField("tiers",
                        "no plan gives every better tier at least the dose of the tiers below it within the limits "
                        "min_dose and max_dose; loosen them or drop the rule");
  }
  if (cheapest->cost > knapsack.budget * (1.0 + 1e-12)) {
    return InvalidField("budget", absl::StrCat("is ", knapsack.budget,
                                               "; the cheapest plan that meets the limits costs ", cheapest->cost));
  }
  return absl::OkStatus();
}

double OverspendProbability(const PlanProblem& problem, const BudgetPlan& plan) {
  double variance = 0.0;
  for (size_t t = 0; t < problem.tiers.size(); ++t) variance += problem.tiers[t].options[plan.choice[t]].cost_variance;
  if (std::isinf(problem.budget)) return 0.0;
  if (variance == 0.0) return plan.cost > problem.budget * (1.0 + 1e-12) ? 1.0 : 0.0;
  return NormalSf((problem.budget - plan.cost) / std::sqrt(variance));
}

// The two choices that the relaxation mixes, brought to at most one tier that is split: tiers move from the one to the
// other in turn until the budget is used up. Returns for each tier the share that has moved.
std::vector<double> MovedShares(const Knapsack& knapsack, const KnapsackRelaxation& relaxation) {
  const size_t k = knapsack.groups.size();
  std::vector<double> moved(k, 0.0);
  if (relaxation.beyond.cost <= relaxation.within.cost) return moved;
  double left = knapsack.budget - relaxation.within.cost;
  if (knapsack.is_monotone) {
    moved.assign(k, std::clamp(left / (relaxation.beyond.cost - relaxation.within.cost), 0.0, 1.0));
    return moved;
  }
  // Tiers that become cheaper move first: they make room.
  for (const bool is_saving : {true, false}) {
    for (size_t g = 0; g < k; ++g) {
      const double extra =
          knapsack.groups[g][relaxation.beyond.items[g]].cost - knapsack.groups[g][relaxation.within.items[g]].cost;
      if ((extra <= 0.0) != is_saving) continue;
      moved[g] = extra <= left ? 1.0 : std::max(0.0, left / extra);
      left -= moved[g] * extra;
    }
  }
  return moved;
}

}  // namespace

absl::StatusOr<BudgetPlan> PlanBudget(const PlanProblem& problem) {
  TIERWISE_ASSIGN_OR_RETURN(const Reduced reduced, Reduce(problem));
  TIERWISE_RETURN_IF_ERROR(CheckFeasible(reduced.knapsack));
  const KnapsackRelaxation relaxation = Relax(reduced.knapsack);
  const KnapsackSolution solution = SolveKnapsack(reduced.knapsack, relaxation);
  BudgetPlan plan;
  for (size_t t = 0; t < problem.tiers.size(); ++t) {
    plan.choice.push_back(reduced.option_of[t][solution.choice.items[t]]);
  }
  plan.value = solution.choice.value;
  plan.cost = solution.choice.cost;
  plan.bound = std::max(relaxation.bound, plan.value);
  plan.is_optimal = solution.is_optimal;
  plan.shadow_price = relaxation.price;
  plan.overspend_probability = OverspendProbability(problem, plan);
  return plan;
}

absl::StatusOr<SharePlan> PlanShares(const PlanProblem& problem, double min_share) {
  TIERWISE_ASSIGN_OR_RETURN(Reduced reduced, Reduce(problem));
  Knapsack& knapsack = reduced.knapsack;
  SharePlan plan;
  // Every option gets its floor; what is left of each tier is the relaxation's to share out.
  double floor_cost = 0.0;
  for (std::vector<KnapsackItem>& group : knapsack.groups) {
    const double left = 1.0 - min_share * static_cast<double>(group.size());
    if (!(min_share >= 0.0) || left < -1e-12) {
      return InvalidField("min_share", absl::StrCat("is ", min_share, "; must be between 0 and 1 / ", group.size(),
                                                    ", the number of options of a tier"));
    }
    for (KnapsackItem& item : group) {
      plan.value += min_share * item.value;
      floor_cost += min_share * item.cost;
      item.cost *= std::max(0.0, left);
      item.value *= std::max(0.0, left);
    }
  }
  const std::optional<KnapsackChoice> cheapest = CheapestChoice(knapsack);
  if (cheapest.has_value() && floor_cost + cheapest->cost > problem.budget * (1.0 + kBudgetSlack)) {
    return InvalidField("budget", absl::StrCat("is ", problem.budget, "; the cheapest plan with at least ", min_share,
                                               " of each tier on each offer costs ", floor_cost + cheapest->cost));
  }
  knapsack.budget = std::max(problem.budget - floor_cost, cheapest.has_value() ? cheapest->cost : 0.0);
  TIERWISE_RETURN_IF_ERROR(CheckFeasible(knapsack));
  const KnapsackRelaxation relaxation = Relax(knapsack);
  const std::vector<double> moved = MovedShares(knapsack, relaxation);

  plan.shadow_price = relaxation.price;
  plan.cost = floor_cost;
  for (size_t t = 0; t < problem.tiers.size(); ++t) {
    const std::vector<size_t>& option_of = reduced.option_of[t];
    const double left = std::max(0.0, 1.0 - min_share * static_cast<double>(option_of.size()));
    std::vector<double> shares(problem.tiers[t].options.size(), 0.0);
    for (size_t option : option_of) shares[option] = min_share;
    const auto add = [&](size_t item, double share) {
      shares[option_of[item]] += share * left;
      plan.value += share * knapsack.groups[t][item].value;
      plan.cost += share * knapsack.groups[t][item].cost;
    };
    add(relaxation.within.items[t], 1.0 - moved[t]);
    add(relaxation.beyond.items[t], moved[t]);
    plan.shares.push_back(std::move(shares));
  }
  return plan;
}

absl::StatusOr<std::vector<FrontierPoint>> BudgetFrontier(const PlanProblem& problem,
                                                          absl::Span<const double> budgets) {
  std::vector<FrontierPoint> frontier;
  PlanProblem at = problem;
  TIERWISE_ASSIGN_OR_RETURN(const Reduced reduced, Reduce(problem));
  Knapsack uncapped = reduced.knapsack;
  uncapped.budget = std::numeric_limits<double>::infinity();
  TIERWISE_RETURN_IF_ERROR(CheckFeasible(uncapped));
  const double cheapest = CheapestChoice(uncapped)->cost;
  for (double budget : budgets) {
    if (budget < cheapest) continue;
    at.budget = budget;
    TIERWISE_ASSIGN_OR_RETURN(BudgetPlan plan, PlanBudget(at));
    frontier.push_back({budget, std::move(plan)});
  }
  return frontier;
}

}  // namespace tierwise
