// SPDX-License-Identifier: Apache-2.0
#include "server/services/policy_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/text_format.h"

namespace tierwise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::Attribute AttributeOf(const std::string& id, v1::AttributeType type) {
  v1::Attribute attribute;
  attribute.set_id(id);
  attribute.set_type(type);
  return attribute;
}

class PolicyRuleTest : public testing::Test {
 protected:
  PolicyRuleTest() {
    for (const char* id : {"none", "five", "ten"}) launched_.campaign.add_variants()->set_id(id);
    launched_.campaign.mutable_variants(0)->set_control(true);
    for (const char* id : {"head", "waist", "tail"}) launched_.tiering.add_tiers()->set_id(id);
    v1::Definition definition;
    *definition.mutable_attribute() = AttributeOf("orders", v1::ATTRIBUTE_TYPE_INT);
    auto definitions = std::make_shared<Definitions>();
    definitions->Put(definition);
    launched_.definitions = definitions;
    schema_ = AttributeSchema(*definitions);
  }

  absl::StatusOr<PolicyRule> Compile(const std::string& text) const {
    v1::OfferRule rule;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &rule)) << text;
    return PolicyRule::Compile(rule, launched_, schema_);
  }

  size_t ArmOf(const PolicyRule& rule, size_t tier, std::optional<int64_t> orders = std::nullopt) const {
    UserAttributes user(schema_);
    if (orders.has_value()) user.SetInt(*schema_.SlotOf("orders"), *orders);
    return rule.ArmOf(tier, user, 0);
  }

  LaunchedCampaign launched_;
  AttributeSchema schema_;
};

TEST_F(PolicyRuleTest, TheFirstBranchThatFitsDecides) {
  const PolicyRule rule = Compile(R"pb(branches { tiers: "waist" when: "orders >= 2" variant: "ten" }
                                       branches { tiers: "waist" tiers: "tail" variant: "five" })pb")
                              .value();
  EXPECT_TRUE(rule.NeedsAttributes());
  EXPECT_EQ(ArmOf(rule, 1, 2), 2u);
  EXPECT_EQ(ArmOf(rule, 1, 1), 1u);
  EXPECT_EQ(ArmOf(rule, 1), 1u) << "what is not known does not hold";
  EXPECT_EQ(ArmOf(rule, 2, 9), 1u);
  EXPECT_EQ(ArmOf(rule, 0, 9), 0u) << "whom no branch takes gets the control";
}

TEST_F(PolicyRuleTest, EveryMistakeNamesItsField) {
  const std::string error(Compile(R"pb(branches { tiers: "head" variant: "tenn" }
                                       branches { tiers: "taill" when: "orderz > 1" variant: "ten" })pb")
                              .status()
                              .message());
  EXPECT_THAT(error, HasSubstr("rule.branches[0].variant: there is no variant \"tenn\""));
  EXPECT_THAT(error, HasSubstr("rule.branches[1].tiers[0]: there is no tier \"taill\""));
  EXPECT_THAT(error, HasSubstr("rule.branches[1].when"));
  EXPECT_THAT(std::string(Compile("").status().message()), HasSubstr("rule.branches: has 0 branches"));
}

TEST_F(PolicyRuleTest, ATreeIsWrittenAsARuleThatDecidesAlike) {
  // Tail? then (orders <= 1? five : ten), else none.
  PolicyTree tree;
  tree.nodes.resize(5);
  tree.nodes[0] = {false, 0, {1, true, 2.0}, 1, 2};
  tree.nodes[1] = {false, 0, {0, false, 1.5}, 3, 4};
  tree.nodes[2] = {true, 0, {}, 0, 0};
  tree.nodes[3] = {true, 1, {}, 0, 0};
  tree.nodes[4] = {true, 2, {}, 0, 0};
  const v1::OfferRule rule = RuleOf(tree, launched_, {AttributeOf("orders", v1::ATTRIBUTE_TYPE_INT)}, {{}});
  ASSERT_EQ(rule.branches_size(), 3);
  EXPECT_EQ(rule.branches(0).when(), "orders <= 1");
  EXPECT_THAT(rule.branches(0).tiers(), ElementsAre("tail"));
  EXPECT_EQ(rule.branches(1).variant(), "ten");
  EXPECT_THAT(rule.branches(1).tiers(), ElementsAre("tail"));
  EXPECT_TRUE(rule.branches(2).tiers().empty());
  const PolicyRule compiled = PolicyRule::Compile(rule, launched_, schema_).value();
  EXPECT_EQ(ArmOf(compiled, 2, 1), 1u);
  EXPECT_EQ(ArmOf(compiled, 2, 2), 2u);
  EXPECT_EQ(ArmOf(compiled, 2), 2u) << "who lacks the attribute answers no";
  EXPECT_EQ(ArmOf(compiled, 0, 1), 0u);
}

TEST_F(PolicyRuleTest, CategoriesAndFlagsAreWrittenAsConditions) {
  PolicyTree tree;
  tree.nodes.resize(5);
  tree.nodes[0] = {false, 0, {0, true, 1.0}, 1, 2};
  tree.nodes[1] = {true, 1, {}, 0, 0};
  tree.nodes[2] = {false, 0, {1, false, 0.5}, 3, 4};
  tree.nodes[3] = {true, 2, {}, 0, 0};
  tree.nodes[4] = {true, 0, {}, 0, 0};
  const v1::OfferRule rule =
      RuleOf(tree, launched_,
             {AttributeOf("country", v1::ATTRIBUTE_TYPE_STRING), AttributeOf("is_member", v1::ATTRIBUTE_TYPE_BOOL)},
             {{"CN", "S\"G"}, {}});
  EXPECT_EQ(rule.branches(0).when(), "country == \"S\\\"G\"");
  EXPECT_EQ(rule.branches(1).when(), "is_member == false");
}

}  // namespace
}  // namespace tierwise
