// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/power.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/observed_design.h"
#include "client/cli/power_plan.h"
#include "tests/client/cli/in_process.h"

namespace tierwise {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json Power(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "power");
  arguments.push_back("--json");
  const RunResult run = RunTierwise(arguments);
  EXPECT_EQ(run.code, ExitCode::kOk) << run.err;
  return json::parse(run.out, nullptr, false);
}

double Number(const json& value) { return value.is_number() ? value.get<double>() : -1.0; }

TEST(PowerTest, AFixedTestNeedsWhatTheFormulaSays) {
  const json plan = Power({"--baseline", "0.05", "--lift", "0.1", "--rule", "fixed"});
  const double per_arm = *ControlUsersNeeded(RateVariances(0.05, 0.055), 0.005, PowerTarget{});
  EXPECT_NEAR(Number(plan["rows"][0]["users_needed"]), 2.0 * per_arm, 1e-4 * per_arm);
}

TEST(PowerTest, AlphaSpendingCostsAFewPercentAndAlwaysValidAboutTheHalf) {
  const auto needed = [](const char* rule) {
    return Number(Power({"--baseline", "0.05", "--lift", "0.1", "--rule", rule})["rows"][0]["users_needed"]);
  };
  EXPECT_GT(needed("alpha-spending") / needed("fixed"), 1.02);
  EXPECT_LT(needed("alpha-spending") / needed("fixed"), 1.07);
  EXPECT_GT(needed("always-valid") / needed("fixed"), 1.2);
  EXPECT_LT(needed("always-valid") / needed("fixed"), 2.2);
}

TEST(PowerTest, WhatIsNeededHasThePowerAndIsWhatCanBeDetected) {
  for (const char* rule : {"fixed", "alpha-spending", "always-valid"}) {
    const json plan =
        Power({"--baseline", "40", "--sd", "95", "--lift", "0.05", "--users-per-day", "1500", "--rule", rule});
    const json& row = plan["rows"][0];
    EXPECT_EQ(row["days_needed"], plan["days"]);
    EXPECT_GE(Number(row["power"]), 0.7999) << rule;
    EXPECT_LT(Number(row["power"]), 0.82) << rule;
    EXPECT_LE(Number(row["detectable_lift"]), 0.0501) << rule;
    EXPECT_GT(Number(row["detectable_lift"]), 0.048) << rule;
  }
}

TEST(PowerTest, ACovariateTakesItsShareOfTheVariance) {
  const auto needed = [](const char* correlation) {
    return Number(Power({"--baseline", "40", "--sd", "95", "--lift", "0.05", "--rule", "fixed", "--cuped-correlation",
                         correlation})["rows"][0]["users_needed"]);
  };
  EXPECT_NEAR(needed("0.6") / needed("0"), 1.0 - 0.36, 1e-4);
}

TEST(PowerTest, MoreVariantsShareAlphaAndUsers) {
  const auto needed = [](const char* variants) {
    return Number(Power(
        {"--baseline", "0.05", "--lift", "0.1", "--rule", "fixed", "--variants", variants})["rows"][0]["users_needed"]);
  };
  const double per_arm = *ControlUsersNeeded(RateVariances(0.05, 0.055), 0.005, PowerTarget{.comparisons = 2});
  EXPECT_NEAR(needed("3"), 3.0 * per_arm, 1e-3 * per_arm);
}

TEST(PowerTest, TiersThatStayUnderpoweredAreNamedWithWhatWouldHelp) {
  const std::vector<std::string> arguments = {"--tier", "head:0.1:0.12",   "--tier", "tail:0.9:0.03", "--lift",
                                              "0.1",    "--users-per-day", "5000",   "--variants",    "3"};
  const json plan = Power(arguments);
  ASSERT_EQ(plan["rows"].size(), 3u);
  ASSERT_EQ(plan["underpowered"].size(), 2u);
  const json& head = plan["underpowered"][0];
  EXPECT_EQ(head["tier"], "head");
  EXPECT_EQ(head["days"], plan["rows"][1]["days_needed"]);
  EXPECT_GT(Number(head["power_with_two_variants"]), Number(plan["rows"][1]["power"]));
  EXPECT_GT(Number(head["users_factor"]), 1.0);
  EXPECT_LT(Number(plan["rows"][1]["interaction_power"]), 1.0);
  EXPECT_GT(Number(plan["rows"][1]["detectable_lift"]), 0.1);
  // 12 % and 3 % with the same lift differ in percentage points.
  EXPECT_GT(Number(plan["heterogeneity_power"]), 0.0);
  // With so many days each tier has its power.
  std::vector<std::string> longer = arguments;
  longer.insert(longer.end(), {"--days", absl::StrCat(Number(head["days"]))});
  EXPECT_GE(Number(Power(longer)["rows"][1]["power"]), 0.7999);
}

