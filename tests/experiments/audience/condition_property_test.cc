// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/condition_program.h"
#include "experiments/audience/condition_text.h"
#include "experiments/audience/tiering_program.h"
#include "tests/experiments/audience/audience_definitions.h"
#include "tests/experiments/audience/naive_evaluation.h"
#include "tests/experiments/audience/random_conditions.h"

namespace tierwise {
namespace {

using ::google::protobuf::util::MessageDifferencer;

v1::Condition ConditionWith(v1::ConditionNode tree) {
  v1::Condition condition;
  *condition.mutable_tree() = std::move(tree);
  Problems problems;
  NormalizeCondition(condition, "", problems);
  EXPECT_TRUE(problems.empty()) << problems.ToStatus();
  return condition;
}

UserAttributes AttributesOf(const KnownValues& user, const AttributeSchema& schema) {
  UserAttributes attributes(schema);
  for (const auto& [attribute, value] : user) EXPECT_TRUE(attributes.Set(schema, value).ok());
  return attributes;
}

TEST(ConditionPropertyTest, TextAndTreeAreLosslessBothWays) {
  const Definitions definitions = AudienceDefinitions();
  int accepted = 0;
  for (uint64_t seed = 0; seed < 20'000; ++seed) {
    const v1::ConditionNode tree = RandomConditions(seed).Tree(1 + static_cast<int>(seed % 6), true);
    const std::string text = PrintCondition(tree);
    Problems problems;
    CheckCondition(ConditionWith(tree), definitions, "", problems);
    ASSERT_TRUE(problems.empty()) << text << "\n" << problems.ToStatus();
    const auto parsed = ParseCondition(text);
    ASSERT_TRUE(parsed.ok()) << text << "\n" << parsed.status();
    ASSERT_TRUE(MessageDifferencer::Equals(*parsed, tree)) << text << "\n" << tree.DebugString();
    ASSERT_EQ(parsed->SerializeAsString(), tree.SerializeAsString()) << text;
    ASSERT_EQ(PrintCondition(*parsed), text);
    accepted += tree.has_all_of() || tree.has_any_of() ? 1 : 0;
  }
  EXPECT_GT(accepted, 2'000) << "trees that are lists";
}

TEST(ConditionPropertyTest, NoParenthesesCanBeLeftOut) {
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    const std::string text = PrintCondition(RandomConditions(seed).Tree(5, false));
    const auto tree = ParseCondition(text);
    ASSERT_TRUE(tree.ok()) << text;
    std::vector<size_t> open;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '(') open.push_back(i);
      if (text[i] != ')') continue;
      std::string without = text;
      without[i] = ' ';
      without[open.back()] = ' ';
      open.pop_back();
      const auto other = ParseCondition(without);
      ASSERT_FALSE(other.ok() && MessageDifferencer::Equals(*other, *tree)) << text << "\n" << without;
    }
  }
}

