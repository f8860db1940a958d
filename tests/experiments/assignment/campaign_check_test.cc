// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/definition_update.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"

namespace tierwise {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// The problems of the shop with the draft "spring" after `change`.
std::vector<std::string> ProblemsAfter(const std::function<void(v1::Campaign&)>& change) {
  Definitions definitions = Shop();
  v1::Campaign draft = Draft("spring");
  change(draft);
  Put(draft, definitions);
  return ProblemsIn(definitions);
}

TEST(CampaignCheckTest, AGoodCampaignHasNoProblems) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign&) {}), IsEmpty());
}

TEST(CampaignCheckTest, AControlIsRequired) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.mutable_variants(0)->set_control(false); }),
              ElementsAre("campaigns/spring.variants: no variant is the control, exactly one must be"));
}

TEST(CampaignCheckTest, TwoControlsAreOneTooMany) {
  EXPECT_THAT(
      ProblemsAfter([](v1::Campaign& c) { c.mutable_variants(2)->set_control(true); }),
      ElementsAre("campaigns/spring.variants: 2 variants are the control (control, large), exactly one must be"));
}

TEST(CampaignCheckTest, WeightsMustNotSumToZero) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                for (v1::Arm& arm : *c.mutable_tier_plans(1)->mutable_arms()) arm.set_weight(0);
              }),
              ElementsAre("campaigns/spring.tier_plans[1].arms: the weights sum to 0, at least one must be positive"));
}

TEST(CampaignCheckTest, AWeightIsAtMostAMillion) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.mutable_tier_plans(1)->mutable_arms(0)->set_weight(1'000'000); }),
              IsEmpty());
  EXPECT_THAT(
      ProblemsAfter([](v1::Campaign& c) { c.mutable_tier_plans(1)->mutable_arms(0)->set_weight(1'000'001); }),
      ElementsAre("campaigns/spring.tier_plans[1].arms[0].weight: 1000001 is over 1000000; weights are relative, "
                  "0 to 1000000"));
}

TEST(CampaignCheckTest, WhatItRefersToMustExist) {
  EXPECT_THAT(
      ProblemsAfter([](v1::Campaign& c) {
        c.mutable_tier_plans(0)->set_tier("golt");
        c.mutable_tier_plans(1)->mutable_arms(0)->set_variant("contrl");
        c.set_metrics(0, "visits");
        c.mutable_layer()->set_layer("mail");
        c.mutable_layer()->set_share_bp(100);
      }),
      UnorderedElementsAre(
          "campaigns/spring.tier_plans[0].tier: there is no tier of \"value\" named \"golt\"; did you mean \"gold\"?",
          "campaigns/spring.tier_plans[1].arms[0].variant: there is no variant \"contrl\"; did you mean "
          "\"control\"?",
          "campaigns/spring.metrics[0]: there is no metric \"visits\"; did you mean \"visit\"?",
          "campaigns/spring.layer.layer: there is no layer \"mail\"; did you mean \"email\"?"));
}

TEST(CampaignCheckTest, ATierToBeReachedIsOneOfTheTiering) {
  const auto problems_with = [](const std::string& tier) {
    Definitions definitions = Shop();
    v1::Definition reached;
    reached.mutable_metric()->set_id("reached");
    reached.mutable_metric()->mutable_tier_movement()->set_outcome(v1::MOVEMENT_OUTCOME_REACHED);
    reached.mutable_metric()->mutable_tier_movement()->set_tier(tier);
    definitions.Put(reached);
    v1::Campaign draft = Draft("spring");
    draft.add_metrics("reached");
    Put(draft, definitions);
    return ProblemsIn(definitions);
  };
  EXPECT_THAT(problems_with("gold"), IsEmpty());
  EXPECT_THAT(problems_with("golt"),
              ElementsAre(AllOf(StartsWith("campaigns/spring.metrics[1]: "), testing::HasSubstr("golt"))));
}

TEST(CampaignCheckTest, AnUnknownTieringIsOneProblem) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.set_tiering("worth"); }),
              ElementsAre("campaigns/spring.tiering: there is no tiering \"worth\""));
}

TEST(CampaignCheckTest, AnUnknownSegmentOrAttributeOfTheAudienceIsNamed) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                *c.mutable_audience() =
                    Parse("segment { id: 's' condition { text: 'segment(vip) and age > 3' } }").segment().condition();
              }),
              AllOf(SizeIs(2), testing::Each(StartsWith("campaigns/spring.audience: column "))));
}

