// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/offer_check.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "experiments/assignment/definition_update.h"
#include "experiments/assignment/normalize.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"

namespace tierwise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

v1::Campaign Normalized(v1::Campaign campaign) {
  v1::Definition definition;
  *definition.mutable_campaign() = std::move(campaign);
  Problems problems;
  Normalize(definition, problems);
  EXPECT_TRUE(problems.empty());
  return definition.campaign();
}

// "spring" with 5 and 15 percent off, valued by visits and orders.
v1::Campaign WithOffers() {
  v1::Campaign campaign = Draft("spring");
  for (int i = 1; i < 3; ++i) {
    v1::Offer& offer = *campaign.mutable_variants(i)->mutable_offer();
    offer.set_dose(i == 1 ? 5 : 15);
    offer.set_unit(v1::DOSE_UNIT_PERCENT_OFF);
  }
  campaign.add_metrics("revenue");
  campaign.mutable_economics()->set_conversion_metric("visit");
  campaign.mutable_economics()->set_revenue_metric("revenue");
  campaign.mutable_economics()->set_margin_share(0.4);
  campaign.mutable_adaptive()->set_rule(v1::ALLOCATION_RULE_THOMPSON);
  return Normalized(campaign);
}

std::vector<std::string> ProblemsAfter(const std::function<void(v1::Campaign&)>& change) {
  Definitions definitions = Shop();
  v1::Campaign draft = WithOffers();
  change(draft);
  Put(draft, definitions);
  return ProblemsIn(definitions);
}

TEST(OfferCheckTest, GoodOffersHaveNoProblems) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign&) {}), IsEmpty());
}

TEST(OfferCheckTest, TheControlOffersNothing) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                v1::Offer& offer = *c.mutable_variants(0)->mutable_offer();
                offer.set_dose(1);
                offer.set_unit(v1::DOSE_UNIT_PERCENT_OFF);
                offer.mutable_cost()->set_per_message(0.1);
              }),
              ElementsAre("campaigns/spring.variants[0].offer.dose: is 1, but the control offers nothing",
                          "campaigns/spring.variants[0].offer.cost: is not 0, but the control offers nothing"));
}

TEST(OfferCheckTest, DosesAreFiniteAndInRange) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.mutable_variants(1)->mutable_offer()->set_dose(101); }),
              ElementsAre("campaigns/spring.variants[1].offer.dose: is 101, allowed is 0 to 100"));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.mutable_variants(1)->mutable_offer()->set_dose(-1); }),
              ElementsAre("campaigns/spring.variants[1].offer.dose: is -1, allowed is 0 to 100"));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.mutable_variants(1)->mutable_offer()->set_dose(std::numeric_limits<double>::quiet_NaN());
              }),
              ElementsAre("campaigns/spring.variants[1].offer.dose: is nan, allowed is 0 to 100"));
}

TEST(OfferCheckTest, AllVariantsCountTheSameUnit) {
  EXPECT_THAT(ProblemsAfter(
                  [](v1::Campaign& c) { c.mutable_variants(2)->mutable_offer()->set_unit(v1::DOSE_UNIT_AMOUNT_OFF); }),
              ElementsAre("campaigns/spring.variants[2].offer.unit: is DOSE_UNIT_AMOUNT_OFF, but that of variant "
                          "\"small\" is DOSE_UNIT_PERCENT_OFF; all must be the same"));
  EXPECT_THAT(
      ProblemsAfter([](v1::Campaign& c) {
        for (int i : {1, 2}) c.mutable_variants(i)->mutable_offer()->set_unit(v1::DOSE_UNIT_UNSPECIFIED);
      }),
      ElementsAre(HasSubstr("variants[1].offer.unit: is required"), HasSubstr("variants[2].offer.unit: is required")));
}

TEST(OfferCheckTest, CostsAreNotNegative) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                v1::OfferCost& cost = *c.mutable_variants(1)->mutable_offer()->mutable_cost();
                cost.set_per_redemption(-1);
                cost.set_basket_share(1.5);
                cost.set_per_user_reached(std::numeric_limits<double>::infinity());
              }),
              ElementsAre(HasSubstr("offer.cost.per_redemption: is -1"), HasSubstr("offer.cost.basket_share: is 1.5"),
                          HasSubstr("offer.cost.per_user_reached: is inf")));
}