TEST(ConditionPropertyTest, DamagedTextIsAnErrorWithColumnsOrACondition) {
  constexpr absl::string_view kPieces[] = {"(",  ")", "[",   "]", ",", "and", "or", "not",
                                           "\"", "=", "now", "-", "5", " ",   "\\", "in"};
  int errors = 0;
  for (uint64_t seed = 0; seed < 20'000; ++seed) {
    RandomConditions random(seed);
    std::string text = PrintCondition(random.Tree(4, false));
    for (int i = 1 + random.Below(3); i > 0; --i) {
      const size_t at = static_cast<size_t>(random.Below(static_cast<int>(text.size()) + 1));
      const size_t length = static_cast<size_t>(random.Below(4));
      text = absl::StrCat(text.substr(0, at), random.Below(2) == 0 ? "" : kPieces[random.Below(std::size(kPieces))],
                          at + length < text.size() ? text.substr(at + length) : "");
    }
    const auto tree = ParseCondition(text);
    if (tree.ok()) {
      const std::string canonical = PrintCondition(*tree);
      const auto again = ParseCondition(canonical);
      ASSERT_TRUE(again.ok()) << canonical;
      ASSERT_TRUE(MessageDifferencer::Equals(*again, *tree)) << text;
      continue;
    }
    ++errors;
    ASSERT_FALSE(ProblemsOf(tree.status()).empty());
    for (const Problem& problem : ProblemsOf(tree.status())) {
      ASSERT_TRUE(absl::StartsWith(problem.description, "column ")) << text;
    }
  }
  EXPECT_GT(errors, 5'000);
}

TEST(ConditionPropertyTest, ProgramsMeanWhatTheirTreesMean) {
  Definitions definitions = AudienceDefinitions();
  std::vector<std::string> segments;
  for (uint64_t i = 0; i < 6; ++i) {
    v1::Definition definition;
    definition.mutable_segment()->set_id(absl::StrCat("s", i));
    *definition.mutable_segment()->mutable_condition() =
        ConditionWith(RandomConditions(1'000'000 + i).Tree(3, false, segments));
    definitions.Put(std::move(definition));
    segments.push_back(absl::StrCat("s", i));
  }
  const AttributeSchema schema(definitions);
  int64_t held = 0;
  int64_t evaluated = 0;
  for (uint64_t seed = 0; seed < 5'000; ++seed) {
    RandomConditions random(seed);
    const v1::ConditionNode tree = random.Tree(5, false, segments);
    Problems problems;
    CheckCondition(ConditionWith(tree), definitions, "", problems);
    ASSERT_TRUE(problems.empty()) << problems.ToStatus();
    const ConditionProgram program(tree, schema, definitions);
    for (int i = 0; i < 20; ++i) {
      const KnownValues user = random.User();
      const int64_t now_micros = random.NowMicros();
      const bool expected = EvaluateNaively(tree, user, definitions, now_micros);
      ASSERT_EQ(program.Evaluate(AttributesOf(user, schema), now_micros), expected)
          << PrintCondition(tree) << "\n"
          << program.Explain(AttributesOf(user, schema), now_micros);
      held += expected ? 1 : 0;
      ++evaluated;
    }
  }
  EXPECT_GT(held, evaluated / 5);
  EXPECT_LT(held, evaluated * 4 / 5);
}

TEST(TieringPropertyTest, EveryUserIsInTheTierOfTheFirstRuleThatHolds) {
  const Definitions definitions = AudienceDefinitions();
  const AttributeSchema schema(definitions);
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    RandomConditions random(seed);
    v1::Tiering tiering;
    tiering.set_id("value");
    const int tiers = 1 + random.Below(5);
    for (int i = 0; i < tiers; ++i) {
      tiering.add_tiers()->set_id(absl::StrCat("t", i));
      v1::TierRule& rule = *tiering.mutable_rules()->add_rules();
      rule.set_tier(absl::StrCat("t", i));
      *rule.mutable_when() = ConditionWith(random.Tree(3, false));
    }
    tiering.mutable_rules()->set_otherwise(absl::StrCat("t", random.Below(tiers)));
    Problems problems;
    CheckTiering(tiering, definitions, "", problems);
    ASSERT_TRUE(problems.empty()) << problems.ToStatus();
    const TieringProgram program(tiering, schema, definitions);
    for (int i = 0; i < 20; ++i) {
      const KnownValues user = random.User();
      const int64_t now_micros = random.NowMicros();
      std::string expected = tiering.rules().otherwise();
      for (int rule = tiers - 1; rule >= 0; --rule) {
        const v1::TierRule& candidate = tiering.rules().rules(rule);
        if (EvaluateNaively(candidate.when().tree(), user, definitions, now_micros)) expected = candidate.tier();
      }
      const int tier = program.TierOf(AttributesOf(user, schema), now_micros);
      ASSERT_GE(tier, 0);
      ASSERT_LT(tier, tiers);
      ASSERT_EQ(program.tiers()[static_cast<size_t>(tier)], expected)
          << tiering.DebugString() << program.Explain(AttributesOf(user, schema), now_micros);
    }
  }
}

}  // namespace
}  // namespace tierwise