TEST(CampaignCheckTest, NothingIsNamedTwice) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.mutable_tier_plans(1)->set_tier("gold");
                c.mutable_tier_plans(0)->mutable_arms(1)->set_variant("control");
                c.add_metrics("visit");
                c.mutable_variants(2)->set_id("small");
              }),
              testing::IsSupersetOf(
                  {StartsWith("campaigns/spring.tier_plans[1].tier: there is another plan of tier \"gold\""),
                   StartsWith("campaigns/spring.tier_plans[0].arms[1].variant: there is another arm of variant"),
                   StartsWith("campaigns/spring.metrics[1]: there is another metric \"visit\""),
                   StartsWith("campaigns/spring.variants[2].id: there is another variant \"small\"")}));
}

TEST(CampaignCheckTest, ThereAreEnoughOfEachAndNotTooMany) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.clear_tier_plans();
                c.clear_metrics();
                c.mutable_variants()->DeleteSubrange(1, 2);
              }),
              UnorderedElementsAre("campaigns/spring.tier_plans: has 0 plans, 1 to 65 are allowed",
                                   "campaigns/spring.metrics: has 0 metrics, 1 to 100 are allowed",
                                   "campaigns/spring.variants: has 1 variants, 2 to 32 are allowed"));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                while (c.variants_size() < 33) c.add_variants()->set_id(absl::StrCat("v", c.variants_size()));
                c.mutable_tier_plans(0)->clear_arms();
                for (int i = 0; i < 1001; ++i) {
                  c.add_forced_users()->set_user_id(UserId(i));
                  c.mutable_forced_users(i)->set_variant("control");
                }
              }),
              UnorderedElementsAre("campaigns/spring.variants: has 33 variants, 2 to 32 are allowed",
                                   "campaigns/spring.tier_plans[0].arms: has 0 arms, 1 to 32 are allowed",
                                   "campaigns/spring.forced_users: has 1001 forced users, 0 to 1000 are allowed"));
}

TEST(CampaignCheckTest, TheScheduleEndsAfterItStarts) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.mutable_schedule()->mutable_start_time()->set_seconds(10);
                c.mutable_schedule()->mutable_end_time()->set_seconds(10);
              }),
              ElementsAre("campaigns/spring.schedule.end_time: is not after start_time"));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.mutable_schedule()->mutable_end_time()->set_seconds(std::numeric_limits<int64_t>::max());
              }),
              ElementsAre(StartsWith("campaigns/spring.schedule.end_time: is not a time")));
}

TEST(CampaignCheckTest, SharesAreBasisPoints) {
  EXPECT_THAT(
      ProblemsAfter([](v1::Campaign& c) {
        c.set_traffic_share_bp(10'001);
        c.mutable_layer()->set_layer("email");
        c.mutable_layer()->set_share_bp(0);
      }),
      UnorderedElementsAre("campaigns/spring.traffic_share_bp: 10001 is over 10000 basis points, which is everyone",
                           "campaigns/spring.layer.share_bp: is 0, 1 to 10000 basis points are allowed"));
}

TEST(CampaignCheckTest, ASaltIsShortPrintableAscii) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.set_salt("é"); }),
              ElementsAre(StartsWith("campaigns/spring.salt: \"\\xc3\\xa9\" has characters other than")));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.set_salt(std::string(129, 's')); }),
              ElementsAre("campaigns/spring.salt: has 129 bytes, 1 to 128 are allowed"));
}

TEST(CampaignCheckTest, ForcedUsersAreNamedOnceWithAKnownVariant) {
  EXPECT_THAT(
      ProblemsAfter([](v1::Campaign& c) {
        for (const std::string& user : {std::string("qa"), std::string("qa"), std::string(), std::string(257, 'x')}) {
          c.add_forced_users()->set_user_id(user);
          c.mutable_forced_users(c.forced_users_size() - 1)->set_variant("small");
        }
        c.mutable_forced_users(0)->set_variant("huge");
      }),
      UnorderedElementsAre(
          "campaigns/spring.forced_users[0].variant: there is no variant \"huge\"",
          StartsWith("campaigns/spring.forced_users[1].user_id: there is another forced user \"qa\" before it"),
          "campaigns/spring.forced_users[2].user_id: is required",
          "campaigns/spring.forced_users[3].user_id: has 257 bytes, at most 256 are allowed"));
}

