// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_templates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "experiments/audience/attribute_check.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/base/definitions.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A template put into a catalog of its own, which must be right.
struct Made {
  explicit Made(absl::string_view name) {
    const auto made = TierTemplate(name, "purchase");
    EXPECT_TRUE(made.ok()) << made.status();
    for (const v1::Definition& definition : *made) {
      names.push_back(NameOf(definition));
      if (definition.has_tiering()) tiering = definition.tiering();
      definitions.Put(definition);
    }
    Problems problems;
    for (const v1::Definition& definition : *made) {
      if (definition.has_attribute()) CheckAttribute(definition.attribute(), NameOf(definition), problems);
      if (definition.has_tiering()) CheckTiering(definition.tiering(), definitions, NameOf(definition), problems);
    }
    EXPECT_TRUE(problems.empty()) << problems.ToStatus();
    schema = AttributeSchema(definitions);
  }

  std::string TierOf(const UserAttributes& user) const {
    const TieringProgram program(tiering, schema, definitions);
    return program.tiers()[static_cast<size_t>(program.TierOf(user, 0))];
  }

  Definitions definitions;
  AttributeSchema schema;
  v1::Tiering tiering;
  std::vector<std::string> names;
};

TEST(TierTemplatesTest, EachIsWholeAndNamedAsItIs) {
  for (const absl::string_view name : kTierTemplates) {
    const Made made(name);
    EXPECT_EQ(made.names.back(), absl::StrCat("tierings/", name));
    for (const auto& [id, definition] : made.definitions.all()) {
      if (definition->has_attribute()) {
        EXPECT_THAT(definition->attribute().derivation().events(), ElementsAre("purchase"));
      }
    }
  }
}

TEST(TierTemplatesTest, SharedAttributesAreTheSame) {
  const Made value("value");
  const Made rfm("rfm");
  EXPECT_EQ(value.definitions.Find("attributes/spend_12m")->SerializeAsString(),
            rfm.definitions.Find("attributes/spend_12m")->SerializeAsString());
}

TEST(TierTemplatesTest, EveryStageHasItsTier) {
  const Made made("life-cycle");
  for (const char* stage : {"new", "active", "won_back", "cooling", "dormant"}) {
    UserAttributes user(made.schema);
    user.SetString(*made.schema.SlotOf("life_cycle"), stage);
    EXPECT_EQ(made.TierOf(user), stage);
  }
  EXPECT_EQ(made.TierOf(UserAttributes(made.schema)), "prospect");
}

TEST(TierTemplatesTest, EveryCombinationOfScoresHasAGroup) {
  Made made("rfm");
  v1::RfmCuts& cuts = *made.tiering.mutable_rfm()->mutable_cuts();
  for (const double cut : {4, 3, 2, 1}) cuts.add_recency(cut);
  for (const double cut : {2, 3, 4, 5}) cuts.add_frequency(cut);
  for (const double cut : {2, 3, 4, 5}) cuts.add_monetary(cut);
  const auto group = [&](int recency, int frequency, int monetary) {
    UserAttributes user(made.schema);
    user.SetDouble(*made.schema.SlotOf("recency_days"), 5 - recency);
    user.SetInt(*made.schema.SlotOf("orders_12m"), frequency);
    user.SetDouble(*made.schema.SlotOf("spend_12m"), monetary);
    return made.TierOf(user);
  };
  for (int recency = 1; recency <= 5; ++recency) {
    for (int frequency = 1; frequency <= 5; ++frequency) {
      for (int monetary = 1; monetary <= 5; ++monetary) {
        EXPECT_NE(group(recency, frequency, monetary), "prospects") << recency << frequency << monetary;
      }
    }
  }
  EXPECT_EQ(group(5, 5, 5), "champions");
  EXPECT_EQ(group(5, 5, 1), "loyal");
  EXPECT_EQ(group(5, 1, 5), "new-customers");
  EXPECT_EQ(group(4, 1, 5), "promising");
  EXPECT_EQ(group(4, 3, 3), "potential-loyalists");
  EXPECT_EQ(group(3, 3, 3), "need-attention");
  EXPECT_EQ(group(3, 1, 3), "about-to-sleep");
  EXPECT_EQ(group(1, 5, 1), "cant-lose");
  EXPECT_EQ(group(2, 4, 5), "cant-lose");
  EXPECT_EQ(group(2, 4, 4), "at-risk");
  EXPECT_EQ(group(2, 1, 5), "hibernating");
  EXPECT_EQ(group(1, 2, 1), "lost");
  EXPECT_EQ(made.TierOf(UserAttributes(made.schema)), "prospects");
}

TEST(TierTemplatesTest, BadNamesGetOneError) {
  const auto status = TierTemplate("vaule", "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(status.message()),
      HasSubstr("template: unknown template \"vaule\"; there are value, life-cycle, rfm; did you mean \"value\"?"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("event: is required"));
  EXPECT_FALSE(TierTemplate("value", std::string(129, 'x')).ok());
  EXPECT_FALSE(TierTemplate("value", "\xff").ok());
}

}  // namespace
}  // namespace tierwise
