// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/budget_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "experiments/base/problems.h"

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

}  // namespace
}  // namespace tierwise
