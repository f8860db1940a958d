// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/tiering_program.h"
#include "tests/experiments/audience/audience_definitions.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Tiering TieringOf(const std::vector<std::string>& tiers,
                      const std::vector<std::pair<std::string, std::string>>& rules, absl::string_view otherwise) {
  v1::Tiering tiering;
  tiering.set_id("value");
  for (const std::string& tier : tiers) tiering.add_tiers()->set_id(tier);
  for (const auto& [tier, when] : rules) {
    v1::TierRule* rule = tiering.mutable_rules()->add_rules();
    rule->set_tier(tier);
    *rule->mutable_when() = ConditionOf(when);
  }
  tiering.mutable_rules()->set_otherwise(std::string(otherwise));
  return tiering;
}

v1::Tiering ValueTiering() {
  return TieringOf({"gold", "silver", "basic"},
                   {{"gold", "spend >= 500"}, {"silver", "spend >= 100"}, {"gold", "is_member = true"}}, "basic");
}

std::vector<std::string> ProblemsOfTiering(const v1::Tiering& tiering) {
  Problems problems;
  CheckTiering(tiering, AudienceDefinitions(), "tiering", problems);
  std::vector<std::string> found;
  for (const Problem& problem : problems.problems()) {
    found.push_back(absl::StrCat(problem.field, ": ", problem.description));
  }
  return found;
}

class TieringProgramTest : public testing::Test {
 protected:
  std::string TierOf(const v1::Tiering& tiering) const {
    const TieringProgram program(tiering, schema_, definitions_);
    return program.tiers()[static_cast<size_t>(program.TierOf(user_, 0))];
  }
  std::string Explain(const v1::Tiering& tiering) const {
    return TieringProgram(tiering, schema_, definitions_).Explain(user_, 0);
  }

  Definitions definitions_ = AudienceDefinitions();
  AttributeSchema schema_{definitions_};
  UserAttributes user_{schema_};
};

TEST_F(TieringProgramTest, TheFirstRuleThatHoldsDecides) {
  user_.SetDouble(*schema_.SlotOf("spend"), 500);
  EXPECT_EQ(TierOf(ValueTiering()), "gold");
  user_.SetDouble(*schema_.SlotOf("spend"), 100);
  user_.SetBool(*schema_.SlotOf("is_member"), true);
  EXPECT_EQ(TierOf(ValueTiering()), "silver");
  EXPECT_EQ(Explain(ValueTiering()), "rule 2 of 3 leads to tier silver: spend >= 100 is true: spend is 100.0");
  user_.SetDouble(*schema_.SlotOf("spend"), 99);
  EXPECT_EQ(TierOf(ValueTiering()), "gold");
}

TEST_F(TieringProgramTest, EveryoneElseIsInTheCatchAll) {
  EXPECT_EQ(TierOf(ValueTiering()), "basic");
  EXPECT_EQ(Explain(ValueTiering()), "none of 3 rules holds: everyone else is in tier basic");
  EXPECT_EQ(TierOf(TieringOf({"all"}, {}, "all")), "all");
}

TEST(TieringCheckTest, AcceptsAWholeTiering) {
  EXPECT_THAT(ProblemsOfTiering(ValueTiering()), IsEmpty());
  EXPECT_THAT(ProblemsOfTiering(TieringOf({"all"}, {}, "all")), IsEmpty());
}

TEST(TieringCheckTest, EveryProblemIsReported) {
  v1::Tiering tiering = TieringOf({"gold", "silver", "gold", "Basic", "bronze"},
                                  {{"gold", "spend = true"}, {"sliver", "spend >= 100"}, {"", "age > 5"}}, "basic");
  tiering.mutable_rules()->add_rules()->set_tier("gold");
  tiering.set_id("");
  tiering.set_display_name(std::string(201, 'x'));
  tiering.mutable_tiers(0)->set_description(std::string(4'001, 'x'));
  EXPECT_THAT(
      ProblemsOfTiering(tiering),
      ElementsAre(
          "tiering.id: is required", "tiering.display_name: has 201 bytes, at most 200 are allowed",
          "tiering.tiers[0].description: has 4001 bytes, at most 4000 are allowed",
          "tiering.tiers[2].id: \"gold\" is the id of another tier too",
          "tiering.tiers[3].id: \"Basic\" is not an id: a lower-case letter, then at most 62 lower-case letters, "
          "digits, _ and -",
          "tiering.rules.rules[0].when: column 9: spend is DOUBLE, but the literal is a bool",
          "tiering.rules.rules[1].tier: unknown tier \"sliver\"; did you mean \"silver\"?",
          "tiering.rules.rules[2].tier: is required", "tiering.rules.rules[3].when: column 1: a condition is required",
          "tiering.rules.otherwise: unknown tier \"basic\"; did you mean \"Basic\"?",
          "tiering.tiers[1]: is empty: no rule leads to it, nor is it the tier of everyone else",
          "tiering.tiers[3]: is empty: no rule leads to it, nor is it the tier of everyone else",
          "tiering.tiers[4]: is empty: no rule leads to it, nor is it the tier of everyone else"));
}

TEST(TieringCheckTest, MethodAndTiersAreRequired) {
  v1::Tiering tiering;
  tiering.set_id("value");
  EXPECT_THAT(ProblemsOfTiering(tiering), ElementsAre("tiering.tiers: has 0 tiers, 1 to 64 are allowed",
                                                      "tiering.rules: is required, or one of quantiles and rfm"));
}

TEST(TieringCheckTest, NumbersOfTiersAndRulesAreLimited) {
  v1::Tiering tiering = TieringOf({}, {}, "t0");
  for (int i = 0; i < 65; ++i) tiering.add_tiers()->set_id(absl::StrCat("t", i));
  for (int i = 0; i < 257; ++i) {
    tiering.mutable_rules()->add_rules()->set_tier("t1");
  }
  EXPECT_THAT(ProblemsOfTiering(tiering), ElementsAre("tiering.tiers: has 65 tiers, 1 to 64 are allowed",
                                                      "tiering.rules.rules: has 257 rules, at most 256 are allowed"));
}

}  // namespace
}  // namespace tierwise