TEST(OfferCheckTest, EconomicsNameMetricsOfTheCampaignOfTheRightKind) {
  EXPECT_THAT(
      ProblemsAfter([](v1::Campaign& c) {
        c.mutable_economics()->set_conversion_metric("revenue");
        c.mutable_economics()->set_revenue_metric("visit");
      }),
      ElementsAre("campaigns/spring.economics.conversion_metric: \"revenue\" is not of kind conversion or count",
                  "campaigns/spring.economics.revenue_metric: \"visit\" is not of kind sum"));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.mutable_economics()->clear_conversion_metric(); }),
              ElementsAre("campaigns/spring.economics.conversion_metric: is required: the id of a metric of the "
                          "campaign"));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.mutable_economics()->set_conversion_metric("vist"); }),
              ElementsAre("campaigns/spring.economics.conversion_metric: there is no metric of the campaign \"vist\"; "
                          "did you mean \"visit\"?"));
}

TEST(OfferCheckTest, ConversionsAndRevenueMeasureTheSameTime) {
  Definitions definitions = Shop();
  definitions.Put(Create(Parse(R"(metric { id: "revenue" sum { event: "order" } window { seconds: 3600 } })")));
  Put(WithOffers(), definitions);
  EXPECT_THAT(ProblemsIn(definitions),
              ElementsAre("campaigns/spring.economics.revenue_metric: \"revenue\" has another window or delay than "
                          "\"visit\"; both must measure the same time"));
}

TEST(OfferCheckTest, AShareOfTheBasketNeedsABasket) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.mutable_economics()->clear_revenue_metric(); }),
              ElementsAre("campaigns/spring.economics.basket_value: is needed, or revenue_metric: variant \"small\" "
                          "costs a share of the basket"));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.mutable_economics()->clear_revenue_metric();
                c.mutable_economics()->set_basket_value(40);
              }),
              IsEmpty());
}

TEST(OfferCheckTest, MarginsAreNotNegative) {
  EXPECT_THAT(
      ProblemsAfter([](v1::Campaign& c) {
        c.mutable_economics()->set_margin_per_conversion(-2);
        c.mutable_economics()->set_margin_share(1.1);
      }),
      ElementsAre(HasSubstr("economics.margin_per_conversion: is -2"), HasSubstr("economics.margin_share: is 1.1")));
}

TEST(OfferCheckTest, AnAdaptivePlanStaysInItsLimits) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.mutable_adaptive()->set_rule(v1::ALLOCATION_RULE_UNSPECIFIED);
                c.mutable_adaptive()->mutable_every()->set_seconds(60);
                c.mutable_adaptive()->set_uniform_bp(10'001);
                c.mutable_adaptive()->set_floor_bp(4'000);
              }),
              ElementsAre("campaigns/spring.adaptive.rule: is required: THOMPSON or TOP_TWO",
                          "campaigns/spring.adaptive.every: is 1m, allowed is 1 hour to 30 days",
                          HasSubstr("adaptive.uniform_bp: 10001 is over 10000"),
                          "campaigns/spring.adaptive.floor_bp: 4000 basis points for each of the 3 arms of tier "
                          "\"gold\" are more than everyone; at most 3333 are allowed"));
}

TEST(OfferCheckTest, WeightsCannotFollowARatio) {
  Definitions definitions = Shop();
  definitions.Put(Create(Parse(R"(metric { id: "visit" window { seconds: 86400 } ratio {
      numerator { sum { event: "order" } } denominator { count { event: "order" } } } })")));
  v1::Campaign campaign = WithOffers();
  campaign.clear_economics();
  Put(campaign, definitions);
  EXPECT_THAT(ProblemsIn(definitions), ElementsAre(HasSubstr("campaigns/spring.adaptive: weights follow the primary")));
}

