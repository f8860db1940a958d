// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/derivation_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/attribute_check.h"
#include "tests/experiments/audience/event_facts.h"

namespace tierwise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> ProblemsOfAttribute(const v1::Attribute& attribute) {
  Problems problems;
  CheckAttribute(attribute, "", problems);
  std::vector<std::string> found;
  for (const Problem& problem : problems.problems()) {
    found.push_back(absl::StrCat(problem.field, ": ", problem.description));
  }
  return found;
}

// Of an attribute derived as `derivation` says and of the type that goes with it.
std::vector<std::string> ProblemsOfDerivation(absl::string_view derivation) {
  return ProblemsOfAttribute(DerivedAttributeOf("a", absl::StrCat("aggregate: AGGREGATE_", derivation)));
}

TEST(DerivationCheckTest, EveryAggregateCanBeDeclared) {
  for (const absl::string_view derivation :
       {"COUNT", "SUM events: 'order'", "MEAN", "OCCURRED window { seconds: 3600 }", "REPEATED", "ACTIVE_DAYS",
        "SESSIONS", "SESSIONS session_gap { seconds: 60 }", "DISTINCT property: 'p'", "FAVOURITE property: 'p'",
        "FIRST_TIME", "LAST_TIME", "RECENCY_DAYS", "TENURE_DAYS", "RATIO denominator_events: 'e'",
        "RATIO denominator_events: 'e' ratio_of_sums: true", "TREND window { seconds: 315360000 }",
        "LIFE_CYCLE events: 'order'"}) {
    EXPECT_THAT(ProblemsOfDerivation(derivation), IsEmpty()) << derivation;
  }
}

TEST(DerivationCheckTest, AnAggregateIsRequired) {
  v1::Attribute attribute = DerivedAttributeOf("a", "events: 'order'");
  attribute.set_type(v1::ATTRIBUTE_TYPE_INT);
  const std::string required =
      "derivation.aggregate: is required: one of COUNT, SUM, MEAN, OCCURRED, REPEATED, ACTIVE_DAYS, SESSIONS, "
      "DISTINCT, "
      "FAVOURITE, FIRST_TIME, LAST_TIME, RECENCY_DAYS, TENURE_DAYS, RATIO, TREND, LIFE_CYCLE";
  EXPECT_THAT(ProblemsOfAttribute(attribute), ElementsAre(required));
  attribute.mutable_derivation()->set_aggregate(static_cast<v1::Aggregate>(99));
  EXPECT_THAT(ProblemsOfAttribute(attribute), ElementsAre(required));
}

TEST(DerivationCheckTest, TheTypeIsThatOfTheAggregate) {
  v1::Attribute attribute = DerivedAttributeOf("a", "aggregate: AGGREGATE_SUM");
  attribute.set_type(v1::ATTRIBUTE_TYPE_INT);
  EXPECT_THAT(ProblemsOfAttribute(attribute), ElementsAre("type: is INT, must be DOUBLE, the type of SUM"));
  EXPECT_EQ(AttributeTypeOf(v1::AGGREGATE_UNSPECIFIED), v1::ATTRIBUTE_TYPE_UNSPECIFIED);
}

TEST(DerivationCheckTest, SomeFieldsAreForSomeAggregatesOnly) {
  EXPECT_THAT(ProblemsOfDerivation("COUNT property: 'p' denominator_events: 'e' ratio_of_sums: true"
                                   " session_gap { seconds: 60 } life_cycle {}"),
              ElementsAre("derivation.property: is for DISTINCT and FAVOURITE only, the aggregate is COUNT",
                          "derivation.denominator_events: is for RATIO only, the aggregate is COUNT",
                          "derivation.ratio_of_sums: is for RATIO only, the aggregate is COUNT",
                          "derivation.session_gap: is for SESSIONS only, the aggregate is COUNT",
                          "derivation.life_cycle: is for LIFE_CYCLE only, the aggregate is COUNT"));
  EXPECT_THAT(ProblemsOfDerivation("LIFE_CYCLE events: 'order' window { seconds: 3600 }"),
              ElementsAre("derivation.window: is not for LIFE_CYCLE: set life_cycle instead"));
}

TEST(DerivationCheckTest, SomeAggregatesRequireAField) {
  EXPECT_THAT(ProblemsOfDerivation("DISTINCT"),
              ElementsAre("derivation.property: is required for DISTINCT and FAVOURITE"));
  EXPECT_THAT(ProblemsOfDerivation("RATIO"), ElementsAre("derivation.denominator_events: is required for RATIO"));
  EXPECT_THAT(ProblemsOfDerivation("TREND"), ElementsAre("derivation.window: is required for TREND"));
  EXPECT_THAT(ProblemsOfDerivation("LIFE_CYCLE"), ElementsAre(HasSubstr("derivation.events: is required")));
}

