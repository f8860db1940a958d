// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/definition_update.h"

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/assign.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/campaign_update.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"

namespace tierwise {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;
using testing::HasSubstr;

// The launched campaign "spring" of the shop, with a tenth of the layer "email".
class UpdateTest : public testing::Test {
 protected:
  UpdateTest() : definitions_(Shop()) {
    v1::Campaign draft = Draft("spring");
    draft.mutable_layer()->set_layer("email");
    draft.mutable_layer()->set_share_bp(1'000);
    current_ = PutLaunched(draft, definitions_);
  }

  absl::StatusOr<v1::Campaign> After(const std::function<void(v1::Campaign&)>& change) {
    v1::Definition proposed;
    *proposed.mutable_campaign() = current_;
    change(*proposed.mutable_campaign());
    const auto next = Update(*definitions_.Find("campaigns/spring"), proposed, definitions_);
    if (!next.ok()) return next.status();
    return next->campaign();
  }

  // Makes `change` the present campaign.
  void Apply(const std::function<void(v1::Campaign&)>& change) {
    const auto next = After(change);
    ASSERT_TRUE(next.ok()) << next.status();
    current_ = *next;
    Put(current_, definitions_);
  }

  std::vector<std::string> FixedFields(const std::function<void(v1::Campaign&)>& change) {
    const absl::Status status = After(change).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("campaign \"spring\" is RUNNING"));
    std::vector<std::string> fields;
    for (const Problem& problem : ProblemsOf(status)) fields.push_back(problem.field);
    return fields;
  }

  Definitions definitions_;
  v1::Campaign current_;
};

void SetWeights(v1::TierPlan& plan, uint32_t control, uint32_t small, uint32_t large) {
  plan.mutable_arms(0)->set_weight(control);
  plan.mutable_arms(1)->set_weight(small);
  plan.mutable_arms(2)->set_weight(large);
}

TEST_F(UpdateTest, OutputOnlyFieldsComeFromTheCurrentCampaign) {
  const auto next = After([](v1::Campaign& c) {
    c.mutable_meta()->set_revision(99);
    c.set_state(v1::CAMPAIGN_STATE_CONCLUDED);
    c.set_pinned_version(99);
    c.mutable_launch_time()->set_seconds(99);
    c.mutable_conclusion()->set_variant("large");
    c.mutable_layer()->mutable_ranges(0)->set_end(99);
    c.mutable_tier_plans(0)->set_phase(99);
  });
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_TRUE(MessageDifferencer::Equivalent(*next, current_)) << next->DebugString();
}

TEST_F(UpdateTest, ALaunchedCampaignCanChangeWhatMovesNobody) {
  const auto next = After([](v1::Campaign& c) {
    c.set_display_name("Spring sale");
    c.set_description("More of it");
    c.set_traffic_share_bp(5'000);
    c.mutable_schedule()->mutable_end_time()->set_seconds(kNow / 1'000'000);
    c.add_forced_users()->set_user_id("qa");
    c.mutable_forced_users(0)->set_variant("large");
    (*c.mutable_variants(1)->mutable_parameters()->mutable_fields())["percent"].set_number_value(6);
    c.add_variants()->set_id("huge");
    c.add_metrics("revenue");
  });
  ASSERT_TRUE(next.ok()) << next.status();
  for (const v1::TierPlan& plan : next->tier_plans()) EXPECT_EQ(plan.phase(), 1u);
  Put(*next, definitions_);
  EXPECT_NE(MustCompile(definitions_), nullptr);
}

TEST_F(UpdateTest, ALaunchedCampaignKeepsWhatItsResultsRestOn) {
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.set_tiering("other"); }), ElementsAre("campaigns/spring.tiering"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.set_salt("other"); }), ElementsAre("campaigns/spring.salt"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_audience()->set_text("spend > 1"); }),
              ElementsAre("campaigns/spring.audience"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_schedule()->mutable_start_time()->set_seconds(1); }),
              ElementsAre("campaigns/spring.schedule.start_time"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.set_metrics(0, "revenue"); }),
              ElementsAre("campaigns/spring.metrics"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_layer()->set_layer("push"); }),
              ElementsAre("campaigns/spring.layer.layer"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.clear_layer(); }), ElementsAre("campaigns/spring.layer.layer"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_layer()->set_share_bp(999); }),
              ElementsAre("campaigns/spring.layer.share_bp"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_variants()->RemoveLast(); }),
              ElementsAre("campaigns/spring.variants"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_tier_plans()->RemoveLast(); }),
              ElementsAre("campaigns/spring.tier_plans"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) {
                c.mutable_variants(0)->set_control(false);
                c.mutable_variants(1)->set_control(true);
                c.set_salt("other");
              }),
              ElementsAre("campaigns/spring.salt", "campaigns/spring.variants", "campaigns/spring.variants"));
}

