// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/snapshot.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/definition_update.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"

namespace tierwise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

std::vector<std::string> ProblemsWith(const std::vector<std::string>& texts) {
  Definitions definitions = Shop();
  for (const std::string& text : texts) definitions.Put(Create(Parse(text)));
  return ProblemsIn(definitions);
}

TEST(SnapshotTest, NothingCompiles) {
  const auto snapshot = Compile(Definitions(), {});
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ((*snapshot)->Find("spring"), nullptr);
  EXPECT_THAT((*snapshot)->running(), IsEmpty());
}

TEST(SnapshotTest, FindsEveryCampaignAndListsThoseThatRunById) {
  Definitions definitions = Shop();
  PutLaunched(Draft("b"), definitions);
  PutLaunched(Draft("a"), definitions);
  v1::Campaign paused = PutLaunched(Draft("c"), definitions);
  paused.set_state(v1::CAMPAIGN_STATE_PAUSED);
  Put(paused, definitions);
  Put(Draft("d"), definitions);
  const auto snapshot = MustCompile(definitions);
  EXPECT_EQ(snapshot->catalog_version(), 1);
  EXPECT_EQ(snapshot->schema().size(), 3);
  for (const char* id : {"a", "b", "c", "d"}) EXPECT_EQ(snapshot->Find(id)->id, id);
  EXPECT_THAT(snapshot->running(), ElementsAre(snapshot->Find("a"), snapshot->Find("b")));
}

TEST(SnapshotTest, EveryProblemOfEveryDefinitionIsReported) {
  EXPECT_THAT(
      ProblemsWith({"attribute { id: 'age' }", "segment { id: 'Old' condition { text: 'spend > 3' } }",
                    "layer { id: 'push' display_name: '" + std::string(201, 'x') + "' }",
                    "holdout { id: 'h' share_bp: 10001 campaigns: 'none' }",
                    "tiering { id: 't' tiers { id: 'all' } }"}),
      UnorderedElementsAre(StartsWith("attributes/age.type: "), StartsWith("segments/Old.id: "),
                           StartsWith("layers/push.display_name: "), StartsWith("holdouts/h.share_bp: 10001 is over"),
                           "holdouts/h.campaigns[0]: there is no campaign \"none\"", StartsWith("tierings/t.rules: ")));
}

TEST(SnapshotTest, DerivedAttributesAreCheckedAndCounted) {
  EXPECT_THAT(ProblemsWith({"attribute { id: 'x' type: ATTRIBUTE_TYPE_INT derivation { aggregate: AGGREGATE_SUM } }"}),
              ElementsAre("attributes/x.type: is INT, must be DOUBLE, the type of SUM"));
  std::vector<std::string> many;
  for (int i = 0; i <= 200; ++i) {
    many.push_back(absl::StrCat("attribute { id: 'd", i,
                                "' type: ATTRIBUTE_TYPE_INT derivation { aggregate: AGGREGATE_COUNT } }"));
  }
  EXPECT_THAT(ProblemsWith(many), ElementsAre("attributes/d99.derivation: at most 200 attributes can be derived"));
}

TEST(SnapshotTest, TierSharesOfAHoldoutNeedItsTiering) {
  EXPECT_THAT(ProblemsWith({"holdout { id: 'h' tier_shares { tier: 'gold' } }"}),
              ElementsAre("holdouts/h.tiering: is required where there are tier_shares"));
  EXPECT_THAT(
      ProblemsWith({"holdout { id: 'h' tiering: 'value' tier_shares { tier: 'golden' share_bp: 20000 } "
                    "tier_shares { tier: 'silver' } tier_shares { tier: 'silver' } }"}),
      UnorderedElementsAre("holdouts/h.tier_shares[0].tier: there is no tier of \"value\" named \"golden\"; did "
                           "you mean \"gold\"?",
                           StartsWith("holdouts/h.tier_shares[0].share_bp: 20000 is over"),
                           "holdouts/h.tier_shares[2].tier: has a share before, one is allowed"));
}

