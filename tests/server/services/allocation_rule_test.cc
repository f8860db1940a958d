// SPDX-License-Identifier: Apache-2.0
#include "server/services/allocation_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/base/tier_plans.h"
#include "server/services/allocation_readout.h"

namespace tierwise {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// 0 or 1 per user.
Moments Rate(int64_t users, int64_t conversions) {
  Moments moments;
  moments.AddRepeated(1.0, conversions);
  moments.AddRepeated(0.0, users - conversions);
  return moments;
}

// Three arms, the first the control, for the tiers head (its own plan) and tail (by "*").
v1::Campaign Spring() {
  v1::Campaign campaign;
  campaign.set_id("spring");
  for (const char* id : {"none", "five", "ten"}) campaign.add_variants()->set_id(id);
  campaign.mutable_variants(0)->set_control(true);
  for (const char* tier : {"head", "*"}) {
    v1::TierPlan& plan = *campaign.add_tier_plans();
    plan.set_tier(tier);
    plan.set_phase(1);
    for (const v1::Variant& variant : campaign.variants()) {
      plan.add_arms()->set_variant(variant.id());
      plan.mutable_arms(plan.arms_size() - 1)->set_weight(1);
    }
  }
  campaign.add_metrics("order");
  campaign.mutable_adaptive()->set_rule(v1::ALLOCATION_RULE_THOMPSON);
  campaign.mutable_adaptive()->set_floor_bp(500);
  campaign.mutable_adaptive()->set_uniform_bp(1000);
  campaign.mutable_adaptive()->set_min_users_per_arm(100);
  return campaign;
}

TierBatches BatchOf(const std::string& tier, std::vector<Moments> outcomes) {
  return {tier, {1}, {{AdaptiveBatch{{1.0 / 3, 1.0 / 3, 1.0 / 3}, std::move(outcomes)}}}};
}

AllocationData DataOf(std::vector<TierBatches> tiers) {
  AllocationData data;
  data.metrics.emplace_back();
  data.metrics[0].set_id("order");
  data.tiers = std::move(tiers);
  return data;
}

std::vector<double> SharesIn(const v1::Campaign& campaign, const std::string& tier) {
  return SharesOfVariants(campaign, *PlanForTier(campaign, tier));
}

TEST(AllocationRuleTest, WhatWorksGetsMoreUsersAndNothingFallsBelowItsFloor) {
  const AllocationData data = DataOf({BatchOf("head", {Rate(2000, 100), Rate(2000, 110), Rate(2000, 200)})});
  const v1::Campaign next = WithNextWeights(Spring(), data).value();
  const std::vector<double> shares = SharesIn(next, "head");
  EXPECT_GT(shares[2], 0.8);
  // A tenth is spread evenly, the rest keeps 5 % each.
  for (const double share : shares) EXPECT_GE(share, 0.1 / 3 + 0.9 * 0.05 - 1e-3);
}

TEST(AllocationRuleTest, LessIsBetterWhereTheMetricSaysSo) {
  AllocationData data = DataOf({BatchOf("head", {Rate(2000, 100), Rate(2000, 200), Rate(2000, 200)})});
  data.metrics[0].set_direction(v1::DIRECTION_DECREASE);
  EXPECT_GT(SharesIn(WithNextWeights(Spring(), data).value(), "head")[0], 0.8);
}

TEST(AllocationRuleTest, WeightsStayUntilEveryArmHasEnoughUsers) {
  const AllocationData data = DataOf({BatchOf("head", {Rate(2000, 100), Rate(99, 1), Rate(2000, 200)})});
  EXPECT_EQ(WithNextWeights(Spring(), data)->SerializeAsString(), Spring().SerializeAsString());
}

TEST(AllocationRuleTest, ATierOfEveryOtherGetsAPlanOfItsOwn) {
  const AllocationData data = DataOf({BatchOf("tail", {Rate(2000, 100), Rate(2000, 200), Rate(2000, 110)})});
  const v1::Campaign next = WithNextWeights(Spring(), data).value();
  ASSERT_THAT(next.tier_plans(), SizeIs(3));
  EXPECT_EQ(next.tier_plans(2).tier(), "tail");
  EXPECT_GT(SharesIn(next, "tail")[1], 0.8);
  EXPECT_THAT(SharesIn(next, "waist"), ElementsAre(1.0 / 3, 1.0 / 3, 1.0 / 3)) << "the others keep theirs";
}

TEST(AllocationRuleTest, AnArmOfWeightZeroStaysOut) {
  v1::Campaign campaign = Spring();
  campaign.mutable_tier_plans(0)->mutable_arms(1)->set_weight(0);
  const AllocationData data = DataOf({BatchOf("head", {Rate(2000, 100), Rate(2000, 400), Rate(2000, 200)})});
  EXPECT_EQ(SharesIn(WithNextWeights(campaign, data).value(), "head")[1], 0.0);
}

TEST(AllocationRuleTest, AnArmThatBreaksAGuardrailGetsNoMoreUsers) {
  v1::Campaign campaign = Spring();
  campaign.mutable_analysis()->add_guardrails()->set_metric("stay");
  AllocationData data = DataOf({BatchOf("head", {Rate(5000, 250), Rate(5000, 260), Rate(5000, 500)})});
  data.metrics.emplace_back();
  data.metrics[1].set_id("stay");
  data.tiers[0].by_metric.push_back(
      {AdaptiveBatch{{1.0 / 3, 1.0 / 3, 1.0 / 3}, {Rate(5000, 4000), Rate(5000, 3990), Rate(5000, 3000)}}});
  const std::vector<double> shares = SharesIn(WithNextWeights(campaign, data).value(), "head");
  EXPECT_EQ(shares[2], 0.0) << "it converts best, but loses users";
  EXPECT_GT(shares[0], 0.0);
  const v1::GetAllocationResponse readout = ReadAllocation(campaign, data).value();
  EXPECT_TRUE(readout.tiers(0).arms(2).is_stopped());
  EXPECT_FALSE(readout.tiers(0).arms(0).is_stopped());
}

TEST(AllocationRuleTest, DriftBetweenBatchesDoesNotLookLikeAnArm) {
  // Every arm converts alike in each batch, 10 % and then 30 %; the second arm got most users of the second batch.
  TierBatches tier = BatchOf("head", {Rate(1000, 100), Rate(1000, 100), Rate(1000, 100)});
  tier.phases.push_back(2);
  tier.by_metric[0].push_back(AdaptiveBatch{{0.1, 0.8, 0.1}, {Rate(300, 90), Rate(2400, 720), Rate(300, 90)}});
  const auto beliefs = BeliefsOf(Spring(), DataOf({tier})).value();
  EXPECT_NEAR(beliefs[0][0].mean, beliefs[0][1].mean, 1e-12);
  const v1::GetAllocationResponse readout = ReadAllocation(Spring(), DataOf({tier})).value();
  EXPECT_GT(readout.tiers(0).arms(1).naive().value(), 0.23) << "the plain mean is fooled";
  EXPECT_THAT(readout.tiers(0).batches(1).shares(), ElementsAre(0.1, 0.8, 0.1));
  EXPECT_EQ(readout.tiers(0).batches(1).users(1), 2400);
  EXPECT_FALSE(readout.tiers(0).arms(0).has_always_valid_difference()) << "the control has none";
}

TEST(AllocationReadoutTest, ArmsWithoutUsersHaveNoEstimates) {
  const v1::GetAllocationResponse readout =
      ReadAllocation(Spring(), DataOf({BatchOf("head", {Rate(50, 5), Moments{}, Rate(50, 6)})})).value();
  EXPECT_TRUE(readout.tiers(0).arms(0).has_weighted());
  EXPECT_FALSE(readout.tiers(0).arms(1).has_weighted());
  EXPECT_TRUE(ReadAllocation(Spring(), DataOf({{"head", {}, {{}}}})).ok());
}

}  // namespace
}  // namespace tierwise
