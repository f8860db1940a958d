// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/normalize.h"

#include <string>
#include <utility>
#include <vector>

#include "experiments/audience/tier_templates.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"

namespace tierwise {
namespace {

using google::protobuf::util::MessageDifferencer;

TEST(NormalizeTest, FillsInTheDefaultsOfACampaign) {
  const v1::Campaign campaign = Parse("campaign { id: 'spring' variants { id: 'a' } }").campaign();
  EXPECT_EQ(campaign.display_name(), "spring");
  EXPECT_EQ(campaign.salt(), "campaign:spring");
  EXPECT_EQ(campaign.traffic_share_bp(), 10'000u);
  EXPECT_EQ(campaign.variants(0).display_name(), "a");
}

TEST(NormalizeTest, KeepsWhatIsGiven) {
  const v1::Campaign campaign =
      Parse("campaign { id: 'spring' display_name: 'Spring' salt: 's' traffic_share_bp: 0 }").campaign();
  EXPECT_EQ(campaign.display_name(), "Spring");
  EXPECT_EQ(campaign.salt(), "s");
  EXPECT_TRUE(campaign.has_traffic_share_bp());
  EXPECT_EQ(campaign.traffic_share_bp(), 0u);
}

TEST(NormalizeTest, FillsInSaltsNamesAndTheDirection) {
  EXPECT_EQ(Parse("layer { id: 'email' }").layer().salt(), "layer:email");
  EXPECT_EQ(Parse("holdout { id: 'global' }").holdout().salt(), "holdout:global");
  EXPECT_EQ(Parse("metric { id: 'visit' }").metric().direction(), v1::DIRECTION_INCREASE);
  EXPECT_EQ(Parse("attribute { id: 'age' }").attribute().display_name(), "age");
  EXPECT_EQ(Parse("segment { id: 'vip' }").segment().display_name(), "vip");
  EXPECT_EQ(Parse("tiering { id: 'value' tiers { id: 'gold' } }").tiering().tiers(0).display_name(), "gold");
}

TEST(NormalizeTest, TheStagesOfALifeCycleAreItsAllowedValues) {
  const std::string stage = "attribute { id: 'stage' derivation { aggregate: AGGREGATE_LIFE_CYCLE }";
  EXPECT_THAT(Parse(stage + " }").attribute().allowed_values(),
              testing::ElementsAre("new", "active", "cooling", "dormant", "won_back"));
  EXPECT_EQ(Parse(stage + " allowed_values: 'new' }").attribute().allowed_values_size(), 1);
  EXPECT_EQ(Parse("attribute { id: 'taste' derivation { aggregate: AGGREGATE_FAVOURITE } }")
                .attribute()
                .allowed_values_size(),
            0);
}

TEST(NormalizeTest, GivesConditionsBothForms) {
  const v1::Tiering tiering =
      Parse("tiering { id: 'value' rules { rules { tier: 'gold' when { text: 'spend>=10' } } } }").tiering();
  EXPECT_EQ(tiering.rules().rules(0).when().text(), "spend >= 10");
  EXPECT_TRUE(tiering.rules().rules(0).when().tree().has_comparison());
  EXPECT_TRUE(Parse("campaign { id: 'c' audience { text: 'a is set' } }").campaign().audience().tree().has_presence());
}

TEST(NormalizeTest, NamesTheFieldOfAConditionThatCannotBeRead) {
  const auto field = [](const std::string& text) {
    v1::Definition definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition));
    Problems problems;
    Normalize(definition, problems);
    return problems.empty() ? "" : problems.problems()[0].field;
  };
  EXPECT_EQ(field("segment { id: 'vip' condition { text: 'spend >' } }"), "segments/vip.condition");
  EXPECT_EQ(field("campaign { id: 'c' audience { text: 'and' } }"), "campaigns/c.audience");
  EXPECT_EQ(field("tiering { id: 't' rules { rules { when { text: 'a = 1' } } rules { when { text: '(' } } } }"),
            "tierings/t.rules.rules[1].when");
}

TEST(NormalizeTest, ADefinitionHasAKind) {
  v1::Definition none;
  Problems problems;
  Normalize(none, problems);
  EXPECT_EQ(problems.problems().size(), 1u);
}

TEST(NormalizeTest, DoingItAgainChangesNothing) {
  Definitions shop = Shop();
  Put(Draft("spring"), shop);
  shop.Put(Parse("segment { id: 'vip' condition { text: 'not(spend<3 or country in[\"CN\"])' } }"));
  for (const absl::string_view name : kTierTemplates) {
    const std::vector<v1::Definition> made = TierTemplate(name, "purchase").value();
    for (v1::Definition definition : made) {
      Problems problems;
      Normalize(definition, problems);
      shop.Put(std::move(definition));
    }
  }
  for (const auto& [name, definition] : shop.all()) {
    v1::Definition again = *definition;
    Problems problems;
    Normalize(again, problems);
    EXPECT_TRUE(problems.empty());
    EXPECT_TRUE(MessageDifferencer::Equals(again, *definition)) << name;
  }
}

}  // namespace
}  // namespace tierwise
