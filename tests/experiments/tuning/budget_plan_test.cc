// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/budget_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two tiers with offers at 0, 10 and 20; the first tier earns more for the same money.
PlanProblem TwoTiers(double budget) {
  PlanProblem problem;
  problem.budget = budget;
  problem.tiers.push_back({"head", {{0, 0, 0}, {10, 100, 300, 400, 250}, {20, 250, 420, 900, 200}}});
  problem.tiers.push_back({"tail", {{0, 0, 0}, {10, 100, 150, 400, 50}, {20, 300, 170, 900, -100}}});
  return problem;
}

TEST(BudgetPlanTest, TakesTheBestPairThatFits) {
  const BudgetPlan plan = PlanBudget(TwoTiers(200)).value();
  EXPECT_THAT(plan.choice, ElementsAre(1u, 1u));
  EXPECT_DOUBLE_EQ(plan.value, 450);
  EXPECT_DOUBLE_EQ(plan.cost, 200);
  EXPECT_TRUE(plan.is_optimal);
  EXPECT_DOUBLE_EQ(plan.bound, 450);
}

TEST(BudgetPlanTest, ShadowPriceIsWhatOneMoreUnitWouldAdd) {
  EXPECT_DOUBLE_EQ(PlanBudget(TwoTiers(150))->shadow_price, 1.5);
  EXPECT_DOUBLE_EQ(PlanBudget(TwoTiers(250))->shadow_price, 120.0 / 150.0);
  EXPECT_DOUBLE_EQ(PlanBudget(TwoTiers(10'000))->shadow_price, 0.0);
}

TEST(BudgetPlanTest, WithoutACapEveryTierGetsItsBest) {
  const BudgetPlan plan = PlanBudget(TwoTiers(std::numeric_limits<double>::infinity())).value();
  EXPECT_THAT(plan.choice, ElementsAre(2u, 2u));
  EXPECT_EQ(plan.overspend_probability, 0.0);
}

TEST(BudgetPlanTest, CautiousPlanGoesByTheLowerBounds) {
  PlanProblem problem = TwoTiers(10'000);
  problem.is_cautious = true;
  EXPECT_THAT(PlanBudget(problem)->choice, ElementsAre(1u, 1u));
}

TEST(BudgetPlanTest, ABetterTierNeverGetsALowerDose) {
  PlanProblem problem = TwoTiers(10'000);
  std::swap(problem.tiers[0], problem.tiers[1]);
  problem.tiers[0].max_dose = 10;
  EXPECT_THAT(PlanBudget(problem)->choice, ElementsAre(1u, 2u));
  problem.is_monotone = true;
  EXPECT_THAT(PlanBudget(problem)->choice, ElementsAre(1u, 1u));
}

TEST(BudgetPlanTest, LimitsAreKept) {
  PlanProblem problem = TwoTiers(450);
  problem.tiers[1].min_dose = 20;
  EXPECT_THAT(PlanBudget(problem)->choice, ElementsAre(1u, 2u));
}

TEST(BudgetPlanTest, OverspendFollowsTheVarianceOfTheCosts) {
  EXPECT_DOUBLE_EQ(PlanBudget(TwoTiers(200))->overspend_probability, 0.5);
  const BudgetPlan plan = PlanBudget(TwoTiers(240)).value();
  EXPECT_NEAR(plan.overspend_probability, 0.5 * std::erfc(40.0 / std::sqrt(800.0) / std::sqrt(2.0)), 1e-12);
}

TEST(BudgetPlanTest, NamesTheConstraintThatCannotBeMet) {
  PlanProblem problem = TwoTiers(50);
  problem.tiers[0].min_dose = 10;
  std::vector<Problem> problems = ProblemsOf(PlanBudget(problem).status());
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].field, "budget");
  EXPECT_THAT(problems[0].description, HasSubstr("the cheapest plan that meets the limits costs 100"));

  problem = TwoTiers(1000);
  problem.tiers[0].max_dose = 0;
  problem.tiers[1].min_dose = 10;
  problem.is_monotone = true;
  EXPECT_EQ(ProblemsOf(PlanBudget(problem).status())[0].field, "tiers");

  problem = TwoTiers(1000);
  problem.tiers[1].min_dose = 11;
  problem.tiers[1].max_dose = 19;
  problem.tiers[0].options[1].cost = -1;
  problems = ProblemsOf(PlanBudget(problem).status());
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].field, "tiers[0].options[1].cost");
  EXPECT_EQ(problems[1].field, "tiers[1].options");
}

TEST(SharePlanTest, SplitsOneTierToUseUpTheBudget) {
  const SharePlan plan = PlanShares(TwoTiers(150), 0.0).value();
  EXPECT_THAT(plan.shares[0], ElementsAre(0, 1, 0));
  EXPECT_THAT(plan.shares[1], ElementsAre(0.5, 0.5, 0));
  EXPECT_DOUBLE_EQ(plan.value, 375);
  EXPECT_DOUBLE_EQ(plan.cost, 150);
}

TEST(SharePlanTest, KeepsTheFloorOnEveryOffer) {
  const SharePlan plan = PlanShares(TwoTiers(200), 0.1).value();
  EXPECT_NEAR(plan.cost, 200, 1e-9);
  for (const std::vector<double>& shares : plan.shares) {
    double total = 0.0;
    for (double share : shares) {
      EXPECT_GE(share, 0.1);
      total += share;
    }
    EXPECT_NEAR(total, 1.0, 1e-12);
  }
  EXPECT_EQ(ProblemsOf(PlanShares(TwoTiers(50), 0.1).status())[0].field, "budget");
  EXPECT_EQ(ProblemsOf(PlanShares(TwoTiers(50), 0.5).status())[0].field, "min_share");
}

TEST(FrontierTest, RisesWithTheBudgetAndLeavesOutWhatIsTooSmall) {
  PlanProblem problem = TwoTiers(0);
  problem.tiers[0].min_dose = 10;
  const std::vector<FrontierPoint> frontier = BudgetFrontier(problem, {50, 100, 200, 400, 600}).value();
  ASSERT_EQ(frontier.size(), 4u);
  for (size_t i = 1; i < frontier.size(); ++i) EXPECT_GE(frontier[i].plan.value, frontier[i - 1].plan.value);
}

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

}  // namespace
}  // namespace tierwise
