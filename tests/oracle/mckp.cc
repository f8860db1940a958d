// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/tuning/budget_plan.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

bool IsOverBudget(const absl::Status& status) {
  const std::vector<Problem> problems = ProblemsOf(status);
  return problems.size() == 1 && problems[0].field == "budget";
}

}  // namespace

void CheckMckp(const nlohmann::json& input, CaseReport& report) {
  PlanProblem problem;
  problem.budget = input.at("budget").get<double>();
  for (const nlohmann::json& options : input.at("tiers")) {
    PlanTier tier;
    for (const nlohmann::json& option : options) {
      tier.options.push_back({.dose = static_cast<double>(tier.options.size()),
                              .cost = option.at("cost").get<double>(),
                              .value = option.at("value").get<double>()});
    }
    problem.tiers.push_back(tier);
  }
  const absl::StatusOr<BudgetPlan> plan = PlanBudget(problem);
  const bool is_feasible = !IsOverBudget(plan.status());
  report.Got("feasible", is_feasible);
  if (!is_feasible) {
    for (const char* field : {"optimal_value", "optimal_cost", "choice", "lp_bound", "lp_budget_dual"}) {
      report.Got(field, nullptr);
    }
    return;
  }
  const BudgetPlan found = CaseReport::Require(plan);
  report.Got("optimal_value", found.value);
  report.Got("optimal_cost", found.cost);
  report.Got("choice", found.choice);
  report.Got("lp_bound", found.bound);
  report.Got("lp_budget_dual", found.shadow_price);
}

}  // namespace tierwise::oracle
