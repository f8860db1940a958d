// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/lift_prior.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "experiments/analysis/posterior.h"
#include "experiments/analysis/report.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

PastCampaign Past(double lift, double se) { return {{{lift, se}}}; }

TEST(LiftPriorTest, WithFewerThanFiveCampaignsIsWeaklyInformative) {
  const std::vector<PastCampaign> four(4, Past(0.02, 0.01));
  EXPECT_EQ(LearnLiftPrior(four).lift.kind, PriorKind::kWeaklyInformative);
  EXPECT_EQ(LearnLiftPrior(four).Words(), "lift ~ N(0, 0.1^2), weakly informative");
  // Variants of one campaign are not campaigns.
  const std::vector<PastCampaign> two(2, PastCampaign{{{0.01, 0.01}, {0.02, 0.01}, {0.03, 0.01}}});
  EXPECT_EQ(LearnLiftPrior(two).lift.kind, PriorKind::kWeaklyInformative);
}

TEST(LiftPriorTest, OfLiftsThatAgreeIsTheirMeanWithItsError) {
  const LiftPrior prior = LearnLiftPrior(std::vector<PastCampaign>(9, Past(0.02, 0.03)));
  EXPECT_EQ(prior.lift.kind, PriorKind::kPastCampaigns);
  EXPECT_NEAR(prior.lift.mean, 0.02, 1e-12);
  EXPECT_NEAR(prior.lift.sd, 0.03 / std::sqrt(9.0), 1e-9);  // tau is 0
  EXPECT_EQ(prior.Words(), "lift ~ N(0.02, 0.01^2), learnt from 9 campaigns");
}

TEST(LiftPriorTest, FindsTheSpreadOfTrueLifts) {
  std::mt19937 random(3);
  std::normal_distribution<double> truth(0.01, 0.05), error(0.0, 0.02);
  std::vector<PastCampaign> campaigns;
  for (int i = 0; i < 400; ++i) campaigns.push_back(Past(truth(random) + error(random), 0.02));
  const LiftPrior prior = LearnLiftPrior(campaigns);
  // Three Monte-Carlo errors: 0.054 / sqrt(400), and about 0.05 / sqrt(800) x 1.2.
  EXPECT_NEAR(prior.lift.mean, 0.01, 0.008);
  EXPECT_NEAR(prior.lift.sd, 0.05, 0.0065);
}

TEST(PastLiftsTest, AreThoseOverAllTiersOfEachVariant) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'100);
  const PastCampaign past = PastLiftsOf(data).value();
  ASSERT_THAT(past.lifts, SizeIs(1));
  EXPECT_NEAR(past.lifts[0].lift, 0.1, 1e-12);
  // Var(T - 1.1 C) / C^2 with 20,000 users each.
  const double variance = (0.11 * 0.89 + 1.21 * 0.1 * 0.9) / 20'000 / 0.01;
  EXPECT_NEAR(past.lifts[0].se, std::sqrt(variance), 1e-6);
}

TEST(PastLiftsTest, AnUnhealthyCampaignTeachesNothing) {
  CampaignData data = MadeUpCampaign();
  data.users[0] = 5'000;
  EXPECT_THAT(PastLiftsOf(data)->lifts, IsEmpty());
}

TEST(PastLiftsTest, WithoutTellableControlThereIsNoLift) {
  CampaignData data = MadeUpCampaign();
  for (size_t tier = 0; tier < 2; ++tier) SetRate(data, tier, 0, 3);
  EXPECT_THAT(PastLiftsOf(data)->lifts, IsEmpty());
}

TEST(PosteriorTest, RestsOnThePriorThatTheMetricHas) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'020);
  const v1::Report weak = BuildReport(data, 0.95).value();
  data.metrics[0].prior = LearnLiftPrior(std::vector<PastCampaign>(20, Past(-0.05, 0.01)));
  const v1::Report learnt = BuildReport(data, 0.95).value();
  const auto& before = weak.metrics(0).comparisons(0).posterior();
  const auto& after = learnt.metrics(0).comparisons(0).posterior();
  EXPECT_THAT(after.prior(), HasSubstr("learnt from 20 campaigns"));
  EXPECT_LT(after.chance_to_beat_control(), before.chance_to_beat_control());
}

TEST(PosteriorTest, TurnsThePriorRoundWhereLessIsBetter) {
  const ArmMeans means{.control = 2.0, .control_variance = 0.01, .treatment = 2.0, .treatment_variance = 0.01};
  LiftPrior prior;
  prior.lift = {PriorKind::kChosen, -0.1, 0.05};
  EXPECT_LT(PosteriorOf(means, 1.0, prior)->chance_to_beat_control(), 0.5);
  EXPECT_GT(PosteriorOf(means, -1.0, prior)->chance_to_beat_control(), 0.5);
}

}  // namespace
}  // namespace tierwise
