// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/decisions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "experiments/analysis/report.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

using testing::HasSubstr;

v1::Decision DecisionOf(const CampaignData& data, const std::string& tier = "") {
  const auto report = BuildReport(data, 0.95);
  EXPECT_TRUE(report.ok()) << report.status();
  for (const v1::Decision& decision : report->decisions()) {
    if (decision.tier() == tier) return decision;
  }
  ADD_FAILURE() << "no decision on \"" << tier << "\"";
  return {};
}

v1::Verdict VerdictOf(const CampaignData& data, const std::string& tier = "") {
  return DecisionOf(data, tier).verdict();
}

TEST(DecisionsTest, AnOfferThatIsShownToBeBetterIsShipped) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'200);
  const v1::Decision decision = DecisionOf(data);
  EXPECT_EQ(decision.verdict(), v1::VERDICT_SHIP);
  EXPECT_THAT(decision.text(), HasSubstr("Ship it: order changes by +20.00 %"));
  EXPECT_THAT(decision.rule(), HasSubstr("alpha spending, O'Brien-Fleming type, level 0.05"));
  EXPECT_FALSE(decision.has_days_left());
}

TEST(DecisionsTest, AnOfferThatIsShownToDoHarmIsRolledBack) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 800);
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_ROLL_BACK);
}

TEST(DecisionsTest, WhereLessIsBetterFewerEventsAreShipped) {
  CampaignData data = MadeUpCampaign();
  data.metrics[0].direction = v1::DIRECTION_DECREASE;
  SetOffer(data, 800);
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_SHIP);
  SetOffer(data, 1'200);
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_ROLL_BACK);
}

TEST(DecisionsTest, WhatTheDataDoNotSayYetRunsOnForAboutSoLong) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'040);
  const v1::Decision decision = DecisionOf(data);
  EXPECT_EQ(decision.verdict(), v1::VERDICT_KEEP_RUNNING);
  // z is 1.32 after 14 days; to be 1.96 + 0.84 it takes (2.80 / 1.32)^2 times as long.
  EXPECT_EQ(decision.days_left(), std::ceil(14.0 * (2.80159 * 2.80159 / (1.3223 * 1.3223) - 1.0)));
  EXPECT_THAT(decision.text(), HasSubstr("about 49 more days at the present pace"));
}

TEST(DecisionsTest, AfterTheEndWhatIsOpenSaysThatTheScheduleIsOver) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'040);
  ReadOnDay(data, 28);
  EXPECT_THAT(DecisionOf(data).text(), HasSubstr("The schedule is over"));
}

TEST(DecisionsTest, AnEffectShownToBeSmallerThanIsWorthwhileIsNotWorthHaving) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'001);
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_KEEP_RUNNING);
  data.rules.worthwhile_lift = 0.15;
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_NO_WORTHWHILE_EFFECT);
  EXPECT_THAT(DecisionOf(data).text(), HasSubstr("all of it within 15 % of none"));
}

TEST(DecisionsTest, AFailedCheckForbidsEveryVerdictAndSaysWhich) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'200);
  data.users[data.CellOf(1, 1)] = 8'000;
  const v1::Decision decision = DecisionOf(data);
  EXPECT_EQ(decision.verdict(), v1::VERDICT_UNHEALTHY);
  EXPECT_THAT(decision.text(), HasSubstr("sample_ratio in tier silver"));
  EXPECT_EQ(VerdictOf(data, "gold"), v1::VERDICT_UNHEALTHY);
}

TEST(DecisionsTest, AFixedHorizonSaysNothingBeforeItsEnd) {
  CampaignData data = MadeUpCampaign();
  data.rules.sequential_rule = v1::SEQUENTIAL_RULE_FIXED_HORIZON;
  SetOffer(data, 1'200);
  const v1::Decision early = DecisionOf(data);
  EXPECT_EQ(early.verdict(), v1::VERDICT_KEEP_RUNNING);
  EXPECT_NEAR(early.days_left(), 14.0, 1e-9);
  ReadOnDay(data, 28);
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_SHIP);
}

TEST(DecisionsTest, TwentyEventsPerArmAreNeededBeforeAnythingIsSaid) {
  CampaignData data = MadeUpCampaign();
  for (size_t tier = 0; tier < 2; ++tier) {
    SetRate(data, tier, 0, 5);
    SetRate(data, tier, 1, 200);
  }
  const v1::Decision decision = DecisionOf(data);
  EXPECT_EQ(decision.verdict(), v1::VERDICT_KEEP_RUNNING);
  EXPECT_THAT(decision.text(), HasSubstr("Too little data: 10 events"));
  EXPECT_NEAR(decision.days_left(), 14.0, 1e-9) << "twice the events take twice the time";
}

TEST(DecisionsTest, ABetterOfferThatBreaksAGuardrailIsRolledBack) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'200);
  MetricData& margin = AddMean(data, "margin", v1::METRIC_ROLE_GUARDRAIL);
  margin.margin = 0.05;
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_SHIP) << "alike within 5 % is shown";
  for (size_t tier = 0; tier < 2; ++tier) margin.cells[data.CellOf(tier, 1)] = MeanMoments(10'000, 90.0, 50.0);
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_ROLL_BACK);
  EXPECT_THAT(DecisionOf(data).text(), HasSubstr("guardrail margin is worse by more than its margin"));
}

TEST(DecisionsTest, ABetterOfferWaitsForItsGuardrailsToBeShownToHold) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'200);
  AddMean(data, "margin", v1::METRIC_ROLE_GUARDRAIL).margin = 0.001;
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_KEEP_RUNNING);
  EXPECT_THAT(DecisionOf(data).text(), HasSubstr("guardrail margin is not shown to hold yet"));
}

TEST(DecisionsTest, ATierIsJudgedByItselfOnlyWhereTiersAreShownToDiffer) {
  CampaignData data = MadeUpCampaign();
  SetRate(data, 0, 1, 1'190);
  SetRate(data, 1, 1, 1'210);
  EXPECT_EQ(VerdictOf(data, "gold"), v1::VERDICT_SHIP);
  EXPECT_THAT(DecisionOf(data, "gold").text(), HasSubstr("As over all tiers, since tiers are not shown to differ"));
  SetRate(data, 0, 1, 1'700);
  SetRate(data, 1, 1, 800);
  EXPECT_EQ(VerdictOf(data), v1::VERDICT_SHIP);
  EXPECT_THAT(DecisionOf(data).text(), HasSubstr("Its effect differs between tiers"));
  EXPECT_EQ(VerdictOf(data, "gold"), v1::VERDICT_SHIP);
  EXPECT_EQ(VerdictOf(data, "silver"), v1::VERDICT_ROLL_BACK);
}

TEST(DecisionsTest, WithoutThePrimaryMetricNothingIsDecided) {
  CampaignData data = MadeUpCampaign();
  data.metrics[0].role = v1::METRIC_ROLE_SECONDARY;
  EXPECT_EQ(BuildReport(data, 0.95)->decisions_size(), 0);
}

TEST(DecisionsTest, DecisionsDoNotDependOnTheConfidenceAskedFor) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'090);
  EXPECT_EQ(BuildReport(data, 0.5)->decisions(0).DebugString(), BuildReport(data, 0.999)->decisions(0).DebugString());
}

}  // namespace
}  // namespace tierwise