TEST(SnapshotTest, NoTwoDefinitionsShareASalt) {
  EXPECT_THAT(ProblemsWith({"layer { id: 'push' salt: 'layer:email' }"}),
              ElementsAre("layers/push.salt: is the salt of layers/email too; each needs its own"));
  EXPECT_THAT(ProblemsWith({"holdout { id: 'h' salt: 'layer:email' }"}), ElementsAre(HasSubstr("is the salt of")));
  Definitions definitions = Shop();
  Put(Draft("spring"), definitions);
  definitions.Put(Create(Parse("layer { id: 'push' salt: 'campaign:spring/1' }")));
  EXPECT_THAT(ProblemsIn(definitions),
              ElementsAre(StartsWith("layers/push.salt: continues the salt of campaigns/spring")));
}

TEST(SnapshotTest, TheSaltOfAConcludedCampaignMayBeUsedAgain) {
  Definitions definitions = Shop();
  v1::Campaign spring = Draft("spring");
  v1::Campaign again = Draft("again");
  again.set_salt(spring.salt());
  Put(spring, definitions);
  Put(again, definitions);
  EXPECT_THAT(ProblemsIn(definitions), ElementsAre(HasSubstr("is the salt of campaigns/again too")));
  spring.set_state(v1::CAMPAIGN_STATE_CONCLUDED);
  Put(spring, definitions);
  EXPECT_THAT(ProblemsIn(definitions), IsEmpty());
}

TEST(SnapshotTest, ADeletedAttributeThatALaunchedCampaignPinnedIsMissed) {
  Definitions definitions = Shop();
  definitions.Put(Create(Parse("segment { id: 'pro' condition { text: 'plan = \"pro\"' } }")));
  v1::Campaign draft = Draft("spring");
  *draft.mutable_audience() = Parse("segment { id: 's' condition { text: 'segment(pro)' } }").segment().condition();
  PutLaunched(draft, definitions);
  const std::map<int64_t, Definitions> pinned = {{1, definitions}};
  definitions.set_catalog_version(2);
  definitions.Remove("segments/pro");
  definitions.Remove("tierings/value");
  EXPECT_TRUE(Compile(definitions, pinned).ok()) << "what is pinned may go";
  definitions.Remove("attributes/plan");
  definitions.Remove("attributes/spend");
  std::vector<std::string> fields;
  for (const Problem& problem : ProblemsOf(Compile(definitions, pinned).status())) fields.push_back(problem.field);
  EXPECT_THAT(fields, UnorderedElementsAre("campaigns/spring.pinned_version.segments/pro.condition",
                                           "campaigns/spring.tiering.rules.rules[0].when",
                                           "campaigns/spring.tiering.rules.rules[1].when"));
}

TEST(SnapshotTest, APinnedVersionThatIsNotGivenIsInternal) {
  Definitions definitions = Shop();
  PutLaunched(Draft("spring"), definitions);
  definitions.set_catalog_version(2);
  EXPECT_EQ(Compile(definitions, {}).status().code(), absl::StatusCode::kInternal);
}

TEST(SnapshotTest, BucketsThatTwoCampaignsHoldAreAProblem) {
  Definitions definitions = Shop();
  for (const char* id : {"a", "b"}) {
    v1::Campaign draft = Draft(id);
    draft.mutable_layer()->set_layer("email");
    draft.mutable_layer()->set_share_bp(1'000);
    PutLaunched(draft, definitions);
  }
  EXPECT_THAT(ProblemsIn(definitions), IsEmpty());
  v1::Campaign b = *definitions.FindCampaign("b");
  b.mutable_layer()->mutable_ranges(0)->set_begin(999);
  Put(b, definitions);
  EXPECT_THAT(ProblemsIn(definitions),
              ElementsAre("campaigns/b.layer.ranges: bucket 999 of layer \"email\" is held by a too"));
}

}  // namespace
}  // namespace tierwise
