// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_limits.h"
#include "experiments/audience/condition_text.h"
#include "experiments/audience/segment_check.h"
#include "tests/experiments/audience/audience_definitions.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> DescriptionsOf(const Problems& problems) {
  std::vector<std::string> descriptions;
  for (const Problem& problem : problems.problems()) descriptions.push_back(problem.description);
  return descriptions;
}

// What normalizing and checking a condition finds.
std::vector<std::string> ProblemsOfCondition(v1::Condition condition,
                                             const Definitions& definitions = AudienceDefinitions()) {
  Problems problems;
  NormalizeCondition(condition, "condition", problems);
  CheckCondition(condition, definitions, "condition", problems);
  return DescriptionsOf(problems);
}

std::vector<std::string> ProblemsOfText(absl::string_view text,
                                        const Definitions& definitions = AudienceDefinitions()) {
  v1::Condition condition;
  condition.set_text(std::string(text));
  return ProblemsOfCondition(std::move(condition), definitions);
}

std::vector<std::string> ProblemsOfTree(const v1::ConditionNode& tree) {
  v1::Condition condition;
  *condition.mutable_tree() = tree;
  return ProblemsOfCondition(std::move(condition));
}

// Each attribute of AudienceDefinitions, with a literal of its type.
struct TypedAttribute {
  absl::string_view name;
  absl::string_view literal;
};
constexpr TypedAttribute kTyped[] = {
    {"is_member", "true"},    {"age", "30"},       {"spend", "0.5"}, {"country", "\"CN\""},
    {"last_order_at", "now"}, {"tags", "\"vip\""},
};

// For each attribute of kTyped, whether `test` (with @ for the attribute and # for its literal) is accepted: 1 or 0.
std::string AcceptanceOf(absl::string_view test) {
  std::string accepted;
  for (const TypedAttribute& attribute : kTyped) {
    std::string text;
    for (const char c : test) {
      absl::StrAppend(&text, c == '@' ? attribute.name : c == '#' ? attribute.literal : absl::string_view(&c, 1));
    }
    accepted += ProblemsOfText(text).empty() ? '1' : '0';
  }
  return accepted;
}

TEST(ConditionTypeTest, EachTypeKnowsItsOperators) {
  // In the order of kTyped: BOOL, INT, DOUBLE, STRING, TIMESTAMP, STRING_LIST.
  EXPECT_EQ(AcceptanceOf("@ = #"), "111110");
  EXPECT_EQ(AcceptanceOf("@ != #"), "111110");
  EXPECT_EQ(AcceptanceOf("@ < #"), "011010");
  EXPECT_EQ(AcceptanceOf("@ <= #"), "011010");
  EXPECT_EQ(AcceptanceOf("@ > #"), "011010");
  EXPECT_EQ(AcceptanceOf("@ >= #"), "011010");
  EXPECT_EQ(AcceptanceOf("@ in [#, #]"), "011100");
  EXPECT_EQ(AcceptanceOf("@ not in [#]"), "011100");
  EXPECT_EQ(AcceptanceOf("@ between # and #"), "011010");
  EXPECT_EQ(AcceptanceOf("@ starts_with \"x\""), "000100");
  EXPECT_EQ(AcceptanceOf("@ ends_with \"x\""), "000100");
  EXPECT_EQ(AcceptanceOf("@ contains \"x\""), "000101");
  EXPECT_EQ(AcceptanceOf("@ is set"), "111111");
  EXPECT_EQ(AcceptanceOf("@ is not set"), "111111");
}

TEST(ConditionTypeTest, EachTypeKnowsItsLiterals) {
  EXPECT_EQ(AcceptanceOf("@ = true"), "100000");
  EXPECT_EQ(AcceptanceOf("@ = 5"), "011000");
  EXPECT_EQ(AcceptanceOf("@ = 5.0"), "001000");
  EXPECT_EQ(AcceptanceOf("@ = \"x\""), "000100");
  EXPECT_EQ(AcceptanceOf("@ = v\"1.0.0\""), "000100");
  EXPECT_EQ(AcceptanceOf("@ >= v\"1.0.0\""), "000100");
  EXPECT_EQ(AcceptanceOf("@ = t\"2026-01-31T00:00:00Z\""), "000010");
  EXPECT_EQ(AcceptanceOf("@ < now - 30d"), "000010");
  EXPECT_EQ(AcceptanceOf("@ in [5]"), "011000");
  EXPECT_EQ(AcceptanceOf("@ in [5.0]"), "001000");
  EXPECT_EQ(AcceptanceOf("@ in [v\"1.0.0\"]"), "000000");
  EXPECT_EQ(AcceptanceOf("@ between 1 and 2"), "011000");
  EXPECT_EQ(AcceptanceOf("@ between 1 and 2.0"), "001000");
  EXPECT_EQ(AcceptanceOf("@ between now - 30d and now"), "000010");
  EXPECT_EQ(AcceptanceOf("@ between t\"2026-01-31T00:00:00Z\" and now"), "000010");
}

