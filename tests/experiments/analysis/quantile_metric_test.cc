// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "experiments/analysis/quantile_comparison.h"
#include "experiments/analysis/report.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

// A campaign whose primary metric is the median wait: exponential, mean by cell; `events` a user.
CampaignData WaitCampaign(std::mt19937& random, const std::vector<double>& mean_by_cell, int users, int events) {
  CampaignData data = MadeUpCampaign();
  data.rules.sequential_rule = v1::SEQUENTIAL_RULE_FIXED_HORIZON;
  ReadOnDay(data, 28);
  data.users.assign(4, users);
  MetricData& wait = data.metrics[0];
  wait.id = "wait";
  wait.estimand = Estimand::kQuantile;
  wait.direction = v1::DIRECTION_DECREASE;
  wait.cells.clear();
  std::vector<std::vector<double>> merged(2);
  std::vector<std::vector<int64_t>> merged_users(2);
  for (size_t cell = 0; cell < 4; ++cell) {
    std::vector<double> values;
    std::vector<int64_t> user_values;
    std::exponential_distribution<double> of_user(1.0 / mean_by_cell[cell]);
    std::uniform_real_distribution<double> jitter(0.8, 1.2);
    JointMoments counts(1);
    for (int user = 0; user < users; ++user) {
      const double level = of_user(random);
      for (int event = 0; event < events; ++event) values.push_back(level * jitter(random));
      if (events > 0) user_values.push_back(events);
      counts.Add({static_cast<double>(events)});
    }
    wait.cells.push_back(counts);
    wait.quantiles.push_back(ArmQuantile(values, user_values, 0.5).value());
    merged[cell % 2].insert(merged[cell % 2].end(), values.begin(), values.end());
    merged_users[cell % 2].insert(merged_users[cell % 2].end(), user_values.begin(), user_values.end());
  }
  for (size_t variant = 0; variant < 2; ++variant) {
    wait.variant_quantiles.push_back(ArmQuantile(merged[variant], merged_users[variant], 0.5).value());
  }
  return data;
}

const v1::Comparison& Overall(const v1::Report& report) {
  for (const v1::Comparison& row : report.metrics(0).comparisons()) {
    if (row.tier().empty() && row.estimator() == v1::ESTIMATOR_POST_STRATIFIED) return row;
  }
  return v1::Comparison::default_instance();
}

TEST(QuantileMetricTest, OverAllTiersIsTheMeanOfTheTiersDifferencesByTheirUsers) {
  std::mt19937 random(1);
  const CampaignData data = WaitCampaign(random, {10.0, 8.0, 30.0, 24.0}, 2'000, 3);
  const v1::Report report = BuildReport(data, 0.95).value();
  const auto difference = [&](size_t tier) {
    return data.metrics[0].quantiles[2 * tier + 1].value - data.metrics[0].quantiles[2 * tier].value;
  };
  EXPECT_NEAR(Overall(report).difference().estimate(), 0.5 * (difference(0) + difference(1)), 1e-12);
  EXPECT_NEAR(Overall(report).lift().estimate(), -0.2, 0.06);
  EXPECT_EQ(report.decisions(0).verdict(), v1::VERDICT_SHIP) << report.decisions(0).text();
  EXPECT_EQ(report.metrics(0).arms(0).mean(), data.metrics[0].quantiles[0].value);
}

TEST(QuantileMetricTest, ManyEventsOfOneUserAreNotManyUsers) {
  // Same users; ten times the events. As independent values the error would shrink by the root of ten.
  std::mt19937 one(2), ten(2);
  const CampaignData single = WaitCampaign(one, {10.0, 10.0, 10.0, 10.0}, 1'000, 1);
  const CampaignData many = WaitCampaign(ten, {10.0, 10.0, 10.0, 10.0}, 1'000, 10);
  EXPECT_NEAR(many.metrics[0].quantiles[0].se / single.metrics[0].quantiles[0].se, 1.0, 0.25);
}

TEST(QuantileMetricTest, TheErrorHoldsItsSize) {
  std::mt19937 random(5);
  constexpr int kRuns = 600;
  int rejected = 0;
  for (int run = 0; run < kRuns; ++run) {
    const CampaignData data = WaitCampaign(random, {10.0, 10.0, 30.0, 30.0}, 150, 3);
    rejected += Overall(BuildReport(data, 0.95).value()).p_value() < 0.05 ? 1 : 0;
  }
  // Three Monte-Carlo errors on either side.
  const double error = 3.0 * std::sqrt(0.05 * 0.95 / kRuns);
  EXPECT_NEAR(rejected / static_cast<double>(kRuns), 0.05, error);
}

TEST(QuantileMetricTest, TiesAreRefusedWithTheReason) {
  std::mt19937 random(1);
  CampaignData data = WaitCampaign(random, {10.0, 8.0, 30.0, 24.0}, 200, 1);
  const std::vector<double> ties(500, 7.0);
  const QuantileEstimate tied = ArmQuantile(ties, std::vector<int64_t>(500, 1), 0.5).value();
  data.metrics[0].quantiles[1] = tied;
  const v1::Report report = BuildReport(data, 0.95).value();
  const v1::Comparison& gold = report.metrics(0).comparisons(0);
  EXPECT_FALSE(gold.has_p_value());
  EXPECT_EQ(gold.difference().estimate(), 7.0 - data.metrics[0].quantiles[0].value);
  EXPECT_THAT(gold.reason(), HasSubstr("ties have no error"));
  EXPECT_THAT(Overall(report).reason(), HasSubstr("without gold"));
}

TEST(QuantileMetricTest, ArmsWithoutValuesOrWithTooFewSaySo) {
  std::mt19937 random(1);
  CampaignData data = WaitCampaign(random, {10.0, 8.0, 30.0, 24.0}, 200, 1);
  data.metrics[0].quantiles[1] = ArmQuantile({}, {}, 0.5).value();
  data.metrics[0].quantiles[3] = ArmQuantile(std::vector<double>{1.0, 2.0}, std::vector<int64_t>{2}, 0.5).value();
  const v1::Report report = BuildReport(data, 0.95).value();
  std::vector<std::string> reasons;
  for (const v1::Comparison& row : report.metrics(0).comparisons()) reasons.push_back(row.reason());
  EXPECT_EQ(reasons[0], "an arm has no values");
  EXPECT_EQ(reasons[1], "an arm has too few values for this quantile");
}

}  // namespace
}  // namespace tierwise
