// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "client/cli/power_plan.h"
#include "client/cli/simulation.h"
#include "tests/client/cli/in_process.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

// Three Monte-Carlo standard errors of a share that is `probability` in truth.
double ThreeErrors(double probability, int64_t runs) {
  return 3.0 * std::sqrt(probability * (1.0 - probability) / static_cast<double>(runs));
}

PlanningDesign Design(v1::SequentialRule rule, double lift) {
  PlanningDesign design;
  design.tiers = {{"head", 0.3, 0.12, lift, 0.0}, {"tail", 0.7, 0.04, lift, 0.0}};
  design.rule = rule;
  design.users_per_day = 2000.0;
  return design;
}

Simulation Simulated(const PlanningDesign& design, int64_t runs, double days, uint64_t seed = 7) {
  const absl::StatusOr<Simulation> simulation = Simulate(design, {runs, seed, days}, [](int64_t) {});
  EXPECT_TRUE(simulation.ok()) << simulation.status();
  return *simulation;
}

TEST(SimulateTest, FalseClaimsKeepToAlphaUnderEveryRule) {
  constexpr int64_t kRuns = 1500;
  for (const v1::SequentialRule rule :
       {v1::SEQUENTIAL_RULE_FIXED_HORIZON, v1::SEQUENTIAL_RULE_ALPHA_SPENDING, v1::SEQUENTIAL_RULE_ALWAYS_VALID}) {
    const Simulation simulation = Simulated(Design(rule, 0.0), kRuns, 10);
    EXPECT_LE(simulation.rows[0].claimed.share(), 0.05 + ThreeErrors(0.05, kRuns)) << rule;
    EXPECT_FALSE(simulation.IsTooOften(0.05));
    EXPECT_GE(simulation.rows[0].covered.share(), 0.95 - ThreeErrors(0.95, kRuns)) << rule;
    // A health check at 0.001 for all arms and each of two tiers, at up to ten looks.
    EXPECT_LE(simulation.unhealthy.share(), 0.03) << rule;
  }
}

TEST(SimulateTest, AFixedTestRejectsAsOftenAsAlphaAndNotLess) {
  constexpr int64_t kRuns = 3000;
  const Simulation simulation = Simulated(Design(v1::SEQUENTIAL_RULE_FIXED_HORIZON, 0.0), kRuns, 10);
  EXPECT_NEAR(simulation.rows[0].claimed.share(), 0.05, ThreeErrors(0.05, kRuns));
  EXPECT_NEAR(simulation.rows[0].covered.share(), 0.95, ThreeErrors(0.95, kRuns));
  EXPECT_EQ(simulation.looks, 1);
}

TEST(SimulateTest, PowerIsWhatThePlanPromises) {
  constexpr int64_t kRuns = 1000;
  for (const v1::SequentialRule rule :
       {v1::SEQUENTIAL_RULE_FIXED_HORIZON, v1::SEQUENTIAL_RULE_ALPHA_SPENDING, v1::SEQUENTIAL_RULE_ALWAYS_VALID}) {
    PlanningDesign design = Design(rule, 0.16);
    const PowerPlan plan = PlanPower(design).value();
    const Simulation simulation = Simulated(design, kRuns, plan.days);
    // The plan takes the normal distribution for granted; two points are for that.
    EXPECT_NEAR(simulation.rows[0].shown.share(), *plan.rows[0].power, ThreeErrors(0.8, kRuns) + 0.02) << rule;
    if (rule != v1::SEQUENTIAL_RULE_FIXED_HORIZON) {
      EXPECT_LT(simulation.mean_days, plan.days);
    }
  }
}

TEST(SimulateTest, ACovariateBuysThePowerThatThePlanSays) {
  constexpr int64_t kRuns = 1000;
  PlanningDesign design;
  design.is_rate = false;
  design.tiers = {{"", 1.0, 40.0, 0.1, 60.0}};
  design.rule = v1::SEQUENTIAL_RULE_FIXED_HORIZON;
  design.users_per_day = 400.0;
  design.correlation = 0.7;
  const PowerPlan plan = PlanPower(design).value();
  const Simulation simulation = Simulated(design, kRuns, plan.days);
  EXPECT_NEAR(simulation.rows[0].shown.share(), *plan.rows[0].power, ThreeErrors(0.8, kRuns) + 0.02);
  EXPECT_GE(simulation.rows[0].covered_once.share(), 0.95 - ThreeErrors(0.95, kRuns));
}

TEST(SimulateTest, ATierWithoutAnEffectIsRarelyClaimed) {
  constexpr int64_t kRuns = 400;
  PlanningDesign design = Design(v1::SEQUENTIAL_RULE_ALPHA_SPENDING, 0.0);
  design.tiers[0].lift = 0.5;
  const Simulation simulation = Simulated(design, kRuns, 10);
  EXPECT_GT(simulation.rows[1].shown.share(), 0.8);
  EXPECT_EQ(simulation.rows[2].shown.runs, 0);
  EXPECT_LE(simulation.rows[2].claimed.share(), 0.05 + ThreeErrors(0.05, kRuns));
  EXPECT_GT(simulation.tiers_differ.share(), 0.8);
}

TEST(SimulateTest, EqualSeedsGiveEqualResults) {
  const std::vector<std::string> arguments = {"simulate", "--baseline", "0.1", "--lift", "0.2", "--users-per-day",
                                              "500",      "--days",     "5",   "--runs", "50",  "--json",
                                              "--seed",   "11"};
  const RunResult once = RunTierwise(arguments);
  EXPECT_EQ(once.code, ExitCode::kOk) << once.err;
  EXPECT_EQ(once.out, RunTierwise(arguments).out);
  std::vector<std::string> other = arguments;
  other.back() = "12";
  EXPECT_NE(once.out, RunTierwise(other).out);
  const auto json = nlohmann::json::parse(once.out);
  EXPECT_EQ(json["without_effect"]["rows"][0]["claimed"]["runs"], 50);
  EXPECT_EQ(json["with_lift"]["looks"], 5);
}

TEST(SimulateTest, ReadsLikeAResult) {
  const RunResult run = RunTierwise({"simulate", "--tier", "head:0.5:0.2", "--tier", "tail:0.5:0.1", "--lift", "0.1",
                                     "--users-per-day", "1000", "--days", "3", "--runs", "20"});
  EXPECT_EQ(run.code, ExitCode::kOk) << run.err;
  EXPECT_THAT(run.out, HasSubstr("20 runs of 3 days, 3 looks each, seed 1.\n"));
  EXPECT_THAT(run.out, HasSubstr("Without any effect (A/A)\n"));
  EXPECT_THAT(run.out, HasSubstr("With the lift\n"));
  EXPECT_THAT(run.out, HasSubstr("tiers shown to differ: "));
}

TEST(SimulateTest, WhatIsMissingIsNamed) {
  const RunResult run = RunTierwise({"simulate", "--baseline", "0.1", "--lift", "0.2"});
  EXPECT_EQ(run.code, ExitCode::kInvalid);
  EXPECT_THAT(run.err, HasSubstr("--users-per-day: is missing"));
  EXPECT_EQ(RunTierwise({"simulate", "--baseline", "0.1", "--lift", "0.2", "--runs", "1000001"}).code,
            ExitCode::kInvalid);
}

}  // namespace
}  // namespace tierwise