TEST(DerivationCheckTest, DurationsAreBounded) {
  EXPECT_THAT(ProblemsOfDerivation("COUNT window { seconds: 3599 }"),
              ElementsAre("derivation.window: is 3599s, allowed is 1h to 3650d"));
  EXPECT_THAT(ProblemsOfDerivation("COUNT window { seconds: 315360001 }"),
              ElementsAre("derivation.window: is 315360001s, allowed is 1h to 3650d"));
  EXPECT_THAT(ProblemsOfDerivation("COUNT window { seconds: -86400 }"),
              ElementsAre("derivation.window: is -1d, allowed is 1h to 3650d"));
  EXPECT_THAT(ProblemsOfDerivation("COUNT window { seconds: 3600 nanos: 1 }"),
              ElementsAre("derivation.window: must be a whole number of microseconds"));
  EXPECT_THAT(ProblemsOfDerivation("COUNT window { seconds: 3600 nanos: 1000000000 }"),
              ElementsAre(HasSubstr("derivation.window: has 1000000000 nanos")));
  EXPECT_THAT(ProblemsOfDerivation("SESSIONS session_gap { seconds: 90000 }"),
              ElementsAre("derivation.session_gap: is 25h, allowed is 1m to 1d"));
  EXPECT_THAT(ProblemsOfDerivation("LIFE_CYCLE events: 'order' life_cycle { new_for {} won_back_for { seconds: 1 } }"),
              ElementsAre("derivation.life_cycle.new_for: is 0s, allowed is 1h to 3650d",
                          "derivation.life_cycle.won_back_for: is 1s, allowed is 1h to 3650d"));
}

TEST(DerivationCheckTest, AUserIsNotDormantWhileActive) {
  EXPECT_THAT(
      ProblemsOfDerivation("LIFE_CYCLE events: 'order' life_cycle { active_for { seconds: 8640000 } }"),
      ElementsAre("derivation.life_cycle.active_for: active_for is 100d, at most dormant_after, 90d, is allowed"));
  EXPECT_THAT(
      ProblemsOfDerivation("LIFE_CYCLE events: 'order' life_cycle { dormant_after { seconds: 864000 } }"),
      ElementsAre("derivation.life_cycle.dormant_after: active_for is 30d, at most dormant_after, 10d, is allowed"));
}

TEST(DerivationCheckTest, NamesOfEventsAreTextsAndDistinct) {
  v1::Attribute attribute = DerivedAttributeOf("a", "aggregate: AGGREGATE_COUNT events: 'x' events: '' events: 'x'");
  attribute.mutable_derivation()->add_events(std::string(129, 'e'));
  EXPECT_THAT(ProblemsOfAttribute(attribute),
              ElementsAre("derivation.events[1]: is empty, 1 to 128 bytes are allowed",
                          "derivation.events[2]: is there already",
                          "derivation.events[3]: has 129 bytes, at most 128 are allowed"));
  attribute.mutable_derivation()->clear_events();
  for (int i = 0; i < 101; ++i) attribute.mutable_derivation()->add_events(absl::StrCat(i));
  EXPECT_THAT(ProblemsOfAttribute(attribute), ElementsAre("derivation.events: has 101 names, at most 100 are allowed"));
  v1::Attribute distinct = DerivedAttributeOf("a", "aggregate: AGGREGATE_DISTINCT");
  distinct.mutable_derivation()->set_property(std::string(129, 'p'));
  EXPECT_THAT(ProblemsOfAttribute(distinct),
              ElementsAre("derivation.property: has 129 bytes, at most 128 are allowed"));
}

TEST(DerivationCheckTest, EventsDecideWhichValuesThereAre) {
  v1::Attribute favourite = DerivedAttributeOf("a", "aggregate: AGGREGATE_FAVOURITE property: 'p'");
  favourite.add_allowed_values("hats");
  EXPECT_THAT(ProblemsOfAttribute(favourite),
              ElementsAre("allowed_values: is not for derived attributes: events decide which values there are"));
  v1::Attribute stage = DerivedAttributeOf("a", "aggregate: AGGREGATE_LIFE_CYCLE events: 'order'");
  for (const absl::string_view value : {"won_back", "new", "active", "cooling"})
    stage.add_allowed_values(std::string(value));
  EXPECT_THAT(ProblemsOfAttribute(stage),
              ElementsAre("allowed_values: must be the stages new, active, cooling, dormant, won_back, or empty"));
  stage.add_allowed_values("dormant");
  EXPECT_THAT(ProblemsOfAttribute(stage), IsEmpty());
}

TEST(DerivationCheckTest, ACatalogDerivesTwoHundredAttributesAtMost) {
  std::vector<v1::Attribute> attributes;
  for (int i = 100; i < 300; ++i)
    attributes.push_back(DerivedAttributeOf(absl::StrCat("a", i), "aggregate: AGGREGATE_COUNT"));
  Problems problems;
  CheckDerivedAttributes(DefinitionsOf(attributes), problems);
  EXPECT_TRUE(problems.empty());
  attributes.push_back(DerivedAttributeOf("z", "aggregate: AGGREGATE_COUNT"));
  CheckDerivedAttributes(DefinitionsOf(attributes), problems);
  EXPECT_THAT(problems.problems(),
              ElementsAre(Problem{"attributes/z.derivation", "at most 200 attributes can be derived"}));
}

TEST(DerivationCheckTest, EventsOfAnAttributeAreThoseThatItNames) {
  EXPECT_THAT(EventsOf(DerivedAttributeOf("a",
                                          "aggregate: AGGREGATE_RATIO events: 'x' events: 'y'"
                                          " denominator_events: 'y' denominator_events: 'z'")),
              ElementsAre("x", "y", "z"));
  EXPECT_THAT(EventsOf(DerivedAttributeOf("a", "aggregate: AGGREGATE_RATIO denominator_events: 'z'")),
              ElementsAre("z"));
  EXPECT_THAT(EventsOf(DerivedAttributeOf("a", "aggregate: AGGREGATE_COUNT")), IsEmpty());
  EXPECT_THAT(EventsOf(v1::Attribute()), IsEmpty());
}

}  // namespace
}  // namespace tierwise
