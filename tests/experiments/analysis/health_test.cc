// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/health.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/experiments/analysis/hillstrom.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

const v1::HealthCheck* Find(const std::vector<v1::HealthCheck>& checks, const std::string& name,
                            const std::string& tier) {
  for (const v1::HealthCheck& check : checks) {
    if (check.check() == name && check.tier() == tier) return &check;
  }
  return nullptr;
}

TEST(HealthTest, UsersMissingFromOneArmOfOneTierFailThatTierFirst) {
  CampaignData data = HillstromData();
  data.users[data.CellOf(1, 1)] -= 600;  // a tenth of the waist's mens arm is lost
  const auto checks = CheckHealth(data).value();
  EXPECT_EQ(checks.front().status(), v1::HEALTH_STATUS_FAILED);
  EXPECT_EQ(Find(checks, "sample_ratio", "waist")->status(), v1::HEALTH_STATUS_FAILED);
  EXPECT_EQ(Find(checks, "sample_ratio", "head")->status(), v1::HEALTH_STATUS_OK);
  EXPECT_EQ(Find(checks, "sample_ratio", "tail")->status(), v1::HEALTH_STATUS_OK);
}

TEST(HealthTest, AnyUserOfAnArmOfWeightZeroFails) {
  CampaignData data = HillstromData();
  data.tiers[0].expected_share = {0.5, 0.5, 0.0};
  const auto checks = CheckHealth(data).value();
  EXPECT_EQ(Find(checks, "sample_ratio", "head")->status(), v1::HEALTH_STATUS_FAILED);
}

TEST(HealthTest, UnequalWeightsPerTierAreExpectedOverallToo) {
  CampaignData data = HillstromData();
  data.tiers = {{"head", 1, {0.8, 0.1, 0.1}}, {"waist", 1, {0.1, 0.8, 0.1}}, {"tail", 1, {0.2, 0.3, 0.5}}};
  data.users = {8000, 1000, 1000, 1000, 8000, 1000, 2000, 3000, 5000};
  const auto checks = CheckHealth(data).value();
  EXPECT_EQ(Find(checks, "sample_ratio", "")->status(), v1::HEALTH_STATUS_OK);
  EXPECT_NEAR(Find(checks, "sample_ratio", "")->p_value(), 1.0, 1e-9);
}

TEST(HealthTest, UsersOfATierThatIsNotTargetedFail) {
  CampaignData data = HillstromData();
  data.tiers[2].expected_share = {0.0, 0.0, 0.0};
  const auto checks = CheckHealth(data).value();
  EXPECT_EQ(Find(checks, "sample_ratio", "tail")->status(), v1::HEALTH_STATUS_FAILED);
}

TEST(HealthTest, UsersInTwoVariantsAreReportedAndWarnAboveOneInAThousand) {
  CampaignData data = HillstromData();
  data.users_in_two_variants = 10;
  EXPECT_EQ(Find(CheckHealth(data).value(), "two_variants", "")->status(), v1::HEALTH_STATUS_OK);
  data.users_in_two_variants = 640;
  const auto checks = CheckHealth(data).value();
  EXPECT_EQ(Find(checks, "two_variants", "")->status(), v1::HEALTH_STATUS_WARNING);
  EXPECT_NE(Find(checks, "two_variants", "")->message().find("640 users (0.99%)"), std::string::npos);
}

TEST(HealthTest, ArmsWithTooFewEventsAreNamedWithTheirTier) {
  CampaignData data = MadeUpCampaign();
  SetRate(data, 1, 1, 12);
  const auto checks = CheckHealth(data).value();
  EXPECT_EQ(Find(checks, "sample_size", "")->status(), v1::HEALTH_STATUS_WARNING);
  EXPECT_NE(Find(checks, "sample_size", "")->message().find("silver/offer (12)"), std::string::npos);
  EXPECT_EQ(Find(checks, "zero_variance", "")->status(), v1::HEALTH_STATUS_OK);
}

TEST(HealthTest, AMetricWithoutAnyEventIsNamed) {
  CampaignData data = MadeUpCampaign();
  for (size_t tier = 0; tier < 2; ++tier) {
    for (size_t variant = 0; variant < 2; ++variant) SetRate(data, tier, variant, 0);
  }
  const auto checks = CheckHealth(data).value();
  EXPECT_EQ(Find(checks, "zero_variance", "")->status(), v1::HEALTH_STATUS_WARNING);
  EXPECT_NE(Find(checks, "zero_variance", "")->message().find("order"), std::string::npos);
}

TEST(HealthTest, ArmsThatDifferedBeforeExposureFail) {
  CampaignData data = MadeUpCampaign();
  MetricData& revenue = AddMean(data, "revenue", v1::METRIC_ROLE_SECONDARY);
  for (JointMoments& cell : revenue.cells) cell = CovariateMoments(10'000, 100.0, 50.0, 80.0, 0.5);
  EXPECT_EQ(Find(CheckHealth(data).value(), "pre_exposure_imbalance", "")->status(), v1::HEALTH_STATUS_OK);
  // Four standard errors of the difference over both tiers.
  for (const size_t cell : {1, 3}) revenue.cells[cell] = CovariateMoments(10'000, 100.0, 50.0, 82.0, 0.5);
  const auto checks = CheckHealth(data).value();
  EXPECT_EQ(checks.front().check(), "pre_exposure_imbalance");
  EXPECT_EQ(checks.front().status(), v1::HEALTH_STATUS_FAILED);
  EXPECT_NEAR(checks.front().p_value(), 6.4e-5, 0.2e-5);
}

TEST(HealthTest, UsersOfEarlierPhasesAndOfUnknownCellsAreWarnedOf) {
  CampaignData data = MadeUpCampaign();
  data.users_of_earlier_phases = 3;
  data.users_in_unknown_cells = 400;
  const auto checks = CheckHealth(data).value();
  EXPECT_EQ(Find(checks, "weights_changed", "")->status(), v1::HEALTH_STATUS_WARNING);
  EXPECT_EQ(Find(checks, "unknown_cells", "")->status(), v1::HEALTH_STATUS_WARNING);
  EXPECT_NE(Find(checks, "unknown_cells", "")->message().find("400 users (0.99%)"), std::string::npos);
}

}  // namespace
}  // namespace tierwise