TEST(PowerTest, TheCurveRisesToTheDaysNeeded) {
  const json plan = Power({"--baseline", "0.05", "--lift", "0.1", "--users-per-day", "5000"});
  double last = 0.0;
  for (const json& point : plan["curve"]) {
    EXPECT_GE(Number(point["power"][0]), last - 1e-3);
    last = Number(point["power"][0]);
    EXPECT_EQ(last >= 0.8, Number(point["days"]) >= Number(plan["days"])) << point;
  }
}

TEST(PowerTest, ASummaryFileGivesTiersBaselinesPaceAndCovariate) {
  const std::string folder = TIERWISE_SOURCE_DIR "/examples/analyze/";
  const json design =
      Power({"--from-file", folder + "hillstrom.json", "--metric", "conversion", "--lift", "0.5"})["design"];
  EXPECT_EQ(design["from"], "hillstrom");
  EXPECT_EQ(design["variants"], 3);
  ASSERT_EQ(design["tiers"].size(), 3u);
  EXPECT_NEAR(Number(design["tiers"][0]["share"]), (2690 + 2705 + 2683) / 64000.0, 1e-12);
  EXPECT_NEAR(Number(design["tiers"][0]["baseline"]), 18.0 / 2690, 1e-12);
  EXPECT_NEAR(Number(design["users_per_day"]), 64000 / 14.0, 1e-9);
  EXPECT_EQ(design["window_days"], 14.0);
  const json spend = Power({"--from-file", folder + "hillstrom.json", "--metric", "spend", "--lift", "0.5"})["design"];
  EXPECT_EQ(spend["kind"], "mean");
  EXPECT_GT(Number(spend["tiers"][0]["sd"]), 1.0);
}

TEST(PowerTest, ACampaignsReportGivesWhatItsNextNeeds) {
  v1::Report report;
  v1::Campaign campaign;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(campaign: "spring"
           cohort {
             users: 4000
             cells { tier: "head" variant: "plain" users: 500 }
             cells { tier: "head" variant: "offer" users: 500 }
             cells { tier: "tail" variant: "plain" users: 1500 }
             cells { tier: "tail" variant: "offer" users: 1500 }
             first_exposure { seconds: 0 }
             last_exposure { seconds: 864000 }
           }
           metrics {
             metric: "spend"
             window { seconds: 604800 }
             arms { tier: "head" variant: "plain" users: 500 mean: 40 standard_error: 2 }
             arms { tier: "head" variant: "offer" users: 500 mean: 50 standard_error: 2 }
             arms { tier: "tail" variant: "plain" users: 1500 mean: 8 standard_error: 0.5 }
             arms { tier: "tail" variant: "offer" users: 1500 mean: 8 standard_error: 0.5 }
             arms { variant: "plain" users: 2000 mean: 16 standard_error: 1 }
             comparisons {
               estimator: ESTIMATOR_POST_STRATIFIED
               difference { standard_error: 1.0 }
             }
             comparisons {
               estimator: ESTIMATOR_ADJUSTED_POST_STRATIFIED
               difference { standard_error: 0.8 }
             }
           })pb",
      &report));
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(variants { id: "plain" control: true }
           variants { id: "offer" }
           analysis { alpha: 0.1 worthwhile_lift: 0.02 sequential_rule: SEQUENTIAL_RULE_FIXED_HORIZON })pb",
      &campaign));
  const PlanningDesign design = DesignOf(report, campaign, false, "").value();
  ASSERT_EQ(design.tiers.size(), 2u);
  EXPECT_DOUBLE_EQ(design.tiers[0].share, 0.25);
  EXPECT_DOUBLE_EQ(design.tiers[0].baseline, 40.0);
  EXPECT_DOUBLE_EQ(design.tiers[0].sd, 2.0 * std::sqrt(500.0));
  EXPECT_DOUBLE_EQ(design.tiers[1].lift, 0.02);
  EXPECT_DOUBLE_EQ(design.users_per_day, 400.0);
  EXPECT_DOUBLE_EQ(design.correlation, 0.6);
  EXPECT_DOUBLE_EQ(design.window_days, 7.0);
  EXPECT_EQ(design.alpha, 0.1);
  EXPECT_EQ(design.rule, v1::SEQUENTIAL_RULE_FIXED_HORIZON);
  EXPECT_FALSE(DesignOf(report, campaign, false, "other").ok());
  report.mutable_metrics(0)->clear_arms();
  EXPECT_FALSE(DesignOf(report, campaign, false, "").ok());
}