TEST(ConditionCheckTest, EveryProblemIsReportedWithItsColumn) {
  EXPECT_THAT(
      ProblemsOfText("aeg > 5 and spend = \"x\" and (country < \"CN\" or not tags = \"vip\") and segment(vip)"),
      ElementsAre("column 1: unknown attribute \"aeg\"; did you mean \"age\"?",
                  "column 21: spend is DOUBLE, but the literal is a string",
                  "column 38: country is STRING, which knows =, !=, in, starts_with, ends_with, contains, is set, and "
                  "<, <=, >, >= with a version, but not order",
                  "column 57: tags is STRING_LIST, which knows contains, is set, but not comparisons",
                  "column 70: unknown segment \"vip\""));
}

TEST(ConditionCheckTest, ColumnsAreThoseOfTheCanonicalText) {
  EXPECT_THAT(ProblemsOfText("((   is_member=1))"),
              ElementsAre("column 13: is_member is BOOL, but the literal is an int"));
  EXPECT_THAT(ProblemsOfText("country = \"\u4e2d\u56fd\" and is_member = 1"), ElementsAre(StartsWith("column 32: ")));
}

TEST(ConditionCheckTest, EachLiteralOfAListIsChecked) {
  EXPECT_THAT(ProblemsOfText("age in [1, \"x\", 2.5]"),
              ElementsAre("column 12: age is INT, but the literal is a string",
                          "column 17: age is INT, but the literal is a double"));
}

TEST(ConditionCheckTest, NearestNameIsSuggested) {
  Definitions definitions = AudienceDefinitions();
  PutSegment("loyal", "age > 5", definitions);
  EXPECT_THAT(ProblemsOfText("contry is set and segment(royal) and shoe_size = 4", definitions),
              ElementsAre("column 1: unknown attribute \"contry\"; did you mean \"country\"?",
                          "column 19: unknown segment \"royal\"; did you mean \"loyal\"?",
                          "column 38: unknown attribute \"shoe_size\""));
}

TEST(ConditionCheckTest, AllowedValuesBindWholeValues) {
  EXPECT_THAT(
      ProblemsOfText("plan = \"pro\" and plan in [\"free\"] and plan starts_with \"p\" and plan contains \"re\""),
      IsEmpty());
  EXPECT_THAT(ProblemsOfText("plan = \"por\" or plan in [\"free\", \"gold\"]"),
              ElementsAre("column 8: \"por\" is not among the allowed values of plan; did you mean \"pro\"?",
                          "column 34: \"gold\" is not among the allowed values of plan"));
  EXPECT_THAT(
      ProblemsOfText("interests contains \"sport\""),
      ElementsAre("column 20: \"sport\" is not among the allowed values of interests; did you mean \"sports\"?"));
}

TEST(ConditionCheckTest, BoundsAreInOrder) {
  EXPECT_THAT(ProblemsOfText("age between 5 and 5 and spend between -1 and 0.5"), IsEmpty());
  EXPECT_THAT(ProblemsOfText("age between 5 and 4"),
              ElementsAre("column 19: the upper bound 4 is below the lower bound 5"));
  EXPECT_THAT(ProblemsOfText("spend between 0.5 and 0"), ElementsAre(HasSubstr("the upper bound 0 is below")));
  EXPECT_THAT(ProblemsOfText("last_order_at between now and now - 1d"),
              ElementsAre(HasSubstr("the upper bound now - 1d")));
  EXPECT_THAT(ProblemsOfText("last_order_at between t\"2026-01-31T00:00:00Z\" and t\"2026-01-30T00:00:00Z\""),
              ElementsAre(HasSubstr("is below the lower bound")));
  EXPECT_THAT(ProblemsOfText("last_order_at between now and t\"2026-01-30T00:00:00Z\""), IsEmpty());
}

TEST(ConditionCheckTest, WholeNumbersForDoublesAreExact) {
  EXPECT_THAT(ProblemsOfText("spend = 9007199254740992"), IsEmpty());
  EXPECT_THAT(ProblemsOfText("spend = 9007199254740993"), ElementsAre(HasSubstr("too large to be exactly")));
}