TEST(CampaignCheckTest, ParametersAreFiniteAndSmall) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                (*c.mutable_variants(1)->mutable_parameters()->mutable_fields())["percent"].set_number_value(NAN);
                (*c.mutable_variants(2)->mutable_parameters()->mutable_fields())["text"].set_string_value(
                    std::string(10'000'000, 'x'));
              }),
              UnorderedElementsAre("campaigns/spring.variants[1].parameters.percent: is not a finite number",
                                   StartsWith("campaigns/spring.variants[2].parameters: has 100000")));
}

TEST(CampaignCheckTest, ParametersAreSmallAfterOverridesToo) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                const std::string text(10'000, 'x');
                (*c.mutable_variants(1)->mutable_parameters()->mutable_fields())["a"].set_string_value(text);
                v1::Arm& arm = *c.mutable_tier_plans(0)->mutable_arms(1);
                (*arm.mutable_parameter_overrides()->mutable_fields())["b"].set_string_value(text);
              }),
              ElementsAre(StartsWith("campaigns/spring.tier_plans[0].arms[1].parameter_overrides: has 200")));
}

TEST(CampaignCheckTest, AConcludedCampaignIsNotChecked) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.set_state(v1::CAMPAIGN_STATE_CONCLUDED);
                c.set_tiering("gone");
              }),
              IsEmpty());
}

TEST(CampaignCheckTest, AnAnalysisPlanWithinItsRangesHasNoProblems) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.add_metrics("revenue");
                v1::AnalysisPlan& plan = *c.mutable_analysis();
                plan.set_alpha(0.2);
                plan.set_worthwhile_lift(10.0);
                plan.set_sequential_rule(v1::SEQUENTIAL_RULE_ALPHA_SPENDING);
                c.mutable_schedule()->mutable_end_time()->set_seconds(2'000'000'000);
                plan.add_guardrails()->set_metric("revenue");
                plan.mutable_guardrails(0)->set_margin(1.0);
              }),
              IsEmpty());
}

TEST(CampaignCheckTest, NumbersOfTheAnalysisPlanOutsideTheirRangesAreNamed) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.mutable_analysis()->set_alpha(0.5);
                c.mutable_analysis()->set_worthwhile_lift(-0.1);
              }),
              ElementsAre("campaigns/spring.analysis.alpha: is 0.5, allowed is 0.001 to 0.2",
                          "campaigns/spring.analysis.worthwhile_lift: is -0.1, allowed is 0 to 10"));
  EXPECT_THAT(
      ProblemsAfter([](v1::Campaign& c) { c.mutable_analysis()->set_alpha(std::numeric_limits<double>::quiet_NaN()); }),
      SizeIs(1));
}

TEST(CampaignCheckTest, AlphaSpendingNeedsAnEnd) {
  EXPECT_THAT(
      ProblemsAfter(
          [](v1::Campaign& c) { c.mutable_analysis()->set_sequential_rule(v1::SEQUENTIAL_RULE_ALPHA_SPENDING); }),
      ElementsAre("campaigns/spring.analysis.sequential_rule: is ALPHA_SPENDING, which needs schedule.end_time"));
}

TEST(CampaignCheckTest, GuardrailsAreOtherMetricsOfTheCampaignEachOnce) {
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.mutable_analysis()->add_guardrails()->set_metric("visit"); }),
              ElementsAre("campaigns/spring.analysis.guardrails[0].metric: is the primary metric, on which decisions "
                          "rest already"));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) { c.mutable_analysis()->add_guardrails()->set_metric("revenue"); }),
              ElementsAre(StartsWith("campaigns/spring.analysis.guardrails[0].metric: ")));
  EXPECT_THAT(ProblemsAfter([](v1::Campaign& c) {
                c.add_metrics("revenue");
                for (int i = 0; i < 2; ++i) c.mutable_analysis()->add_guardrails()->set_metric("revenue");
                c.mutable_analysis()->mutable_guardrails(1)->set_margin(1.5);
              }),
              ElementsAre(StartsWith("campaigns/spring.analysis.guardrails[1].metric: there is another guardrail on"),
                          "campaigns/spring.analysis.guardrails[1].margin: is 1.5, allowed is 0 to 1"));
}

}  // namespace
}  // namespace tierwise
