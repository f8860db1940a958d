// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/follow_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "google/protobuf/text_format.h"

namespace tierwise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

v1::Campaign Spring() {
  return FromText<v1::Campaign>(R"pb(
    id: "spring"
    display_name: "Spring sale"
    tiering: "value"
    audience { text: "country == \"CN\"" }
    variants { id: "none" control: true }
    variants {
      id: "five"
      offer { dose: 5 unit: DOSE_UNIT_PERCENT_OFF }
    }
    variants {
      id: "ten"
      offer { dose: 10 unit: DOSE_UNIT_PERCENT_OFF }
    }
    tier_plans {
      tier: "head"
      arms { variant: "none" weight: 1 }
      arms { variant: "ten" weight: 1 }
      phase: 3
    }
    tier_plans {
      tier: "*"
      arms { variant: "none" weight: 1 }
      arms {
        variant: "ten"
        weight: 1
        parameter_overrides {
          fields {
            key: "banner"
            value { string_value: "big" }
          }
        }
      }
    }
    metrics: "order"
    metrics: "revenue"
    layer {
      layer: "mail"
      share_bp: 5000
      ranges { begin: 0 end: 5000 }
    }
    salt: "campaign:spring"
    economics { conversion_metric: "order" margin_per_conversion: 12 }
    adaptive { rule: ALLOCATION_RULE_THOMPSON }
    state: CAMPAIGN_STATE_RUNNING
    pinned_version: 7
    forced_users { user_id: "qa" variant: "ten" }
  )pb");
}

v1::OfferPlan PlanOf(const std::string& tiers) { return FromText<v1::OfferPlan>("campaign: \"spring\" " + tiers); }

std::optional<v1::Campaign> FollowUp(const v1::OfferPlan& plan, double control_share = 0.1,
                                     const std::set<std::string>& taken = {"spring"}) {
  return FollowUpCampaign(Spring(), plan, control_share,
                          [&](absl::string_view id) { return taken.count(std::string(id)) > 0; });
}

std::vector<std::string> ArmsOf(const v1::TierPlan& plan) {
  std::vector<std::string> arms;
  for (const v1::Arm& arm : plan.arms()) arms.push_back(arm.variant() + ":" + std::to_string(arm.weight()));
  return arms;
}

const char kWaistTen[] = R"pb(tiers { tier: "head" dose: 0 }
                              tiers { tier: "waist" dose: 10 variant: "ten" })pb";

TEST(FollowUpTest, ATierGetsItsOfferAgainstAConfirmingControl) {
  const v1::Campaign next = FollowUp(PlanOf(kWaistTen), 0.2).value();
  ASSERT_EQ(next.tier_plans_size(), 1);
  EXPECT_EQ(next.tier_plans(0).tier(), "waist");
  EXPECT_THAT(ArmsOf(next.tier_plans(0)), ElementsAre("none:2000", "ten:8000"));
}

TEST(FollowUpTest, OnlyVariantsInUseAreCarriedOver) {
  const v1::Campaign next = FollowUp(PlanOf(kWaistTen)).value();
  ASSERT_EQ(next.variants_size(), 2);
  EXPECT_TRUE(next.variants(0).control());
  EXPECT_EQ(next.variants(1).offer().dose(), 10.0);
}

TEST(FollowUpTest, WhatTheCampaignIsAboutStaysAndWhatItWentThroughDoesNot) {
  const v1::Campaign next = FollowUp(PlanOf(kWaistTen)).value();
  EXPECT_EQ(next.tiering(), "value");
  EXPECT_EQ(next.audience().text(), "country == \"CN\"");
  EXPECT_THAT(next.metrics(), ElementsAre("order", "revenue"));
  EXPECT_EQ(next.economics().margin_per_conversion(), 12.0);
  EXPECT_EQ(next.layer().share_bp(), 5000u);
  EXPECT_THAT(next.layer().ranges(), IsEmpty());
  EXPECT_EQ(next.state(), v1::CAMPAIGN_STATE_UNSPECIFIED);
  EXPECT_EQ(next.pinned_version(), 0);
  EXPECT_TRUE(next.salt().empty()) << "users must be randomised anew";
  EXPECT_FALSE(next.has_adaptive());
  EXPECT_THAT(next.forced_users(), IsEmpty());
}

TEST(FollowUpTest, ParameterOverridesOfTheTierComeAlong) {
  const v1::Campaign next = FollowUp(PlanOf(kWaistTen)).value();
  EXPECT_EQ(next.tier_plans(0).arms(1).parameter_overrides().fields().at("banner").string_value(), "big");
}

TEST(FollowUpTest, SharesOfDosesAreKeptAsFarAsTheControlLeavesThem) {
  const v1::OfferPlan plan = PlanOf(R"pb(tiers {
                                           tier: "waist"
                                           dose: 10
                                           shares: 0
                                           shares: 0.25
                                           shares: 0.75
                                           doses { dose: 0 variants: "none" }
                                           doses { dose: 5 variants: "five" }
                                           doses { dose: 10 variants: "ten" }
                                         })pb");
  EXPECT_THAT(ArmsOf(FollowUp(plan, 0.2)->tier_plans(0)), ElementsAre("none:2000", "five:2000", "ten:6000"));
}

TEST(FollowUpTest, AShareWithoutOfferThatIsLargerThanTheControlStays) {
  const v1::OfferPlan plan = PlanOf(R"pb(tiers {
                                           tier: "waist"
                                           shares: 0.6
                                           shares: 0.4
                                           doses { dose: 0 variants: "none" }
                                           doses { dose: 5 variants: "five" }
                                         })pb");
  EXPECT_THAT(ArmsOf(FollowUp(plan, 0.1)->tier_plans(0)), ElementsAre("none:6000", "five:4000"));
}

TEST(FollowUpTest, ItsIdIsFree) {
  EXPECT_EQ(FollowUp(PlanOf(kWaistTen))->id(), "spring-next");
  EXPECT_EQ(FollowUp(PlanOf(kWaistTen), 0.1, {"spring-next", "spring-next-2"})->id(), "spring-next-3");
}

TEST(FollowUpTest, NothingFollowsFromAPlanThatOffersNothing) {
  EXPECT_FALSE(FollowUp(PlanOf(R"pb(tiers { tier: "head" dose: 0 })pb")).has_value());
}

}  // namespace
}  // namespace tierwise
