// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tiering_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/tiering_program.h"
#include "tests/experiments/audience/audience_definitions.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Tiering ByQuantiles(const std::string& attribute, const std::vector<double>& cuts) {
  v1::Tiering tiering;
  tiering.set_id("value");
  for (const char* tier : {"head", "waist", "tail"}) tiering.add_tiers()->set_id(tier);
  tiering.mutable_quantiles()->set_attribute(attribute);
  for (const uint32_t share : {1'000U, 5'000U, 10'000U}) tiering.mutable_quantiles()->add_up_to_bp(share);
  for (const double cut : cuts) tiering.mutable_quantiles()->add_cuts(cut);
  return tiering;
}

v1::Tiering ByScores() {
  v1::Tiering tiering;
  tiering.set_id("scores");
  for (const char* tier : {"best", "fading", "rest"}) tiering.add_tiers()->set_id(tier);
  v1::TierRfm& rfm = *tiering.mutable_rfm();
  rfm.set_recency("age");
  rfm.set_frequency("age");
  rfm.set_monetary("spend");
  rfm.set_otherwise("rest");
  v1::RfmGroup* group = rfm.add_groups();
  group->set_tier("best");
  group->set_min_recency(4);
  group->set_min_monetary(5);
  group = rfm.add_groups();
  group->set_tier("fading");
  group->set_max_recency(2);
  group->set_min_frequency(1);
  group->set_max_frequency(5);
  group->set_max_monetary(1);
  for (const double cut : {40, 30, 20, 10}) rfm.mutable_cuts()->add_recency(cut);
  for (const double cut : {2, 3, 4, 5}) rfm.mutable_cuts()->add_frequency(cut);
  for (const double cut : {1.5, 2.5, 3.5, 4.5}) rfm.mutable_cuts()->add_monetary(cut);
  return tiering;
}

class TieringRulesTest : public testing::Test {
 protected:
  // Each as "tier if condition", the last one "tier".
  std::vector<std::string> Rules(const v1::Tiering& tiering, const CutShift& shift = {}) const {
    const v1::TierRules rules = ShiftedRules(tiering, schema_, shift);
    std::vector<std::string> texts;
    for (const v1::TierRule& rule : rules.rules()) {
      texts.push_back(absl::StrCat(rule.tier(), " if ", rule.when().text()));
      // Both forms are there, and what a person could have written.
      v1::Condition condition = rule.when();
      Problems problems;
      NormalizeCondition(condition, "when", problems);
      CheckCondition(condition, definitions_, "when", problems);
      EXPECT_TRUE(problems.empty()) << problems.ToStatus();
    }
    texts.push_back(rules.otherwise());
    return texts;
  }

  Definitions definitions_ = AudienceDefinitions();
  AttributeSchema schema_{definitions_};
};

TEST_F(TieringRulesTest, QuantilesAreComparisonsWithTheirCuts) {
  EXPECT_THAT(Rules(ByQuantiles("spend", {100, 50.5})),
              ElementsAre("head if spend >= 100.0", "waist if spend >= 50.5", "tail if spend is set", "tail"));
  EXPECT_THAT(Rules(ByQuantiles("age", {60, 30})),
              ElementsAre("head if age >= 60", "waist if age >= 30", "tail if age is set", "tail"));
  v1::Tiering ascending = ByQuantiles("age", {30, 60});
  ascending.mutable_quantiles()->set_ascending(true);
  EXPECT_THAT(Rules(ascending), ElementsAre("head if age <= 30", "waist if age <= 60", "tail if age is set", "tail"));
}

TEST_F(TieringRulesTest, UsersWithoutAValueCanHaveATier) {
  v1::Tiering tiering = ByQuantiles("spend", {100});
  tiering.mutable_quantiles()->clear_up_to_bp();
  tiering.mutable_quantiles()->add_up_to_bp(1'000);
  tiering.mutable_quantiles()->add_up_to_bp(10'000);
  tiering.mutable_quantiles()->set_missing_tier("waist");
  EXPECT_THAT(Rules(tiering), ElementsAre("head if spend >= 100.0", "tail if spend is set", "waist"));
}

TEST_F(TieringRulesTest, ScoresAreComparisonsWithTheirCuts) {
  EXPECT_THAT(Rules(ByScores()),
              ElementsAre("rest if age is not set or age is not set or spend is not set",
                          "best if age <= 20 and spend >= 4.5", "fading if age > 30 and spend < 1.5", "rest"));
}

TEST_F(TieringRulesTest, BeforeTheFirstRefreshEveryoneIsInOneTier) {
  EXPECT_TRUE(LacksCuts(ByQuantiles("spend", {})));
  EXPECT_THAT(Rules(ByQuantiles("spend", {})), ElementsAre("tail"));
  v1::Tiering scores = ByScores();
  EXPECT_FALSE(LacksCuts(scores));
  scores.mutable_rfm()->clear_cuts();
  EXPECT_TRUE(LacksCuts(scores));
  EXPECT_THAT(Rules(scores), ElementsAre("rest"));
  EXPECT_FALSE(LacksCuts(ByQuantiles("spend", {2, 1})));
  v1::Tiering rules;
  rules.mutable_rules()->set_otherwise("all");
  EXPECT_FALSE(LacksCuts(rules));
  EXPECT_THAT(Rules(rules), ElementsAre("all"));
}

TEST_F(TieringRulesTest, CutsMoveByAShareOfTheirSize) {
  EXPECT_THAT(Rules(ByQuantiles("spend", {100, -50}), {{1, 0, 0}, 0.5}),
              ElementsAre("head if spend >= 150.0", "waist if spend >= -25.0", "tail if spend is set", "tail"));
  EXPECT_THAT(Rules(ByQuantiles("spend", {100, -50}), {{-1, 0, 0}, 0.5}),
              ElementsAre("head if spend >= 50.0", "waist if spend >= -75.0", "tail if spend is set", "tail"));
  // Whole numbers: the comparison that means the same.
  EXPECT_THAT(Rules(ByQuantiles("age", {5, 3}), {{1, 0, 0}, 0.1}),
              ElementsAre("head if age >= 6", "waist if age >= 4", "tail if age is set", "tail"));
  EXPECT_THAT(Rules(ByScores(), {{1, 0, -1}, 0.1}),
              ElementsAre("rest if age is not set or age is not set or spend is not set",
                          "best if age <= 18 and spend >= 4.05", "fading if age > 27 and spend < 1.35", "rest"));
}

TEST_F(TieringRulesTest, ProgramsAndTheirWordsFollow) {
  const v1::Tiering tiering = ByQuantiles("spend", {100, 50});
  const TieringProgram program(tiering, schema_, definitions_);
  UserAttributes user(schema_);
  EXPECT_EQ(program.Explain(user, 0), "none of 3 rules holds: everyone else is in tier tail");
  user.SetDouble(*schema_.SlotOf("spend"), 70);
  EXPECT_EQ(program.tiers()[static_cast<size_t>(program.TierOf(user, 0))], "waist");
  EXPECT_EQ(program.Explain(user, 0), "rule 2 of 3 leads to tier waist: spend >= 50.0 is true: spend is 70.0");
  EXPECT_THAT(program.slots(), ElementsAre(*schema_.SlotOf("spend")));
}

TEST_F(TieringRulesTest, AttributesAreFoundThroughSegments) {
  PutSegment("inner", "age > 5 or not (tags contains \"x\")", definitions_);
  PutSegment("outer", "segment(inner) and country in [\"CN\"]", definitions_);
  EXPECT_THAT(AttributesOf(ConditionOf("segment(outer) or spend between 1 and 2 or plan is set"), definitions_),
              ElementsAre("age", "country", "plan", "spend", "tags"));
  v1::Tiering tiering;
  *tiering.mutable_rules()->add_rules()->mutable_when() = ConditionOf("segment(inner)");
  EXPECT_THAT(AttributesOf(tiering, definitions_), ElementsAre("age", "tags"));
  EXPECT_THAT(AttributesOf(ByQuantiles("spend", {}), definitions_), ElementsAre("spend"));
  EXPECT_THAT(AttributesOf(ByScores(), definitions_), ElementsAre("age", "spend"));
  EXPECT_THAT(AttributesOf(ConditionOf("true"), definitions_), IsEmpty());
}

}  // namespace
}  // namespace tierwise
