// SPDX-License-Identifier: Apache-2.0
#include "client/cli/offer_plan_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/allocation_text.h"
#include "client/cli/offer_rule_text.h"
#include "client/cli/policy_text.h"
#include "google/protobuf/text_format.h"

namespace tierwise {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

OfferPlanView Spring() {
  OfferPlanView view;
  view.unit = v1::DOSE_UNIT_PERCENT_OFF;
  view.plan = FromText<v1::OfferPlan>(R"pb(
    campaign: "spring"
    campaign_revision: 4
    as_of { seconds: 1772323200 }
    constraints { budget: 5000 objective: PLAN_OBJECTIVE_PROFIT }
    tiers {
      tier: "head"
      users: 900
      verdict: OFFER_VERDICT_NO_RESPONSE
      text: "nothing: they buy anyway."
      doses { dose: 0 variants: "none" users: 450 measured_response: 0.4 response: 0.4 }
      doses {
        dose: 10
        variants: "ten"
        users: 450
        measured_response: 0.41
        response: 0.405
        cost: 1.2
        incremental_profit: -1.1
        incremental_profit_interval { lower: -2 upper: -0.2 }
      }
    }
    tiers {
      tier: "waist"
      users: 6000
      dose: 10
      variant: "ten"
      verdict: OFFER_VERDICT_GIVE
      text: "10 %, likely 8 to 15."
      best_dose: 10
      lowest_likely_dose: 8
      highest_likely_dose: 15
      value: 1234
      cost: 4200
      doses { dose: 0 variants: "none" users: 3000 measured_response: 0.1 response: 0.1 }
      doses {
        dose: 10
        variants: "ten"
        users: 3000
        measured_response: 0.2
        response: 0.19
        cost: 0.7
        incremental_profit: 0.21
        incremental_profit_interval { lower: 0.1 upper: 0.3 }
        best_probability: 0.93
        given_anyway_share: 0.5
      }
    }
    expected {
      value: 1234
      cost: 4200
      value_standard_error: 120
      shadow_price: 0.34
      overspend_probability: 0.12
      best_probability: 0.61
      is_optimal: true
    }
    cautious { value: 600 cost: 2100 }
    cautious_doses: 0
    cautious_doses: 5
    frontier { budget: 0 value: 0 doses: 0 doses: 0 }
    frontier { budget: 5000 value: 1234 cost: 4200 doses: 0 doses: 10 }
    notes: "Variants ten and ten_b have the same dose."
    next {
      is_worthwhile: true
      text: "Another test pays."
      tiers { tier: "waist" doses: 0 doses: 8 shares: 0.2 shares: 0.8 users: 3000 extrapolates: true }
    }
  )pb");
  return view;
}

std::string Render(const OfferPlanView& view, Detail detail = Detail::kCompact) {
  return RenderOfferPlan(view, detail, PlotStyle{false, false, 120});
}

TEST(OfferPlanTextTest, SaysWhatEachTierGetsAndWhy) {
  EXPECT_THAT(Render(Spring()),
              AllOf(HasSubstr("spring (revision 4)"), HasSubstr("6,900 users randomised"),
                    HasSubstr("head: nothing: they buy anyway."), HasSubstr("waist: 10 %, likely 8 to 15."),
                    HasSubstr("8 to 15 % off"), HasSubstr("profit per user beyond no offer")));
}

TEST(OfferPlanTextTest, SaysWhatMoreBudgetWouldBringAndWhatIsUncertain) {
  EXPECT_THAT(Render(Spring()), AllOf(HasSubstr("One more 100 of budget would bring about 34"),
                                      HasSubstr("cost more than the budget with a chance of 12%"),
                                      HasSubstr("No other plan is better with a chance of 61%")));
  OfferPlanView loose = Spring();
  loose.plan.mutable_expected()->set_shadow_price(0);
  EXPECT_THAT(Render(loose), HasSubstr("More budget would bring nothing"));
}

TEST(OfferPlanTextTest, WhatIsWrongWithTheDataComesFirst) {
  OfferPlanView view = Spring();
  EXPECT_THAT(Render(view), Not(HasSubstr("Do not act")));
  view.plan.add_checks()->set_message("The arms do not have the shares of users that the weights give.");
  const std::string text = Render(view);
  EXPECT_LT(text.find("Do not act on this plan"), text.find("The plan\n"));
  EXPECT_THAT(text, HasSubstr("The arms do not have the shares"));
}

TEST(OfferPlanTextTest, TheCautiousPlanAndTheNextExperimentStandBeside) {
  EXPECT_THAT(Render(Spring()),
              AllOf(HasSubstr("head no offer, waist 5 % off."), HasSubstr("Another test pays."),
                    HasSubstr("waist: no offer 20%, 8 % off 80% of 3,000 users; one dose lies beyond"),
                    HasSubstr("Variants ten and ten_b have the same dose.")));
}

TEST(OfferPlanTextTest, EveryDosesFiguresAreThereWhenAskedFor) {
  EXPECT_THAT(Render(Spring()), Not(HasSubstr("given anyway")));
  EXPECT_THAT(RenderOfferPlan(Spring(), Detail::kFull, PlotStyle{false, false, 200}),
              AllOf(HasSubstr("given anyway"), HasSubstr("93%"), HasSubstr("50%")));
}

TEST(OfferPlanTextTest, APlanInSharesShowsThem) {
  OfferPlanView view = Spring();
  view.plan.mutable_tiers(1)->add_shares(0.25);
  view.plan.mutable_tiers(1)->add_shares(0.75);
  EXPECT_THAT(Render(view), HasSubstr("no offer: 25%, 10 % off: 75%"));
}

TEST(OfferPlanTextTest, NoTerminalIsTooNarrow) {
  for (const int width : {20, 40, 60}) {
    EXPECT_FALSE(RenderOfferPlan(Spring(), Detail::kFull, PlotStyle{true, true, width}).empty());
  }
}

TEST(AllocationTextTest, ShowsTheRightReadoutAndLabelsThePlainOne) {
  const auto allocation = FromText<v1::GetAllocationResponse>(R"pb(
    tiers {
      tier: "head"
      variants: "none"
      variants: "ten"
      batches { phase: 1 shares: 0.5 shares: 0.5 users: 100 users: 110 means: 0.1 means: 0.2 }
      batches { phase: 2 shares: 0.2 shares: 0.8 users: 40 users: 160 means: 0.1 means: 0.2 }
      arms {
        variant: "none"
        weighted {
          value: 0.1
          interval { lower: 0.05 upper: 0.15 }
        }
        naive {
          value: 0.1
          interval {}
        }
      }
      arms {
        variant: "ten"
        weighted {
          value: 0.2
          interval { lower: 0.15 upper: 0.25 }
        }
        naive {
          value: 0.21
          interval { lower: 0.2 upper: 0.22 }
        }
        always_valid_difference { interval {} }
        best_probability: 0.98
        is_stopped: true
      }
    })pb");
  const std::string compact = RenderAllocation(allocation, Detail::kCompact, PlotStyle{false, false, 140});
  EXPECT_THAT(compact, AllOf(HasSubstr("ten (stopped)"), HasSubstr("0.2 [0.15, 0.25]"), HasSubstr("80.0%"),
                             HasSubstr("too early to say"), Not(HasSubstr("biased)"))));
  EXPECT_THAT(RenderAllocation(allocation, Detail::kFull, PlotStyle{false, false, 160}),
              AllOf(HasSubstr("plain mean (biased)"), HasSubstr("0.21 [0.2, 0.22]")));
}

TEST(OfferRuleTextTest, ReadsTiersConditionsAndVariants) {
  const v1::OfferRule rule =
      ParseOfferRule("waist: ten; tail, new when orders_90d >= 2: fifteen;\n# rest\n*: none").value();
  ASSERT_EQ(rule.branches_size(), 3);
  EXPECT_EQ(rule.branches(0).tiers(0), "waist");
  EXPECT_EQ(rule.branches(1).tiers_size(), 2);
  EXPECT_EQ(rule.branches(1).when(), "orders_90d >= 2");
  EXPECT_EQ(rule.branches(1).variant(), "fifteen");
  EXPECT_TRUE(rule.branches(2).tiers().empty());
  EXPECT_EQ(OfferRuleText(rule), "waist: ten; tail, new when orders_90d >= 2: fifteen; *: none");
}

TEST(OfferRuleTextTest, QuotesMayHoldWhatPartsBranches) {
  const v1::OfferRule rule = ParseOfferRule("when note == \"a;b: c\": ten").value();
  ASSERT_EQ(rule.branches_size(), 1);
  EXPECT_EQ(rule.branches(0).when(), "note == \"a;b: c\"");
}

TEST(OfferRuleTextTest, AWrongBranchIsQuoted) {
  EXPECT_THAT(std::string(ParseOfferRule("waist ten").status().message()), HasSubstr("`waist ten` has no colon"));
  EXPECT_THAT(std::string(ParseOfferRule("waist:").status().message()), HasSubstr("names no variant"));
  EXPECT_THAT(std::string(ParseOfferRule("waist tail: ten").status().message()),
              HasSubstr("does not begin with tiers"));
  EXPECT_THAT(std::string(ParseOfferRule(" ; ").status().message()), HasSubstr("has no branch"));
}

TEST(PolicyTextTest, ShowsTheRuleBesideWhatWasDone) {
  const auto report = FromText<v1::PolicyReport>(R"pb(
    doubly_robust {
      value: 1.5
      standard_error: 0.1
      interval { lower: 1.3 upper: 1.7 }
    }
    as_logged {
      value: 1.1
      standard_error: 0.05
      interval { lower: 1 upper: 1.2 }
    }
    users: 12000
    effective_users: 4000
    largest_weight: 3
    warnings: "Overlap is poor."
  )pb");
  EXPECT_THAT(RenderPolicyReport(report, PlotStyle{false, false, 120}),
              AllOf(HasSubstr("the rule, doubly robust"), HasSubstr("[1.3, 1.7]"), HasSubstr("what was done"),
                    HasSubstr("12,000 users, worth 4,000"), HasSubstr("Overlap is poor.")));
}

}  // namespace
}  // namespace tierwise
