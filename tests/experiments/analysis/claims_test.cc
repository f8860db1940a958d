// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/claims.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "experiments/analysis/report.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

const v1::Comparison& Row(const v1::Report& report, int metric, const std::string& tier, v1::Estimator estimator) {
  for (const v1::Comparison& row : report.metrics(metric).comparisons()) {
    if (row.tier() == tier && row.estimator() == estimator) return row;
  }
  ADD_FAILURE() << "no row";
  return v1::Comparison::default_instance();
}
const v1::Comparison& Overall(const v1::Report& report, int metric = 0) {
  return Row(report, metric, "", v1::ESTIMATOR_POST_STRATIFIED);
}
const v1::Comparison& Tier(const v1::Report& report, const std::string& tier) {
  return Row(report, 0, tier, v1::ESTIMATOR_UNADJUSTED);
}

TEST(ClaimsTest, AClaimAndItsSequentialIntervalAgree) {
  for (const v1::SequentialRule rule : {v1::SEQUENTIAL_RULE_ALPHA_SPENDING, v1::SEQUENTIAL_RULE_ALWAYS_VALID}) {
    int claims = 0, others = 0;
    for (int64_t conversions = 1'000; conversions < 1'300; conversions += 3) {
      CampaignData data = MadeUpCampaign();
      data.rules.sequential_rule = rule;
      SetOffer(data, conversions);
      const v1::Report report = BuildReport(data, 0.95).value();
      const v1::Interval& interval = Overall(report).difference().intervals(0);
      EXPECT_EQ(Overall(report).claimed(), interval.lower() > 0.0) << conversions;
      EXPECT_EQ(Overall(report).claimed(), Overall(report).adjusted_p_value() <= 0.05) << conversions;
      EXPECT_EQ(Overall(report).claimed(), Overall(report).lift().intervals(0).lower() > 0.0) << conversions;
      ++(Overall(report).claimed() ? claims : others);
    }
    EXPECT_GT(claims, 10);
    EXPECT_GT(others, 10);
  }
}

TEST(ClaimsTest, SequentialIntervalsAreWiderThanTheFixedOnesBesideThem) {
  const v1::Report report = BuildReport(MadeUpCampaign(), 0.95).value();
  const v1::Effect& difference = Overall(report).difference();
  ASSERT_GE(difference.intervals_size(), 2);
  EXPECT_EQ(difference.intervals(0).kind(), v1::INTERVAL_KIND_ALPHA_SPENDING);
  EXPECT_EQ(difference.intervals(1).kind(), v1::INTERVAL_KIND_FIXED_HORIZON);
  EXPECT_LT(difference.intervals(0).lower(), difference.intervals(1).lower());
  EXPECT_GT(difference.intervals(0).upper(), difference.intervals(1).upper());
}

TEST(ClaimsTest, NoTierIsClaimedWithoutTheOverallEffect) {
  CampaignData data = MadeUpCampaign();
  SetRate(data, 0, 1, 1'300);
  SetRate(data, 1, 1, 700);
  const v1::Report report = BuildReport(data, 0.95).value();
  EXPECT_FALSE(Overall(report).claimed());
  EXPECT_LT(report.metrics(0).heterogeneity(0).p_value(), 1e-6);
  EXPECT_FALSE(Tier(report, "gold").claimed());
  EXPECT_LT(Tier(report, "gold").adjusted_p_value(), 1e-5) << "shown all the same";
}

TEST(ClaimsTest, NoTierIsClaimedUnlessTiersAreShownToDiffer) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'200);
  const v1::Report report = BuildReport(data, 0.95).value();
  EXPECT_TRUE(Overall(report).claimed());
  EXPECT_FALSE(Tier(report, "gold").claimed());
}

TEST(ClaimsTest, NothingIsClaimedOfAnUnhealthyCampaign) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'500);
  AddMean(data, "margin", v1::METRIC_ROLE_GUARDRAIL).margin = 0.5;
  data.users[0] = 5'000;
  const v1::Report report = BuildReport(data, 0.95).value();
  for (const v1::MetricReport& metric : report.metrics()) {
    for (const v1::Comparison& row : metric.comparisons()) EXPECT_FALSE(row.claimed());
  }
}

TEST(ClaimsTest, VariantsShareAlpha) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'100);
  const double alone = Overall(BuildReport(data, 0.95).value()).adjusted_p_value();
  data.variants.push_back("other");
  data.tiers = {{"gold", 1, {1.0 / 3, 1.0 / 3, 1.0 / 3}}, {"silver", 1, {1.0 / 3, 1.0 / 3, 1.0 / 3}}};
  const auto cells = data.metrics[0].cells;
  data.metrics[0].cells = {cells[0], cells[1], cells[0], cells[2], cells[3], cells[2]};
  data.users.assign(6, 10'000);
  const v1::Report report = BuildReport(data, 0.95).value();
  EXPECT_NEAR(Overall(report).adjusted_p_value(), 2.0 * alone, 0.02 * alone);
  EXPECT_EQ(Overall(report).family(), "variants on order, Bonferroni");
  EXPECT_DOUBLE_EQ(Overall(report).difference().intervals(0).confidence(), 0.975);
}

