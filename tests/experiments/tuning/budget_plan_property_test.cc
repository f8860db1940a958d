// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "experiments/tuning/budget_plan.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

// The best value by trying every combination; absent where none fits.
std::optional<double> BruteForce(const PlanProblem& problem) {
  std::optional<double> best;
  std::vector<size_t> choice(problem.tiers.size(), 0);
  while (true) {
    double value = 0.0;
    double cost = 0.0;
    bool is_allowed = true;
    for (size_t t = 0; t < choice.size(); ++t) {
      const PlanOption& option = problem.tiers[t].options[choice[t]];
      value += option.value;
      cost += option.cost;
      if (problem.is_monotone && t > 0) {
        is_allowed = is_allowed && problem.tiers[t - 1].options[choice[t - 1]].dose >= option.dose;
      }
    }
    if (is_allowed && cost <= problem.budget && (!best.has_value() || value > *best)) best = value;
    size_t t = 0;
    while (t < choice.size() && ++choice[t] == problem.tiers[t].options.size()) choice[t++] = 0;
    if (t == choice.size()) return best;
  }
}

PlanProblem RandomProblem(RandomDraws& random, bool is_monotone) {
  PlanProblem problem;
  problem.is_monotone = is_monotone;
  const auto tiers = 1 + static_cast<size_t>(random.Uniform() * 5);
  // Whole numbers half of the time, so that ties and exact fits occur.
  const bool is_whole = random.Uniform() < 0.5;
  double total = 0.0;
  for (size_t t = 0; t < tiers; ++t) {
    PlanTier tier;
    const auto options = 1 + static_cast<size_t>(random.Uniform() * 5);
    for (size_t j = 0; j < options; ++j) {
      PlanOption option;
      option.dose = std::floor(random.Uniform() * 4.0);
      option.cost = random.Uniform() * 20.0;
      option.value = random.Uniform() < 0.3 ? option.cost + 1.0 : random.Normal() * 10.0 + option.cost;
      if (is_whole) {
        option.cost = std::floor(option.cost);
        option.value = std::floor(option.value);
      }
      total += option.cost;
      tier.options.push_back(option);
    }
    problem.tiers.push_back(tier);
  }
  problem.budget = random.Uniform() * 0.6 * total;
  return problem;
}

TEST(BudgetPlanProperty, EqualsTheBestOfAllCombinations) {
  RandomDraws random(3);
  int feasible = 0;
  for (int run = 0; run < 4000; ++run) {
    const PlanProblem problem = RandomProblem(random, run % 2 == 1);
    const std::optional<double> best = BruteForce(problem);
    const absl::StatusOr<BudgetPlan> plan = PlanBudget(problem);
    ASSERT_EQ(plan.ok(), best.has_value()) << plan.status() << " run " << run;
    if (!best.has_value()) continue;
    ++feasible;
    ASSERT_TRUE(plan->is_optimal);
    ASSERT_NEAR(plan->value, *best, 1e-9 * (1.0 + std::abs(*best))) << "run " << run;
    ASSERT_LE(plan->cost, problem.budget + 1e-9);
    ASSERT_GE(plan->bound, plan->value);
    const SharePlan shares = PlanShares(problem, 0.0).value();
    ASSERT_NEAR(shares.value, plan->bound, 1e-9 * (1.0 + std::abs(plan->bound)));
    ASSERT_LE(shares.cost, problem.budget + 1e-9);
  }
  EXPECT_GT(feasible, 1000);
}

TEST(BudgetPlanProperty, AThousandTiersAreSolvedToOptimality) {
  RandomDraws random(9);
  PlanProblem problem;
  double total = 0.0;
  for (int t = 0; t < 1000; ++t) {
    PlanTier tier;
    for (int j = 0; j < 20; ++j) {
      const double dose = j;
      tier.options.push_back({dose, dose * 100.0 * random.Uniform(), 300.0 * std::sqrt(dose) * random.Uniform()});
    }
    total += tier.options.back().cost;
    problem.tiers.push_back(tier);
  }
  for (double share : {0.05, 0.3}) {
    problem.budget = share * total;
    const BudgetPlan plan = PlanBudget(problem).value();
    EXPECT_TRUE(plan.is_optimal);
    EXPECT_LE(plan.cost, problem.budget * (1.0 + 1e-12));
    EXPECT_LT(plan.bound - plan.value, 1e-3 * plan.bound);
  }
}

// Values that are costs: every plan that fills the budget is as good as the bound, so that bounds prune nothing.
TEST(BudgetPlanProperty, ValuesThatAreCostsAreSolvedToOptimality) {
  for (const auto& [tiers, options] : {std::pair<int, int>{6, 5}, {8, 6}, {12, 8}, {40, 10}, {1000, 20}}) {
    RandomDraws random(static_cast<uint64_t>(tiers));
    PlanProblem problem;
    double total = 0.0;
    for (int t = 0; t < tiers; ++t) {
      PlanTier tier;
      tier.options.push_back({});
      for (int j = 1; j < options; ++j) {
        const double cost = 100.0 * j * random.Uniform();
        tier.options.push_back({.dose = static_cast<double>(j), .cost = cost, .value = cost});
      }
      total += tier.options.back().cost;
      problem.tiers.push_back(tier);
    }
    problem.budget = 0.37 * total;
    const BudgetPlan plan = PlanBudget(problem).value();
    EXPECT_TRUE(plan.is_optimal) << tiers << " x " << options;
    EXPECT_LE(plan.cost, problem.budget * (1.0 + 1e-12));
    if (tiers <= 6) {
      EXPECT_NEAR(plan.value, *BruteForce(problem), 1e-9 * plan.value);
    } else {
      EXPECT_LT(plan.bound - plan.value, 1e-6 * plan.bound) << tiers << " x " << options;
    }
  }
}

TEST(BudgetPlanProperty, WithheldOptionsAreNotChosen) {
  RandomDraws random(21);
  for (int run = 0; run < 200; ++run) {
    PlanProblem problem = RandomProblem(random, false);
    PlanProblem without = problem;
    for (size_t t = 0; t < problem.tiers.size(); ++t) {
      std::vector<PlanOption>& options = problem.tiers[t].options;
      if (options.size() < 2) continue;
      options.back().is_withheld = true;
      without.tiers[t].options.pop_back();
    }
    const absl::StatusOr<BudgetPlan> plan = PlanBudget(problem);
    const std::optional<double> best = BruteForce(without);
    ASSERT_EQ(plan.ok(), best.has_value());
    if (!plan.ok()) continue;
    ASSERT_NEAR(plan->value, *best, 1e-9 * (1.0 + std::abs(*best)));
  }
}

}  // namespace
}  // namespace tierwise
