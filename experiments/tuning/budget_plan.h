// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

// One offer that a tier could get, for all users of the tier together.
struct PlanOption {
  double dose = 0.0;   // 0 is no offer
  double cost = 0.0;   // expected, >= 0; in money
  double value = 0.0;  // expected incremental profit, or whatever is to be made as large as possible; may be negative
  double cost_variance = 0.0;   // of the realised cost, >= 0
  double cautious_value = 0.0;  // a lower bound of the value, for cautious plans
  bool is_withheld = false;     // not to be considered, like offers outside the tier's limits
};

struct PlanTier {
  std::string name;
  std::vector<PlanOption> options;  // at least one
  double min_dose = 0.0;            // offers outside [min_dose, max_dose] are not considered
  double max_dose = std::numeric_limits<double>::infinity();
};

struct PlanProblem {
  std::vector<PlanTier> tiers;  // best tier first
  double budget = 0.0;          // cap on the sum of expected costs, >= 0; +inf is no cap
  bool is_monotone = false;     // a better tier never gets a lower dose than a worse one
  bool is_cautious = false;     // optimises cautious_value instead of value
};

struct BudgetPlan {
  std::vector<size_t> choice;  // for each tier an index into its options
  double value = 0.0;          // of what was optimised
  double cost = 0.0;
  // The linear relaxation (shares of doses): nothing can be worth more. The plan is optimal to within `bound - value`
  // even where the search was cut short.
  double bound = 0.0;
  bool is_optimal = true;  // false where the search met its limit of states: the plan is then the best one found
  double shadow_price =
      0.0;  // what one more unit of budget would add, in the relaxation; 0 where the budget does not bind
  double overspend_probability = 0.0;  // of the realised cost, as a normal sum of independent tiers
};

// The plan of most value: one offer for each tier (a multiple-choice knapsack), exactly. Errors, each naming its field:
// no tiers, a tier without options or with none inside its limits, costs that are negative or not finite, a budget
// below the cheapest plan, monotone limits that no plan meets.
absl::StatusOr<BudgetPlan> PlanBudget(const PlanProblem& problem);

// One tier's offers as shares of its users.
struct SharePlan {
  std::vector<std::vector<double>> shares;  // for each tier and option, in [0, 1], each tier summing to 1
  double value = 0.0;
  double cost = 0.0;
  double shadow_price = 0.0;
};

// The plan of most value where a tier's users may be split between offers, with at least `min_share` of each tier on
// each of its options inside the limits (the exploration that keeps every dose known). Exact: a linear programme.
// Errors: those of PlanBudget; a min_share outside [0, 1 / options]. The monotone rule holds for what is given out
// beyond the floors.
absl::StatusOr<SharePlan> PlanShares(const PlanProblem& problem, double min_share);

struct FrontierPoint {
  double budget = 0.0;
  BudgetPlan plan;
};

// The best plan at each of `budgets`, all else as in `problem`. Budgets below the cheapest plan are left out.
absl::StatusOr<std::vector<FrontierPoint>> BudgetFrontier(const PlanProblem& problem, absl::Span<const double> budgets);

}  // namespace tierwise