TEST_F(UpdateTest, HowALaunchedCampaignIsJudgedStaysButForMoreGuardrails) {
  const auto add_guardrail = [](v1::Campaign& c) {
    c.add_metrics("revenue");
    c.mutable_analysis()->add_guardrails()->set_metric("revenue");
    c.mutable_analysis()->mutable_guardrails(0)->set_margin(0.01);
  };
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_analysis()->set_alpha(0.1); }),
              ElementsAre("campaigns/spring.analysis"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_analysis()->set_worthwhile_lift(0.1); }),
              ElementsAre("campaigns/spring.analysis"));
  Apply(add_guardrail);
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_analysis()->clear_guardrails(); }),
              ElementsAre("campaigns/spring.analysis.guardrails"));
  EXPECT_THAT(FixedFields([](v1::Campaign& c) { c.mutable_analysis()->mutable_guardrails(0)->set_margin(0.5); }),
              ElementsAre("campaigns/spring.analysis.guardrails"));
}

TEST_F(UpdateTest, NewWeightsBeginTheNextPhaseOfTheirTierOnly) {
  Apply([](v1::Campaign& c) { SetWeights(*c.mutable_tier_plans(0), 1, 1, 1); });
  EXPECT_EQ(current_.tier_plans(0).phase(), 2u);
  EXPECT_EQ(current_.tier_plans(1).phase(), 1u);
  Apply([](v1::Campaign& c) { SetWeights(*c.mutable_tier_plans(0), 1, 1, 2); });
  EXPECT_EQ(current_.tier_plans(0).phase(), 3u);
}

TEST_F(UpdateTest, APhaseGoesOnWhereNobodyMoves) {
  Apply([](v1::Campaign& c) { SetWeights(*c.mutable_tier_plans(0), 25, 25, 50); });
  Apply([](v1::Campaign& c) {
    c.add_variants()->set_id("huge");
    c.mutable_tier_plans(0)->add_arms()->set_variant("huge");
    auto& overrides = *c.mutable_tier_plans(0)->mutable_arms(1)->mutable_parameter_overrides()->mutable_fields();
    overrides["percent"].set_number_value(6);
  });
  EXPECT_EQ(current_.tier_plans(0).phase(), 1u);
  Apply([](v1::Campaign& c) { c.mutable_tier_plans(0)->mutable_arms()->SwapElements(0, 1); });
  EXPECT_EQ(current_.tier_plans(0).phase(), 2u) << "the order of arms decides who has which";
}

TEST_F(UpdateTest, ATierThatGetsItsOwnPlanGoesOnFromTheOneOfEveryOtherTier) {
  Apply([](v1::Campaign& c) {
    *c.add_tier_plans() = c.tier_plans(0);
    c.mutable_tier_plans(2)->set_tier("*");
  });
  EXPECT_EQ(current_.tier_plans(2).phase(), 1u);
  Apply([](v1::Campaign& c) { SetWeights(*c.mutable_tier_plans(2), 3, 2, 1); });
  EXPECT_EQ(current_.tier_plans(2).phase(), 2u);
  const auto before = MustCompile(definitions_);

  v1::TierPlan own = current_.tier_plans(2);
  own.set_tier("bronze");
  const auto same = After([&](v1::Campaign& c) { *c.add_tier_plans() = own; });
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->tier_plans(3).phase(), 2u);
  Put(*same, definitions_);
  const auto after = MustCompile(definitions_);
  for (int user = 0; user < 200; ++user) {
    EXPECT_EQ(Assign(after->Find("spring"), UserId(user), Shopper(*after, 5), kNow),
              Assign(before->Find("spring"), UserId(user), Shopper(*before, 5), kNow));
  }

  Put(current_, definitions_);
  SetWeights(own, 1, 1, 1);
  EXPECT_EQ(After([&](v1::Campaign& c) { *c.add_tier_plans() = own; })->tier_plans(3).phase(), 3u);
}

