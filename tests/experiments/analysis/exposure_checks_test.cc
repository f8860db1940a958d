// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/exposure_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "experiments/analysis/health.h"
#include "experiments/stats/srm.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// `days` days of 250 users a cell: 10,000 after 40.
CampaignData DailyCampaign(size_t days) {
  CampaignData data = MadeUpCampaign();
  data.daily_users.assign(days, std::vector<int64_t>(4, 250));
  return data;
}

TEST(SampleRatioDailyTest, IsLeftOutWhereDaysAreNotKnown) {
  EXPECT_THAT(CheckSampleRatioDaily(MadeUpCampaign()).value(), IsEmpty());
}

TEST(SampleRatioDailyTest, KeptSharesAreOk) {
  const auto checks = CheckSampleRatioDaily(DailyCampaign(40)).value();
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_EQ(checks[0].check(), "sample_ratio_sequential");
  EXPECT_EQ(checks[0].status(), v1::HEALTH_STATUS_OK);
  EXPECT_EQ(checks[0].p_value(), 1.0);
}

TEST(SampleRatioDailyTest, IsLindonAndMaleksTestOfAllUsersWhereWeightsAreAlike) {
  CampaignData data = DailyCampaign(40);
  for (size_t day = 20; day < 25; ++day) data.daily_users[day] = {250, 100, 250, 100};
  auto test = SequentialSampleRatio::Create({0.5, 0.5}).value();
  std::vector<int64_t> counts = {0, 0};
  for (const std::vector<int64_t>& day : data.daily_users) {
    counts[0] += day[0] + day[2];
    counts[1] += day[1] + day[3];
    ASSERT_TRUE(test.Look(counts).ok());
  }
  EXPECT_DOUBLE_EQ(CheckSampleRatioDaily(data)->at(0).p_value(), test.p());
}

TEST(SampleRatioDailyTest, RemembersALossThatLaterDaysMadeUpFor) {
  CampaignData data = DailyCampaign(40);
  for (size_t day = 10; day < 15; ++day) data.daily_users[day] = {250, 50, 250, 50};
  for (size_t day = 15; day < 20; ++day) data.daily_users[day] = {50, 250, 50, 250};
  const v1::HealthCheck check = CheckSampleRatioDaily(data)->at(0);
  EXPECT_EQ(check.status(), v1::HEALTH_STATUS_FAILED);
  EXPECT_THAT(check.message(), HasSubstr("by day 1"));
  EXPECT_LT(check.p_value(), kSampleRatioAlpha);
}

TEST(SampleRatioDailyTest, ATierThatFailsByItselfIsNamed) {
  CampaignData data = DailyCampaign(40);
  for (std::vector<int64_t>& day : data.daily_users) day = {250, 250, 250, 200};
  const auto checks = CheckSampleRatioDaily(data).value();
  ASSERT_THAT(checks, SizeIs(2));
  EXPECT_EQ(checks[1].tier(), "silver");
  EXPECT_EQ(checks[1].status(), v1::HEALTH_STATUS_FAILED);
}

TEST(SampleRatioDailyTest, TiersOfUnequalWeightsAreJudgedByTheirOwn) {
  CampaignData data = DailyCampaign(40);
  data.tiers[1].expected_share = {0.8, 0.2};
  for (std::vector<int64_t>& day : data.daily_users) day = {250, 250, 400, 100};
  EXPECT_THAT(CheckSampleRatioDaily(data).value(), SizeIs(1));
  EXPECT_EQ(CheckSampleRatioDaily(data)->at(0).status(), v1::HEALTH_STATUS_OK);
}

TEST(SampleRatioDailyTest, LooksEveryDayRarelyFailWithoutAReason) {
  std::mt19937 random(7);
  std::binomial_distribution<int64_t> users(500, 0.5);
  int failed = 0;
  constexpr int kRuns = 2'000;
  for (int run = 0; run < kRuns; ++run) {
    CampaignData data = DailyCampaign(28);
    for (std::vector<int64_t>& day : data.daily_users) {
      for (size_t tier = 0; tier < 2; ++tier) {
        day[2 * tier] = users(random);
        day[2 * tier + 1] = 500 - day[2 * tier];
      }
    }
    failed += CheckSampleRatioDaily(data)->at(0).status() == v1::HEALTH_STATUS_FAILED ? 1 : 0;
  }
  // 0.001 at most; three Monte-Carlo errors of that are 2.1 of 1,000.
  EXPECT_LE(failed, kRuns * 0.0031);
}

TEST(EarlyEventsTest, AreLeftOutWhereTheyAreNotKnown) {
  EXPECT_THAT(CheckEarlyEvents(MadeUpCampaign()).value(), IsEmpty());
}

TEST(EarlyEventsTest, ThatAreAlikeAreOk) {
  CampaignData data = MadeUpCampaign();
  data.early_users = {500, 510, 500, 490};
  EXPECT_EQ(CheckEarlyEvents(data)->at(0).status(), v1::HEALTH_STATUS_OK);
}

TEST(EarlyEventsTest, OfOneArmFailAndSayWhatToDo) {
  CampaignData data = MadeUpCampaign();
  data.early_users = {100, 300, 100, 300};
  const v1::HealthCheck check = CheckEarlyEvents(data)->at(0);
  EXPECT_EQ(check.status(), v1::HEALTH_STATUS_FAILED);
  EXPECT_THAT(check.message(),
              HasSubstr("600 of 20000 users (3.00%) of offer but 200 of 20000 users (1.00%) of control"));
  EXPECT_THAT(check.message(), HasSubstr("Exposures of offer are recorded after the outcome"));
  EXPECT_EQ(CheckHealth(data)->front().check(), "events_before_exposure");
}

TEST(EarlyEventsTest, AreComparedWithinTiers) {
  // Tiers differ in their share, and in their arms' sizes; within tiers nothing differs.
  CampaignData data = MadeUpCampaign();
  data.users = {9'000, 1'000, 1'000, 9'000};
  data.early_users = {900, 100, 10, 90};
  EXPECT_EQ(CheckEarlyEvents(data)->at(0).status(), v1::HEALTH_STATUS_OK);
}

}  // namespace
}  // namespace tierwise
