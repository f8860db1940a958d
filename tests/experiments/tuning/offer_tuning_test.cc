// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/offer_tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/experiments/tuning/tuning_data.h"

namespace tierwise {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

v1::OfferPlan Plan(const TuningData& data, const v1::PlanConstraints& constraints = {}) {
  const absl::StatusOr<v1::OfferPlan> plan = PlanOffers(data, constraints, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : v1::OfferPlan();
}

TEST(OfferTuning, SaysWhereTheResultsComeFrom) {
  const v1::OfferPlan plan = Plan(Shop());
  EXPECT_EQ(plan.campaign(), "spring");
  EXPECT_EQ(plan.campaign_revision(), 3);
  EXPECT_EQ(plan.as_of().seconds(), 1'700'000'000);
  ASSERT_EQ(plan.tiers_size(), 3);
  EXPECT_EQ(plan.tiers(0).tier(), "head");
}

TEST(OfferTuning, GivesWhereItPaysAndNothingWhereTheyBuyAnyway) {
  const v1::OfferPlan plan = Plan(Shop());
  EXPECT_EQ(plan.tiers(0).dose(), 0.0);
  EXPECT_EQ(plan.tiers(0).variant(), "control");
  EXPECT_EQ(plan.tiers(0).verdict(), v1::OFFER_VERDICT_NO_RESPONSE) << plan.tiers(0).text();
  EXPECT_EQ(plan.tiers(1).dose(), 10.0);
  EXPECT_EQ(plan.tiers(1).variant(), "off10");
  EXPECT_EQ(plan.tiers(1).verdict(), v1::OFFER_VERDICT_GIVE) << plan.tiers(1).text();
  EXPECT_THAT(plan.tiers(1).text(), HasSubstr("Give 10 off"));
  EXPECT_THAT(plan.tiers(1).text(), Not(HasSubstr("e+"))) << "amounts are written out";
  EXPECT_EQ(plan.tiers(2).dose(), 0.0);
  // Waist: 0.08 x 30 - 0.03 x 40 = 1.2 a user, at a cost of 0.8.
  EXPECT_NEAR(plan.tiers(1).value(), 50'000 * 1.2, 50'000 * 0.15);
  EXPECT_NEAR(plan.tiers(1).cost(), 50'000 * 0.8, 50'000 * 0.05);
  EXPECT_NEAR(plan.expected().value(), plan.tiers(1).value(), 1e-6);
  EXPECT_TRUE(plan.expected().is_optimal());
  EXPECT_GT(plan.expected().best_probability(), 0.5);
  EXPECT_FALSE(plan.expected().has_overspend_probability());
}

TEST(OfferTuning, TellsEveryDosesProfitCostAndReturn) {
  const v1::TierOffer waist = Plan(Shop()).tiers(1);
  ASSERT_EQ(waist.doses_size(), 4);
  const v1::DoseResult& ten = waist.doses(2);
  EXPECT_EQ(ten.users(), 20'000);
  EXPECT_DOUBLE_EQ(ten.measured_response(), 0.08);
  EXPECT_NEAR(ten.response(), 0.08, 0.004);
  EXPECT_NEAR(ten.cost(), 10.0 * ten.response(), 1e-9);
  EXPECT_NEAR(ten.profit(), 30.0 * ten.response(), 1e-9);
  EXPECT_NEAR(ten.incremental_profit(), ten.profit() - waist.doses(0).profit(), 1e-9);
  EXPECT_LT(ten.incremental_profit_interval().lower(), ten.incremental_profit());
  EXPECT_GT(ten.incremental_profit_interval().upper(), ten.incremental_profit());
  // 10 for each of 8 % to gain 5 %.
  EXPECT_NEAR(ten.cost_per_incremental_conversion(), 16.0, 1.0);
  // 40 x 0.05 for 10 x 0.08.
  EXPECT_NEAR(ten.return_on_spend(), 2.5, 0.15);
  EXPECT_LT(ten.return_on_spend_interval().lower(), 2.5);
  EXPECT_GT(ten.return_on_spend_interval().upper(), 2.5);
  EXPECT_NEAR(ten.given_anyway_share(), 3.0 / 8.0, 0.02);
  EXPECT_FALSE(waist.doses(0).has_return_on_spend());
  double sum = 0.0;
  for (const v1::DoseResult& dose : waist.doses()) sum += dose.best_probability();
  EXPECT_NEAR(sum, 1.0, 1e-9);
  EXPECT_TRUE(ten.may_be_best());
  EXPECT_FALSE(waist.doses(0).may_be_best());
  EXPECT_TRUE(waist.has_winner_corrected_profit());
  EXPECT_GT(waist.models_size(), 2);
  EXPECT_LT(waist.no_response_p_value(), 1e-6);
}

TEST(OfferTuning, ARaceShowsInProbabilitiesRegretAndTheSet) {
  TuningData data = AmountsOffData({5, 10, 15});
  // Profit 2.0, 2.8, 2.79, 2.3.
  AddTier(data, "waist", 1'000, 50'000, {2'500, 4'000, 4'650, 4'650});
  const v1::TierOffer waist = Plan(data).tiers(0);
  for (int j : {1, 2}) {
    EXPECT_TRUE(waist.doses(j).may_be_best());
    EXPECT_GT(waist.doses(j).best_probability(), 0.1);
  }
  EXPECT_EQ(waist.lowest_likely_dose(), 5.0);
  EXPECT_EQ(waist.highest_likely_dose(), 10.0);
  EXPECT_GT(waist.doses(waist.best_dose() == 5.0 ? 1 : 2).expected_regret(), 0.0);
}

TEST(OfferTuning, EveryCostCounts) {
  TuningData data = AmountsOffData({5, 10, 15});
  AddTier(data, "waist", 1'000, 50'000, {2'500, 4'000, 6'000, 6'500});
  EXPECT_EQ(Plan(data).tiers(0).dose(), 10.0);
  for (size_t i = 1; i < data.variants.size(); ++i) {
    v1::OfferCost& cost = *data.variants[i].mutable_offer()->mutable_cost();
    cost.set_per_redemption(data.variants[i].offer().dose());
    cost.set_per_message(0.02);
    cost.set_messages_per_user(3.0);
    cost.set_per_user_reached(0.04);
  }
  const v1::TierOffer waist = Plan(data).tiers(0);
  EXPECT_NEAR(waist.doses(2).cost(), 10.0 * waist.doses(2).response() + 0.1, 1e-9);
  // 12 % convert; of what is spent on everyone, 5 % of users would have bought anyway.
  EXPECT_NEAR(waist.doses(2).given_anyway_share(), (0.5 + 0.1 * 0.05) / 1.3, 0.02);
  for (size_t i = 1; i < data.variants.size(); ++i) {
    data.variants[i].mutable_offer()->mutable_cost()->set_per_user_reached(5.0);
  }
  const v1::TierOffer dear = Plan(data).tiers(0);
  EXPECT_EQ(dear.dose(), 0.0);
  EXPECT_EQ(dear.verdict(), v1::OFFER_VERDICT_NONE_PAYS) << dear.text();
}

TEST(OfferTuning, TheSameSeedGivesTheSamePlan) {
  EXPECT_EQ(Plan(Shop()).SerializeAsString(), Plan(Shop()).SerializeAsString());
}

TEST(OfferTuning, ABudgetHoldsAndHasAPrice) {
  v1::PlanConstraints constraints;
  constraints.set_budget(30'000.0);
  const v1::OfferPlan plan = Plan(Shop(), constraints);
  EXPECT_LE(plan.expected().cost(), 30'000.0);
  EXPECT_EQ(plan.tiers(1).dose(), 5.0) << plan.tiers(1).text();
  EXPECT_EQ(plan.tiers(1).best_dose(), 10.0);
  EXPECT_GT(plan.expected().shadow_price(), 0.0);
  EXPECT_LT(plan.expected().overspend_probability(), 1e-3);
  EXPECT_GE(plan.expected().bound(), plan.expected().value());
  EXPECT_THAT(plan.tiers(1).text(), HasSubstr("10 off would be best"));

  constraints.set_budget(1'000.0);
  const v1::OfferPlan poor = Plan(Shop(), constraints);
  EXPECT_EQ(poor.tiers(1).verdict(), v1::OFFER_VERDICT_KEPT_AWAY);
}

TEST(OfferTuning, TheFrontierRisesToTheBestPlanOfAll) {
  const v1::OfferPlan plan = Plan(Shop());
  ASSERT_EQ(plan.frontier_size(), 10);
  EXPECT_EQ(plan.frontier(0).value(), 0.0);
  for (int i = 1; i < plan.frontier_size(); ++i) {
    EXPECT_GE(plan.frontier(i).value(), plan.frontier(i - 1).value());
    EXPECT_LE(plan.frontier(i).cost(), plan.frontier(i).budget() * (1.0 + 1e-9));
  }
  EXPECT_NEAR(plan.frontier(9).value(), plan.expected().value(), 1e-6);
}

TEST(OfferTuning, TheCautiousPlanGivesNoMoreThanItIsSureOf) {
  TuningData data = AmountsOffData({5, 10});
  // Pays on average, but for all we know it may not.
  AddTier(data, "waist", 10'000, 2'000, {60, 75, 75});
  const v1::OfferPlan plan = Plan(data);
  EXPECT_EQ(plan.tiers(0).dose(), 5.0);
  EXPECT_THAT(plan.cautious_doses(), ElementsAre(0.0));
  EXPECT_EQ(plan.cautious().value(), 0.0);
}

TEST(OfferTuning, LimitsOfTiersHold) {
  v1::PlanConstraints constraints;
  v1::TierLimit& head = *constraints.add_tiers();
  head.set_tier("head");
  head.set_min_dose(5.0);
  head.set_users(1'000);
  v1::TierLimit& waist = *constraints.add_tiers();
  waist.set_tier("waist");
  waist.set_budget(20'000.0);
  const v1::OfferPlan plan = Plan(Shop(), constraints);
  EXPECT_EQ(plan.tiers(0).dose(), 5.0);
  EXPECT_EQ(plan.tiers(0).users(), 1'000);
  EXPECT_EQ(plan.tiers(1).dose(), 5.0);
  EXPECT_LE(plan.tiers(1).cost(), 20'000.0);
}

TEST(OfferTuning, ABetterTierNeverGetsAWorseOffer) {
  v1::PlanConstraints constraints;
  constraints.set_better_tier_never_worse(true);
  const v1::OfferPlan plan = Plan(Shop(), constraints);
  EXPECT_GE(plan.tiers(0).dose(), plan.tiers(1).dose());
  EXPECT_GE(plan.tiers(1).dose(), plan.tiers(2).dose());
}

TEST(OfferTuning, SharesKeepEveryDoseKnown) {
  v1::PlanConstraints constraints;
  constraints.set_min_share(0.05);
  const v1::OfferPlan plan = Plan(Shop(), constraints);
  double sum = 0.0;
  for (double share : plan.tiers(1).shares()) {
    EXPECT_GE(share, 0.05 - 1e-12);
    sum += share;
  }
  EXPECT_NEAR(sum, 1.0, 1e-12);
  EXPECT_NEAR(plan.tiers(1).shares(2), 0.85, 1e-9);
  EXPECT_EQ(plan.tiers(1).dose(), 10.0);
}

TEST(OfferTuning, ConversionsCanBeTheObjective) {
  v1::PlanConstraints constraints;
  constraints.set_objective(v1::PLAN_OBJECTIVE_CONVERSIONS);
  constraints.set_budget(45'000.0);
  const v1::OfferPlan plan = Plan(Shop(), constraints);
  double gained = 0.0;
  for (const v1::TierOffer& tier : plan.tiers()) gained += tier.value();
  EXPECT_NEAR(plan.expected().value(), gained, 1e-6);
  EXPECT_NEAR(plan.tiers(1).value(), 50'000 * 0.05, 50'000 * 0.006);
  EXPECT_LE(plan.expected().cost(), 45'000.0);
}

TEST(OfferTuning, MeasuredRevenueCountsWithItsMarginAndItsShareOfTheBasket) {
  TuningData data;
  data.campaign = "spring";
  data.as_of = absl::FromUnixSeconds(0);
  data.economics.set_conversion_metric("orders");
  data.economics.set_revenue_metric("spend");
  data.economics.set_margin_share(0.4);
  TuningTier tier{"waist", 10'000, {}};
  for (int i = 0; i < 3; ++i) {
    v1::Variant& variant = data.variants.emplace_back();
    variant.set_id(absl::StrCat("v", i));
    variant.set_control(i == 0);
    variant.mutable_offer()->set_dose(10.0 * i);
    variant.mutable_offer()->set_unit(v1::DOSE_UNIT_PERCENT_OFF);
    // Baskets of 50 on average, and 2, 5 and 6 % of users who buy.
    const std::vector<int64_t> buyers = {400, 1000, 1200};
    tier.cells.push_back({variant.id(), RateWithBaskets(buyers[static_cast<size_t>(i)], 20'000, 50.0, 20.0)});
  }
  data.tiers.push_back(tier);
  const v1::OfferPlan plan = Plan(data);
  const v1::TierOffer& waist = plan.tiers(0);
  // 10 %: revenue 2.5, margin 40 % less 10 %: 0.75, against 0.4 x 1 = 0.4. 20 %: 0.6.
  EXPECT_EQ(waist.dose(), 10.0);
  EXPECT_NEAR(waist.doses(1).profit(), 0.75, 0.03);
  EXPECT_NEAR(waist.doses(1).cost(), 0.25, 0.01);
  EXPECT_NEAR(waist.doses(2).incremental_profit(), 0.2, 0.04);
  EXPECT_NEAR(waist.doses(1).given_anyway_share(), 0.4, 0.03);
  v1::PlanConstraints revenue;
  revenue.set_objective(v1::PLAN_OBJECTIVE_REVENUE);
  EXPECT_EQ(Plan(data, revenue).tiers(0).dose(), 20.0);
}

TEST(OfferTuning, OneDoseIsComparedWithNoneButTellsNoCurve) {
  TuningData data = AmountsOffData({10});
  AddTier(data, "waist", 1'000, 20'000, {600, 1600});
  const v1::OfferPlan plan = Plan(data);
  EXPECT_EQ(plan.tiers(0).dose(), 10.0);
  EXPECT_THAT(plan.notes(), Contains(HasSubstr("tells no curve")));
}

TEST(OfferTuning, VariantsWithOneDoseAreShownApart) {
  TuningData data = AmountsOffData({10, 10.0});
  data.variants[2].set_id("red");
  data.variants[2].mutable_offer()->set_dose(10.0);
  AddTier(data, "waist", 1'000, 20'000, {600, 1400, 1800});
  const v1::OfferPlan plan = Plan(data);
  ASSERT_EQ(plan.tiers(0).doses_size(), 2);
  EXPECT_THAT(plan.tiers(0).doses(1).variants(), ElementsAre("off10", "red"));
  EXPECT_EQ(plan.tiers(0).doses(1).users(), 40'000);
  EXPECT_THAT(plan.notes(), Contains(HasSubstr("\"off10\" and \"red\" both offer 10 off and differ by 0.02")));
  EXPECT_THAT(plan.notes(), Contains(HasSubstr("choose between them")));
}

TEST(OfferTuning, TooFewConversionsAskForMoreUsers) {
  TuningData data = AmountsOffData({5, 10});
  AddTier(data, "waist", 1'000, 20'000, {600, 1100, 1600});
  AddTier(data, "tail", 1'000, 100, {0, 0, 0});
  const v1::OfferPlan plan = Plan(data);
  EXPECT_EQ(plan.tiers(1).verdict(), v1::OFFER_VERDICT_NOT_ENOUGH_EVIDENCE);
  EXPECT_EQ(plan.tiers(1).dose(), 0.0);
  EXPECT_GE(plan.tiers(1).users_needed(), 5'000);
  EXPECT_THAT(plan.tiers(1).text(), HasSubstr("collect about"));
}

TEST(OfferTuning, ATierWithoutAnOfferIsPlannedWithoutOne) {
  TuningData data = AmountsOffData({5, 10});
  AddTier(data, "waist", 1'000, 20'000, {600, 1100, 1600});
  AddTier(data, "tail", 1'000, 100, {5});
  const v1::OfferPlan plan = Plan(data);
  EXPECT_EQ(plan.tiers(1).verdict(), v1::OFFER_VERDICT_NOT_ENOUGH_EVIDENCE);
  EXPECT_EQ(plan.tiers(1).doses_size(), 0);
  EXPECT_THAT(plan.notes(), Contains(HasSubstr("tail: no users both")));
}

TEST(OfferTuning, SaysThatBeyondTheLargestDoseNothingIsKnown) {
  TuningData data = AmountsOffData({5, 10});
  AddTier(data, "waist", 1'000'000, 20'000, {600, 1100, 2400});
  const v1::OfferPlan plan = Plan(data);
  EXPECT_EQ(plan.tiers(0).dose(), 10.0);
  EXPECT_THAT(plan.notes(), Contains(HasSubstr("10 off is the largest dose tried")));
  ASSERT_TRUE(plan.next().is_worthwhile()) << plan.next().text();
  EXPECT_TRUE(plan.next().tiers(0).extrapolates());
  EXPECT_EQ(plan.next().tiers(0).doses(0), 0.0);
}

TEST(OfferTuning, NoFurtherTestPaysWhereAllIsKnown) {
  TuningData data = AmountsOffData({5, 10, 15});
  AddTier(data, "head", 1'000, 2'000'000, {600'000, 600'500, 601'000, 601'500});
  const v1::OfferPlan plan = Plan(data);
  EXPECT_FALSE(plan.next().is_worthwhile());
  EXPECT_THAT(plan.next().text(), HasSubstr("No further test pays"));
}

TEST(OfferTuning, ExtremeCountsGiveFiniteNumbers) {
  constexpr int64_t kMost = 1'000'000'000'000'000'000;
  for (const std::vector<int64_t>& conversions : std::vector<std::vector<int64_t>>{{0, 0, 0}, {1, 1, 1}, {0, 1, 0}}) {
    TuningData data = AmountsOffData({5, 10});
    AddTier(data, "single", kMost, 1, conversions);
    AddTier(data, "waist", 1'000, 20'000, {600, 1100, 1600});
    TuningTier huge{"huge", kMost, {}};
    for (size_t i = 0; i < 3; ++i) {
      const double rate = 0.1 + 0.1 * static_cast<double>(conversions[i]);
      huge.cells.push_back(
          {data.variants[i].id(), JointMoments::FromParts(kMost, {rate}, {rate * (1.0 - rate) * 1e18})});
    }
    data.tiers.push_back(huge);
    v1::PlanConstraints constraints;
    constraints.set_budget(1e18);
    const std::string text = Plan(data, constraints).DebugString();
    EXPECT_THAT(text, Not(HasSubstr(": nan")));
    EXPECT_THAT(text, Not(HasSubstr(": inf")));
    EXPECT_THAT(text, Not(HasSubstr(": -inf")));
  }
}

TEST(OfferTuning, VariantsThatOfferNothingAreLeftOut) {
  TuningData data = Shop();
  data.variants[3].clear_offer();
  const v1::OfferPlan plan = Plan(data);
  EXPECT_EQ(plan.tiers(1).doses_size(), 3);
  EXPECT_THAT(plan.notes(), Contains(HasSubstr("Left out, since they offer nothing: off15")));
}

}  // namespace
}  // namespace tierwise