TEST(OfferNormalizeTest, CostsGetTheDefaultsOfTheirUnit) {
  v1::Campaign campaign = Draft("spring");
  const auto cost_of = [&](v1::DoseUnit unit, const std::function<void(v1::Offer&)>& change) {
    v1::Offer& offer = *campaign.mutable_variants(1)->mutable_offer();
    offer.Clear();
    offer.set_dose(15);
    offer.set_unit(unit);
    change(offer);
    return Normalized(campaign).variants(1).offer();
  };
  const auto nothing = [](v1::Offer&) {};
  EXPECT_DOUBLE_EQ(cost_of(v1::DOSE_UNIT_PERCENT_OFF, nothing).cost().basket_share(), 0.15);
  EXPECT_DOUBLE_EQ(cost_of(v1::DOSE_UNIT_AMOUNT_OFF, nothing).cost().per_redemption(), 15.0);
  EXPECT_FALSE(cost_of(v1::DOSE_UNIT_POINTS, nothing).has_cost());
  const v1::Offer own = cost_of(v1::DOSE_UNIT_PERCENT_OFF, [](v1::Offer& o) { o.mutable_cost()->set_per_message(2); });
  EXPECT_EQ(own.cost().basket_share(), 0.0);
  EXPECT_EQ(own.cost().messages_per_user(), 1.0);
}

TEST(OfferNormalizeTest, AnAdaptivePlanGetsItsDefaultsOnce) {
  const v1::Campaign campaign = WithOffers();
  EXPECT_EQ(campaign.adaptive().every().seconds(), 86'400);
  EXPECT_EQ(campaign.adaptive().floor_bp(), 500u);
  EXPECT_EQ(campaign.adaptive().uniform_bp(), 1'000u);
  EXPECT_EQ(campaign.adaptive().min_users_per_arm(), 100u);
  EXPECT_EQ(Normalized(campaign).SerializeAsString(), campaign.SerializeAsString());
}

class LaunchedOffersTest : public testing::Test {
 protected:
  LaunchedOffersTest() { running_ = PutLaunched(WithOffers(), shop_); }

  std::string ErrorOf(const std::function<void(v1::Campaign&)>& change) {
    v1::Definition current, proposed;
    *current.mutable_campaign() = running_;
    *proposed.mutable_campaign() = running_;
    change(*proposed.mutable_campaign());
    return std::string(Update(current, proposed, shop_).status().message());
  }

  Definitions shop_ = Shop();
  v1::Campaign running_;
};

TEST_F(LaunchedOffersTest, EconomicsStay) {
  EXPECT_THAT(ErrorOf([](v1::Campaign& c) { c.mutable_economics()->set_margin_share(0.5); }),
              HasSubstr("campaigns/spring.economics: cannot change"));
  EXPECT_THAT(ErrorOf([](v1::Campaign& c) { c.clear_economics(); }),
              HasSubstr("campaigns/spring.economics: cannot change"));
}

TEST_F(LaunchedOffersTest, EconomicsCanStillBeSaidWhereNothingWas) {
  v1::Campaign silent = WithOffers();
  silent.clear_economics();
  Definitions shop = Shop();
  v1::Definition current, proposed;
  *current.mutable_campaign() = PutLaunched(silent, shop);
  proposed = current;
  *proposed.mutable_campaign()->mutable_economics() = WithOffers().economics();
  EXPECT_TRUE(Update(current, proposed, shop).ok());
}

TEST_F(LaunchedOffersTest, DosesStayButCostsCanBePutRight) {
  EXPECT_THAT(ErrorOf([](v1::Campaign& c) { c.mutable_variants(1)->mutable_offer()->set_dose(6); }),
              HasSubstr("variant \"small\" must keep its dose"));
  EXPECT_EQ(
      ErrorOf([](v1::Campaign& c) { c.mutable_variants(1)->mutable_offer()->mutable_cost()->set_per_user_reached(1); }),
      "");
}

TEST_F(LaunchedOffersTest, AnAdaptivePlanCanOnlyBeCleared) {
  EXPECT_THAT(ErrorOf([](v1::Campaign& c) { c.mutable_adaptive()->set_floor_bp(100); }),
              HasSubstr("campaigns/spring.adaptive: cannot change, but it can be cleared"));
  EXPECT_EQ(ErrorOf([](v1::Campaign& c) { c.clear_adaptive(); }), "");
}

}  // namespace
}  // namespace tierwise