TEST(ConditionCheckTest, LengthsAreLimited) {
  const std::string most(kMaxStringBytes, 'x');
  EXPECT_THAT(ProblemsOfText(absl::StrCat("country = \"", most, "\" or country contains \"", most, "\"")), IsEmpty());
  EXPECT_THAT(ProblemsOfText(absl::StrCat("country = \"", most, "x\" or country contains \"", most, "x\"")),
              ElementsAre(HasSubstr("column 11: the string has 1025 bytes"), HasSubstr("the string has 1025 bytes")));
  EXPECT_THAT(ProblemsOfText("country contains \"\""), ElementsAre("column 9: the text is empty"));
  std::string list = "age in [0";
  for (int i = 1; i <= kMaxLiterals; ++i) absl::StrAppend(&list, ",", i);
  EXPECT_THAT(ProblemsOfText(list + "]"),
              ElementsAre("column 5: the list has 1001 literals, at most 1000 are allowed"));
}

TEST(ConditionCheckTest, AConditionIsRequired) {
  EXPECT_THAT(ProblemsOfCondition(v1::Condition()), ElementsAre("column 1: a condition is required"));
}

TEST(ConditionTreeTest, TreesMustBeWhole) {
  v1::ConditionNode tree;
  EXPECT_THAT(ProblemsOfTree(tree), ElementsAre(HasSubstr("column 1: a node of the tree tests nothing")));

  tree.mutable_all_of()->add_operands()->mutable_negation();
  tree.mutable_all_of()->add_operands()->mutable_any_of();
  tree.mutable_all_of()->add_operands()->mutable_comparison()->set_attribute("age");
  tree.mutable_all_of()->add_operands()->mutable_membership()->set_attribute("age");
  tree.mutable_all_of()->add_operands()->mutable_between()->set_attribute("age");
  tree.mutable_all_of()->add_operands()->mutable_text_test()->set_attribute("country");
  tree.mutable_all_of()->add_operands()->mutable_presence();
  tree.mutable_all_of()->add_operands()->mutable_segment();
  EXPECT_THAT(ProblemsOfTree(tree),
              ElementsAre(HasSubstr("column 5: a node of the tree tests nothing"),
                          HasSubstr("`or` needs at least two operands, this has 0"),
                          HasSubstr("an operator is required: =, !="), HasSubstr("a literal is required"),
                          HasSubstr("the list is empty"), HasSubstr("a literal is required"),
                          HasSubstr("a literal is required"), HasSubstr("an operator is required: starts_with"),
                          HasSubstr("the text is empty"), HasSubstr("unknown attribute \"\""),
                          HasSubstr("unknown segment \"\"")));
}

TEST(ConditionTreeTest, ValuesThatNoTextHasAreRefused) {
  v1::ConditionNode tree;
  tree.mutable_comparison()->set_attribute("spend");
  tree.mutable_comparison()->set_operator_(v1::COMPARISON_OPERATOR_EQUAL);
  v1::Literal& literal = *tree.mutable_comparison()->mutable_literal();
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    literal.set_double_value(value);
    EXPECT_THAT(ProblemsOfTree(tree), ElementsAre("column 9: the number is not finite"));
  }
  tree.mutable_comparison()->set_attribute("last_order_at");
  literal.mutable_now_offset()->set_nanos(1);
  EXPECT_THAT(ProblemsOfTree(tree), ElementsAre(HasSubstr("an offset from now is a whole number of seconds")));
  literal.mutable_now_offset()->set_nanos(0);
  literal.mutable_now_offset()->set_seconds(std::numeric_limits<int64_t>::min());
  EXPECT_THAT(ProblemsOfTree(tree), ElementsAre(HasSubstr("the offset from now is over 10,000 years")));
  literal.mutable_time_value()->set_nanos(999);
  EXPECT_THAT(ProblemsOfTree(tree), ElementsAre(HasSubstr("finer than a microsecond")));
  literal.mutable_time_value()->set_nanos(-1);
  EXPECT_THAT(ProblemsOfTree(tree), ElementsAre(HasSubstr("not of the years 1 to 9999")));
  literal.mutable_time_value()->set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_THAT(ProblemsOfTree(tree), ElementsAre(HasSubstr("not of the years 1 to 9999")));
  tree.mutable_comparison()->set_attribute("app_version");
  literal.set_version_value("1.2");
  EXPECT_THAT(ProblemsOfTree(tree), ElementsAre(HasSubstr("is not a version")));
}