TEST(PowerTest, ReadsLikeAPlan) {
  const RunResult run = RunTierwise(
      {"power", "--tier", "head:0.1:0.12", "--tier", "tail:0.9:0.03", "--lift", "0.1", "--users-per-day", "5000"});
  EXPECT_EQ(run.code, ExitCode::kOk);
  EXPECT_THAT(run.out, HasSubstr("2 variants, a rate, alpha 0.05, power 80%; alpha spending, O'Brien-Fleming type; "
                                 "5,000 users a day.\n"));
  EXPECT_THAT(run.out, HasSubstr("Underpowered after "));
  EXPECT_THAT(run.out, HasSubstr("Power, if users enter for so many days:\n"));
  EXPECT_THAT(run.out, HasSubstr("[###"));
}

TEST(PowerTest, WhatIsWrongIsNamedByItsFlag) {
  const auto error = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "power");
    const RunResult run = RunTierwise(arguments);
    EXPECT_EQ(run.code, ExitCode::kInvalid);
    return run.err;
  };
  EXPECT_THAT(error({"--lift", "0.1"}), HasSubstr("--baseline: is missing"));
  EXPECT_THAT(error({"--baseline", "0.05"}), HasSubstr("--lift: is missing"));
  EXPECT_THAT(error({"--baseline", "nan", "--lift", "0.1"}), HasSubstr("--baseline: `nan` must be a finite number"));
  EXPECT_THAT(error({"--baseline", "5", "--lift", "0.1"}), HasSubstr("For a mean, give --sd, too"));
  EXPECT_THAT(error({"--baseline", "0.5", "--lift", "1.5"}), HasSubstr("has a rate of 1.25 with the lift"));
  EXPECT_THAT(error({"--baseline", "0.5", "--lift", "-1"}), HasSubstr("must be above -1"));
  EXPECT_THAT(error({"--baseline", "0", "--sd", "1", "--lift", "0.1"}), HasSubstr("has a mean of 0"));
  EXPECT_THAT(error({"--tier", "head:0.1", "--lift", "0.1"}), HasSubstr("must be NAME:SHARE:BASELINE"));
  EXPECT_THAT(error({"--tier", "head:0.4:0.1", "--tier", "tail:0.4:0.1", "--lift", "0.1"}),
              HasSubstr("the shares add up to 0.8; must be 1"));
  EXPECT_THAT(error({"--tier", "a:0.5:0.1", "--tier", "a:0.5:0.1", "--lift", "0.1"}), HasSubstr("names a tier twice"));
  EXPECT_THAT(error({"--baseline", "0.1", "--lift", "0.1", "--alpha", "0.7"}), HasSubstr("--alpha: must be"));
  EXPECT_THAT(error({"--baseline", "0.1", "--lift", "0.1", "--days", "7"}), HasSubstr("--days: needs --users-per-day"));
  EXPECT_THAT(error({"--baseline", "0.1", "--lift", "0.1", "--variants", "1"}), HasSubstr("--variants: must be 2"));
  EXPECT_THAT(error({"--baseline", "0.1", "--lift", "0.1", "--cuped-correlation", "1"}), HasSubstr("--cuped-corr"));
}

TEST(PowerTest, NoEffectHasNoSize) {
  const json plan = Power({"--baseline", "0.05", "--lift", "0", "--users-per-day", "100", "--days", "10"});
  EXPECT_FALSE(plan["rows"][0].contains("users_needed"));
  EXPECT_NEAR(Number(plan["rows"][0]["power"]), 0.05, 0.002);
}

}  // namespace
}  // namespace tierwise