TEST_F(UpdateTest, AGrowingLayerShareAddsBucketsAndMovesNone) {
  v1::Campaign other = Draft("other");
  *other.mutable_layer() = current_.layer();
  PutLaunched(other, definitions_);
  Apply([](v1::Campaign& c) { c.mutable_layer()->set_share_bp(2'500); });
  ASSERT_EQ(current_.layer().ranges_size(), 2);
  EXPECT_EQ(current_.layer().ranges(0).begin(), 0u);
  EXPECT_EQ(current_.layer().ranges(0).end(), 1'000u);
  EXPECT_EQ(current_.layer().ranges(1).begin(), 2'000u);
  EXPECT_EQ(current_.layer().ranges(1).end(), 3'500u);
  EXPECT_EQ(After([](v1::Campaign& c) { c.mutable_layer()->set_share_bp(9'001); }).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(UpdateTest, AShareOverTheWholeLayerIsABadValue) {
  Apply([](v1::Campaign& c) { c.mutable_layer()->set_share_bp(10'001); });
  EXPECT_THAT(ProblemsIn(definitions_), ElementsAre(HasSubstr("campaigns/spring.layer.share_bp: 10001 is over 10000")));
}

TEST_F(UpdateTest, AConcludedCampaignCanChangeItsTextsOnly) {
  v1::Conclusion conclusion;
  conclusion.set_outcome(v1::OUTCOME_INCONCLUSIVE);
  current_ = *Conclude(current_, conclusion, kNow);
  Put(current_, definitions_);
  EXPECT_TRUE(After([](v1::Campaign& c) { c.set_description("It is over"); }).ok());
  const absl::Status status = After([](v1::Campaign& c) { c.set_traffic_share_bp(1); }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("CONCLUDED; only its display_name and description"));
}

TEST(UpdateDraftTest, ADraftCanChangeInEverythingAndStaysADraft) {
  Definitions definitions = Shop();
  Put(Draft("spring"), definitions);
  v1::Definition proposed;
  *proposed.mutable_campaign() = Draft("spring");
  v1::Campaign& campaign = *proposed.mutable_campaign();
  campaign.set_salt("another");
  campaign.set_state(v1::CAMPAIGN_STATE_RUNNING);
  campaign.mutable_tier_plans()->RemoveLast();
  campaign.mutable_tier_plans(0)->set_phase(3);
  const auto next = Update(*definitions.Find("campaigns/spring"), proposed, definitions);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->campaign().state(), v1::CAMPAIGN_STATE_DRAFT);
  EXPECT_EQ(next->campaign().tier_plans(0).phase(), 0u);
  EXPECT_EQ(next->campaign().salt(), "another");
}

TEST(UpdateDefinitionTest, SaltsAndTypesNeverChange) {
  const Definitions definitions = Shop();
  const auto field = [&](const std::string& name, const std::string& text) {
    const auto problems = ProblemsOf(Update(*definitions.Find(name), Parse(text), definitions).status());
    return problems.empty() ? "" : problems[0].field;
  };
  EXPECT_EQ(field("layers/email", "layer { id: 'email' salt: 'other' }"), "layers/email.salt");
  EXPECT_EQ(field("layers/email", "layer { id: 'email' description: 'Mails' }"), "");
  EXPECT_EQ(field("attributes/spend", "attribute { id: 'spend' type: ATTRIBUTE_TYPE_INT }"), "attributes/spend.type");
}

TEST(UpdateDefinitionTest, ADerivationNeverChanges) {
  Definitions definitions = Shop();
  definitions.Put(
      Parse("attribute { id: 'orders' type: ATTRIBUTE_TYPE_INT derivation { aggregate: AGGREGATE_COUNT } }"));
  const auto field = [&](const std::string& name, const std::string& text) {
    const auto problems = ProblemsOf(Update(*definitions.Find(name), Parse(text), definitions).status());
    return problems.empty() ? "" : problems[0].field;
  };
  EXPECT_EQ(field("attributes/orders",
                  "attribute { id: 'orders' type: ATTRIBUTE_TYPE_INT description: 'All of them' "
                  "derivation { aggregate: AGGREGATE_COUNT } }"),
            "");
  EXPECT_EQ(field("attributes/orders", "attribute { id: 'orders' type: ATTRIBUTE_TYPE_INT }"),
            "attributes/orders.derivation");
  EXPECT_EQ(field("attributes/spend",
                  "attribute { id: 'spend' type: ATTRIBUTE_TYPE_DOUBLE derivation { aggregate: AGGREGATE_SUM } }"),
            "attributes/spend.derivation");
}

constexpr char kQuantiles[] =
    "tiering { id: 'q' tiers { id: 'a' } tiers { id: 'b' } quantiles { attribute: 'spend' up_to_bp: [1000, 10000] ";

TEST(UpdateDefinitionTest, CutsAreNeverWrittenByAnAuthor) {
  Definitions definitions = Shop();
  const std::string given = absl::StrCat(kQuantiles, "cuts: 7 cut_time { seconds: 1 } } }");
  const v1::Definition created = Create(Parse(given));
  EXPECT_EQ(created.tiering().quantiles().cuts_size(), 0);
  EXPECT_FALSE(created.tiering().quantiles().has_cut_time());
  definitions.Put(created);
  EXPECT_EQ(Update(created, Parse(given), definitions)->tiering().quantiles().cuts_size(), 0);
}

TEST(UpdateDefinitionTest, ReplacingATieringKeepsCutsThatStillApply) {
  Definitions definitions = Shop();
  const v1::Definition current =
      Parse(absl::StrCat(kQuantiles, "cuts: 500 cut_time { seconds: 9 } } meta { revision: 2 } }"));
  definitions.Put(current);
  const auto after = [&](const std::string& text) { return *Update(current, Parse(text), definitions); };
  // A file that was exported, now or before the last refresh, changes nothing.
  EXPECT_TRUE(MessageDifferencer::Equals(after(absl::StrCat(kQuantiles, "} }")), current));
  EXPECT_TRUE(
      MessageDifferencer::Equals(after(absl::StrCat(kQuantiles, "cuts: 400 cut_time { seconds: 8 } } }")), current));
  EXPECT_EQ(after("tiering { id: 'q' tiers { id: 'a' } tiers { id: 'b' } "
                  "quantiles { attribute: 'plan' up_to_bp: [1000, 10000] } }")
                .tiering()
                .quantiles()
                .cuts_size(),
            0);
  EXPECT_TRUE(after("tiering { id: 'q' tiers { id: 'a' } rules { otherwise: 'a' } }").tiering().has_rules());
}

TEST(CreateTest, NothingThatIsOutputOnlyIsTaken) {
  v1::Definition proposed = Parse(
      "campaign { id: 'c' meta { revision: 3 } state: CAMPAIGN_STATE_RUNNING pinned_version: 3 "
      "tier_plans { phase: 3 } layer { ranges { end: 3 } } conclusion { note: 'x' } }");
  const v1::Campaign created = Create(proposed).campaign();
  const v1::Campaign expected =
      Parse("campaign { id: 'c' state: CAMPAIGN_STATE_DRAFT tier_plans { } layer { } }").campaign();
  EXPECT_TRUE(MessageDifferencer::Equivalent(created, expected)) << created.DebugString();
}

}  // namespace
}  // namespace tierwise