TEST(ConditionTreeTest, DeepAndLargeTreesAreOneProblem) {
  v1::ConditionNode deep;
  v1::ConditionNode* innermost = &deep;
  for (int i = 0; i < 10'000; ++i) innermost = innermost->mutable_negation();
  innermost->set_constant(true);
  EXPECT_THAT(ProblemsOfTree(deep), ElementsAre("column 1: the condition is more than 32 deep"));

  v1::ConditionNode large;
  for (int i = 0; i < kMaxConditionNodes; ++i) large.mutable_all_of()->add_operands()->set_constant(true);
  EXPECT_THAT(ProblemsOfTree(large), ElementsAre("column 1: the condition has 1001 nodes, at most 1000 are allowed"));

  v1::ConditionNode long_text;
  long_text.mutable_presence()->set_attribute(std::string(10'000'000, 'x'));
  EXPECT_THAT(ProblemsOfTree(long_text),
              ElementsAre(HasSubstr("column 1: the text has 10000007 bytes"), HasSubstr("unknown attribute")));
}

TEST(NormalizeConditionTest, FillsInTheFormThatIsMissing) {
  v1::Condition from_text = ConditionOf("( age=5 )");
  EXPECT_EQ(from_text.text(), "age = 5");
  EXPECT_EQ(from_text.tree().comparison().literal().int_value(), 5);

  v1::Condition from_tree;
  *from_tree.mutable_tree() = from_text.tree();
  Problems problems;
  NormalizeCondition(from_tree, "condition", problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(from_tree.text(), "age = 5");
}

TEST(NormalizeConditionTest, BothFormsMayBeGivenIfTheyAgree) {
  v1::Condition condition = ConditionOf("age = 5");
  condition.set_text("(age)=5");
  EXPECT_THAT(ProblemsOfCondition(condition),
              ElementsAre(StartsWith("column 5: found )"), StartsWith("column 6: found =")));
  condition.set_text("age=5");
  EXPECT_THAT(ProblemsOfCondition(condition), IsEmpty());
  condition.set_text("age = 6");
  EXPECT_THAT(ProblemsOfCondition(condition), ElementsAre("text and tree differ: the tree says age = 5"));
}

TEST(NormalizeConditionTest, SyntaxErrorsAreTheOnlyProblems) {
  EXPECT_THAT(ProblemsOfText("age = "), ElementsAre(StartsWith("column 7: found the end")));
}

TEST(SegmentReferenceTest, CirclesAreNamed) {
  Definitions definitions = AudienceDefinitions();
  PutSegment("a", "age > 5 and segment(b)", definitions);
  PutSegment("b", "not segment(c)", definitions);
  PutSegment("c", "segment(b) or age > 6", definitions);
  PutSegment("own", "segment(own)", definitions);
  EXPECT_THAT(ProblemsOfText("true and segment(a)", definitions),
              ElementsAre("column 10: segments refer to each other in a circle: b -> c -> b"));
  EXPECT_THAT(ProblemsOfText("segment(own)", definitions),
              ElementsAre("column 1: segments refer to each other in a circle: own -> own"));
  Problems problems;
  CheckSegment(*definitions.FindSegment("b"), definitions, "segment", problems);
  ASSERT_EQ(problems.problems().size(), 1u);
  EXPECT_EQ(problems.problems()[0].field, "segment.condition");
  EXPECT_THAT(problems.problems()[0].description, HasSubstr("c -> b -> c"));
}

TEST(SegmentReferenceTest, SharedSegmentsAreNoCircle) {
  Definitions definitions = AudienceDefinitions();
  PutSegment("base", "age > 5", definitions);
  PutSegment("left", "segment(base)", definitions);
  PutSegment("right", "segment(base) and age > 6", definitions);
  EXPECT_THAT(ProblemsOfText("segment(left) and segment(right) and segment(left)", definitions), IsEmpty());
}

TEST(SegmentReferenceTest, RowsOfSegmentsAreLimited) {
  Definitions definitions = AudienceDefinitions();
  PutSegment("s1", "age > 5", definitions);
  for (int i = 2; i <= 5'000; ++i) PutSegment(absl::StrCat("s", i), absl::StrCat("segment(s", i - 1, ")"), definitions);
  EXPECT_THAT(ProblemsOfText(absl::StrCat("segment(s", kMaxSegmentDepth, ")"), definitions), IsEmpty());
  const auto too_long = ElementsAre(HasSubstr("more than 16 segments refer to each other in a row"));
  EXPECT_THAT(ProblemsOfText(absl::StrCat("segment(s", kMaxSegmentDepth + 1, ")"), definitions), too_long);
  EXPECT_THAT(ProblemsOfText("segment(s5000)", definitions), too_long);
}

TEST(SegmentReferenceTest, ExpansionIsLimited) {
  Definitions definitions = AudienceDefinitions();
  PutSegment("s0", "age > 5", definitions);
  for (int i = 1; i < kMaxSegmentDepth; ++i) {
    const std::string inner = absl::StrCat("segment(s", i - 1, ")");
    PutSegment(absl::StrCat("s", i), absl::StrCat(inner, " and ", inner, " and ", inner), definitions);
  }
  EXPECT_THAT(ProblemsOfText("segment(s6)", definitions), IsEmpty());
  EXPECT_THAT(ProblemsOfText("segment(s15)", definitions),
              ElementsAre("column 1: with its segments written out the condition has more than 10000 nodes"));
}

}  // namespace
}  // namespace tierwise