TEST(ClaimsTest, SecondaryMetricsLeftOutOfAReportStayInTheirFamily) {
  CampaignData data = MadeUpCampaign();
  MetricData& revenue = AddMean(data, "revenue", v1::METRIC_ROLE_SECONDARY);
  for (size_t tier = 0; tier < 2; ++tier) revenue.cells[data.CellOf(tier, 1)] = MeanMoments(10'000, 101.5, 50.0);
  const double alone = Overall(BuildReport(data, 0.95).value(), 1).adjusted_p_value();
  data.secondary_metrics = 5;
  EXPECT_NEAR(Overall(BuildReport(data, 0.95).value(), 1).adjusted_p_value(), std::min(1.0, 5.0 * alone), 1e-12);
}

TEST(ClaimsTest, AnUncappedTwinIsShownAndNeverClaimed) {
  CampaignData data = MadeUpCampaign();
  MetricData& revenue = AddMean(data, "revenue", v1::METRIC_ROLE_SECONDARY);
  for (size_t tier = 0; tier < 2; ++tier) revenue.cells[data.CellOf(tier, 1)] = MeanMoments(10'000, 110.0, 50.0);
  data.metrics.push_back(data.metrics.back());
  data.metrics.back().is_uncapped = true;
  const v1::Report report = BuildReport(data, 0.95).value();
  EXPECT_TRUE(Overall(report, 1).claimed());
  EXPECT_TRUE(report.metrics(2).uncapped());
  EXPECT_FALSE(Overall(report, 2).claimed());
  EXPECT_EQ(Overall(report, 2).difference().estimate(), Overall(report, 1).difference().estimate());
}

TEST(ClaimsTest, AGuardrailIsTestedInTheDirectionThatHurts) {
  CampaignData data = MadeUpCampaign();
  MetricData& returns = AddMean(data, "returns", v1::METRIC_ROLE_GUARDRAIL);
  returns.margin = 0.02;
  for (size_t tier = 0; tier < 2; ++tier) returns.cells[data.CellOf(tier, 1)] = MeanMoments(10'000, 95.0, 50.0);
  EXPECT_FALSE(Overall(BuildReport(data, 0.95).value(), 1).claimed());
  data.metrics[1].direction = v1::DIRECTION_DECREASE;
  const v1::Report report = BuildReport(data, 0.95).value();
  EXPECT_TRUE(Overall(report, 1).claimed());
  EXPECT_EQ(Overall(report, 1).family(), "guardrail: not worse by 2 %, one-sided");
}

TEST(ClaimsTest, ACovariateTightensTheIntervalThatDecides) {
  CampaignData data = MadeUpCampaign();
  MetricData& order = data.metrics[0];
  order.estimand = Estimand::kMean;
  for (size_t cell = 0; cell < 4; ++cell) order.cells[cell] = CovariateMoments(10'000, 100.0, 50.0, 80.0, 0.8);
  const v1::Report report = BuildReport(data, 0.95).value();
  const v1::Comparison& adjusted = Row(report, 0, "", v1::ESTIMATOR_ADJUSTED_POST_STRATIFIED);
  EXPECT_NEAR(adjusted.difference().standard_error() / Overall(report).difference().standard_error(), 0.6, 0.01);
  EXPECT_EQ(Row(report, 0, "gold", v1::ESTIMATOR_REGRESSION_ADJUSTED).family(), "tiers of offer, Holm");
  EXPECT_FALSE(adjusted.has_adjusted_p_value() == Overall(report).has_adjusted_p_value()) << "one row decides";
  EXPECT_TRUE(adjusted.has_adjusted_p_value());
}

TEST(ClaimsTest, PooledTiersLieBetweenTheirOwnAndTheOverallEffect) {
  CampaignData data = MadeUpCampaign();
  SetRate(data, 0, 1, 1'150);
  SetRate(data, 1, 1, 1'050);
  const v1::Report report = BuildReport(data, 0.95).value();
  const double raw = Tier(report, "gold").difference().estimate();
  const v1::Comparison& pooled = Row(report, 0, "gold", v1::ESTIMATOR_PARTIALLY_POOLED);
  EXPECT_LT(pooled.difference().estimate(), raw);
  EXPECT_GT(pooled.difference().estimate(), Overall(report).difference().estimate());
  EXPECT_EQ(pooled.difference().intervals(0).kind(), v1::INTERVAL_KIND_CREDIBLE);
}

TEST(ClaimsTest, ThePosteriorNamesItsPriorAndHonoursTheDirection) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'100);
  const v1::Report up = BuildReport(data, 0.95).value();
  data.metrics[0].direction = v1::DIRECTION_DECREASE;
  const v1::Report down = BuildReport(data, 0.95).value();
  EXPECT_EQ(Overall(up).posterior().prior(), "lift ~ N(0, 0.1^2), weakly informative");
  EXPECT_GT(Overall(up).posterior().chance_to_beat_control(), 0.99);
  EXPECT_NEAR(Overall(up).posterior().chance_to_beat_control() + Overall(down).posterior().chance_to_beat_control(),
              1.0, 1e-12);
  EXPECT_GT(Overall(down).posterior().expected_loss(), Overall(up).posterior().expected_loss());
}

}  // namespace
}  // namespace tierwise
