// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/analysis_rules.h"

#include <gtest/gtest.h>

namespace tierwise {
namespace {

TEST(AnalysisRulesTest, AnEmptyPlanHasTheDefaults) {
  const AnalysisRules rules = RulesOf(v1::Campaign());
  EXPECT_EQ(rules.alpha, 0.05);
  EXPECT_EQ(rules.sequential_rule, v1::SEQUENTIAL_RULE_ALWAYS_VALID);
  EXPECT_EQ(rules.worthwhile_lift, 0.0);
  EXPECT_EQ(rules.tier_correction, v1::TIER_CORRECTION_HOLM);
  EXPECT_EQ(rules.end, absl::InfiniteFuture());
}

TEST(AnalysisRulesTest, ACampaignWithAnEndSpendsAlphaUnlessThePlanSaysOtherwise) {
  v1::Campaign campaign;
  campaign.mutable_schedule()->mutable_end_time()->set_seconds(2'000);
  EXPECT_EQ(RulesOf(campaign).sequential_rule, v1::SEQUENTIAL_RULE_ALPHA_SPENDING);
  EXPECT_EQ(RulesOf(campaign).end, absl::FromUnixSeconds(2'000));
  campaign.mutable_analysis()->set_sequential_rule(v1::SEQUENTIAL_RULE_FIXED_HORIZON);
  EXPECT_EQ(RulesOf(campaign).sequential_rule, v1::SEQUENTIAL_RULE_FIXED_HORIZON);
}

TEST(AnalysisRulesTest, UsersEnterFromTheLaterOfLaunchAndScheduledStart) {
  v1::Campaign campaign;
  campaign.mutable_launch_time()->set_seconds(1'000);
  EXPECT_EQ(RulesOf(campaign).start, absl::FromUnixSeconds(1'000));
  campaign.mutable_schedule()->mutable_start_time()->set_seconds(500);
  EXPECT_EQ(RulesOf(campaign).start, absl::FromUnixSeconds(1'000));
  campaign.mutable_schedule()->mutable_start_time()->set_seconds(1'500);
  EXPECT_EQ(RulesOf(campaign).start, absl::FromUnixSeconds(1'500));
}

}  // namespace
}  // namespace tierwise
