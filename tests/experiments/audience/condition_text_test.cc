// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/audience/condition_limits.h"
#include "experiments/base/problems.h"

namespace tierwise {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The problems of a text that does not parse; empty where it does.
std::vector<std::string> ErrorsOf(absl::string_view text) {
  std::vector<std::string> errors;
  for (const Problem& problem : ProblemsOf(ParseCondition(text).status())) errors.push_back(problem.description);
  return errors;
}

// The canonical form of `text`; the error where it does not parse.
std::string Canonical(absl::string_view text) {
  const auto tree = ParseCondition(text);
  return tree.ok() ? PrintCondition(*tree) : tree.status().ToString();
}

struct Form {
  std::string text;
  std::string tree;  // protobuf text format
};

class ConditionGrammarTest : public testing::TestWithParam<Form> {};

TEST_P(ConditionGrammarTest, TextMeansTree) {
  v1::ConditionNode expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(GetParam().tree, &expected));
  const auto tree = ParseCondition(GetParam().text);
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_TRUE(MessageDifferencer::Equals(*tree, expected)) << tree->DebugString();
  EXPECT_EQ(PrintCondition(expected), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Tests, ConditionGrammarTest,
    testing::Values(
        Form{"a = 5", "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_EQUAL literal { int_value: 5 } }"},
        Form{"a != -5",
             "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_NOT_EQUAL literal { int_value: -5 } }"},
        Form{"a < 5.0", "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_LESS literal { double_value: 5 } }"},
        Form{"a <= \"x\"",
             "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_LESS_OR_EQUAL literal { string_value: 'x' } }"},
        Form{"a > v\"1.2.3-rc.1\"",
             "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_GREATER "
             "literal { version_value: '1.2.3-rc.1' } }"},
        Form{"a >= t\"2026-01-31T00:00:00Z\"",
             "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_GREATER_OR_EQUAL "
             "literal { time_value { seconds: 1769817600 } } }"},
        Form{"a = true",
             "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_EQUAL literal { bool_value: true } }"},
        Form{"a > now",
             "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_GREATER literal { now_offset { } } }"},
        Form{"a > now - 30d",
             "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_GREATER "
             "literal { now_offset { seconds: -2592000 } } }"},
        Form{"a < now + 12h",
             "comparison { attribute: 'a' operator: COMPARISON_OPERATOR_LESS literal { now_offset { seconds: 43200 } } "
             "}"},
        Form{"a in [1, 2]", "membership { attribute: 'a' literals { int_value: 1 } literals { int_value: 2 } }"},
        Form{"a not in [\"x\"]", "membership { attribute: 'a' literals { string_value: 'x' } negated: true }"},
        Form{"a between 1 and 2", "between { attribute: 'a' lower { int_value: 1 } upper { int_value: 2 } }"},
        Form{"a starts_with \"x\"", "text_test { attribute: 'a' operator: TEXT_OPERATOR_STARTS_WITH text: 'x' }"},
        Form{"a ends_with \"x\"", "text_test { attribute: 'a' operator: TEXT_OPERATOR_ENDS_WITH text: 'x' }"},
        Form{"a contains \"x\"", "text_test { attribute: 'a' operator: TEXT_OPERATOR_CONTAINS text: 'x' }"},
        Form{"a is set", "presence { attribute: 'a' }"},
        Form{"a is not set", "presence { attribute: 'a' negated: true }"},
        Form{"segment(big-spenders_2)", "segment { segment: 'big-spenders_2' }"}, Form{"true", "constant: true"},
        Form{"false", "constant: false"}));

INSTANTIATE_TEST_SUITE_P(
    Structure, ConditionGrammarTest,
    testing::Values(
        Form{"a is set and b is set or c is set",
             "any_of { operands { all_of { operands { presence { attribute: 'a' } } operands { presence { attribute: "
             "'b' "
             "} } } } operands { presence { attribute: 'c' } } }"},
        Form{"a is set and (b is set or c is set)",
             "all_of { operands { presence { attribute: 'a' } } operands { any_of { operands { presence { attribute: "
             "'b' "
             "} } operands { presence { attribute: 'c' } } } } }"},
        Form{"a is set and (b is set and c is set)",
             "all_of { operands { presence { attribute: 'a' } } operands { all_of { operands { presence { attribute: "
             "'b' "
             "} } operands { presence { attribute: 'c' } } } } }"},
        Form{"(a is set or b is set) or c is set",
             "any_of { operands { any_of { operands { presence { attribute: 'a' } } operands { presence { attribute: "
             "'b' "
             "} } } } operands { presence { attribute: 'c' } } }"},
        Form{"a is set and b is set and c is set",
             "all_of { operands { presence { attribute: 'a' } } operands { presence { attribute: 'b' } } operands { "
             "presence { attribute: 'c' } } }"},
        Form{"not a is set and true",
             "all_of { operands { negation { presence { attribute: 'a' } } } operands { constant: true } }"},
        Form{"not (a is set and true)",
             "negation { all_of { operands { presence { attribute: 'a' } } operands { constant: true } } }"},
        Form{"not not true", "negation { negation { constant: true } }"},
        Form{
            "a between 1 and 2 and true",
            "all_of { operands { between { attribute: 'a' lower { int_value: 1 } upper { int_value: 2 } } } operands { "
            "constant: true } }"}));

TEST(ConditionTextTest, SpaceAndRedundantParenthesesHaveNoMeaning) {
  EXPECT_EQ(Canonical("((a=1))and\n\t(b<=-2)"), "a = 1 and b <= -2");
  EXPECT_EQ(Canonical("a in[1,2]or(not(b is set))"), "a in [1, 2] or not b is set");
  EXPECT_EQ(Canonical("(a = 1 and b = 2) or c = 3"), "a = 1 and b = 2 or c = 3");
  EXPECT_EQ(Canonical("segment( vip )"), "segment(vip)");
}

TEST(ConditionTextTest, WholeNumbersAndDoublesStayWhatTheyAre) {
  EXPECT_EQ(Canonical("a = 5"), "a = 5");
  EXPECT_EQ(Canonical("a = 5.0"), "a = 5.0");
  EXPECT_EQ(Canonical("a = 1e3"), "a = 1000.0");
  EXPECT_EQ(Canonical("a = -0.0"), "a = -0.0");
  EXPECT_EQ(Canonical("a = 0.1"), "a = 0.1");
  EXPECT_EQ(Canonical("a = 0.30000000000000004"), "a = 0.30000000000000004");
  EXPECT_EQ(Canonical("a = 1E+300"), "a = 1e+300");
  EXPECT_EQ(Canonical("a = 5e-324"), "a = 5e-324");
  EXPECT_EQ(Canonical("a = -9223372036854775808"), "a = -9223372036854775808");
  EXPECT_EQ(Canonical("a = 9223372036854775807"), "a = 9223372036854775807");
}

TEST(ConditionTextTest, DurationsArePrintedInTheLargestExactUnit) {
  EXPECT_EQ(Canonical("a > now - 90s"), "a > now - 90s");
  EXPECT_EQ(Canonical("a > now - 120s"), "a > now - 2m");
  EXPECT_EQ(Canonical("a > now-24h"), "a > now - 1d");
  EXPECT_EQ(Canonical("a > now -30d"), "a > now - 30d");
  EXPECT_EQ(Canonical("a > now+14d"), "a > now + 2w");
  EXPECT_EQ(Canonical("a > now - 0d"), "a > now");
}

TEST(ConditionTextTest, TimesArePrintedInUtc) {
  EXPECT_EQ(Canonical("a > t\"2026-01-31T08:00:00+08:00\""), "a > t\"2026-01-31T00:00:00Z\"");
  EXPECT_EQ(Canonical("a > t\"2026-01-31T00:00:00.500000Z\""), "a > t\"2026-01-31T00:00:00.5Z\"");
  EXPECT_EQ(Canonical("a > t\"0001-01-01T00:00:00Z\""), "a > t\"0001-01-01T00:00:00Z\"");
  EXPECT_EQ(Canonical("a > t\"9999-12-31T23:59:59.999999Z\""), "a > t\"9999-12-31T23:59:59.999999Z\"");
  EXPECT_EQ(Canonical("a > t\"1969-12-31T23:59:59.25Z\""), "a > t\"1969-12-31T23:59:59.25Z\"");
}

TEST(ConditionTextTest, StringsHaveTheEscapesOfJson) {
  EXPECT_EQ(Canonical(R"(a = "\"\\\/\b\f\n\r\t")"), R"(a = "\"\\/\b\f\n\r\t")");
  EXPECT_EQ(Canonical(R"(a = "\u0041\u00e9\u4e2d\ud83d\ude00\u0007")"), "a = \"A\u00e9\u4e2d\U0001F600\\u0007\"");
  EXPECT_EQ(Canonical(R"(a = "and ) or")"), R"(a = "and ) or")");
  EXPECT_EQ(Canonical(R"(a = "\u0000")"), R"(a = "\u0000")");
}

TEST(ConditionTextTest, AttributesMayStartLikeOtherTokens) {
  EXPECT_EQ(Canonical("t = 1 and v = 2 and nowadays is set and order < 3"),
            "t = 1 and v = 2 and nowadays is set and order < 3");
}

TEST(ConditionSyntaxTest, EveryErrorIsReportedWithItsColumn) {
  EXPECT_THAT(
      ErrorsOf("a == 1 and b = or (c in [] and d between 1) and e is"),
      ElementsAre("column 3: found ==, which is written =", StartsWith("column 16: found or, expected a number"),
                  StartsWith("column 26: found ], expected a number"), "column 43: found ), expected and",
                  "column 53: found the end, expected set"));
}

TEST(ConditionSyntaxTest, ColumnsCountCharacters) {
  EXPECT_THAT(ErrorsOf("a = \"\u4e2d\u6587\" und b = 1"),
              ElementsAre("column 10: found und, expected and, or, the end"));
}

TEST(ConditionSyntaxTest, WhatOtherLanguagesWriteIsNamed) {
  EXPECT_THAT(ErrorsOf("a = 1 && b = 2 || !c = 3"),
              ElementsAre("column 7: found &&, which is written and", "column 16: found ||, which is written or",
                          "column 19: found !, which is written not"));
  EXPECT_THAT(ErrorsOf("a = 1 AND b <> 2"), ElementsAre("column 7: found AND, which is written in lower case: and",
                                                        "column 13: found <>, which is written !="));
  EXPECT_THAT(ErrorsOf("a = 'x'"), ElementsAre("column 5: found ', but strings are written in double quotes"));
  EXPECT_THAT(ErrorsOf("a = x"),
              ElementsAre(HasSubstr("column 5: found x, expected a number, a string in double quotes")));
  EXPECT_THAT(ErrorsOf("Age = 1"), ElementsAre(StartsWith("column 1: found Age, expected an attribute: a lower-case")));
}

TEST(ConditionSyntaxTest, StructureErrors) {
  EXPECT_THAT(ErrorsOf(""),
              ElementsAre("column 1: found the end, expected an attribute, segment(...), true, false, not or ("));
  EXPECT_THAT(ErrorsOf("(a = 1"), ElementsAre("column 1: the parenthesis is not closed"));
  EXPECT_THAT(ErrorsOf("a = 1)"), ElementsAre("column 6: found ), expected and, or, the end"));
  EXPECT_THAT(
      ErrorsOf("(a = 1 b = 2) and c ="),
      ElementsAre("column 8: found b, expected and, or, )", StartsWith("column 22: found the end, expected a number")));
  EXPECT_THAT(ErrorsOf("a = 1 and"), ElementsAre(StartsWith("column 10: found the end, expected an attribute")));
  EXPECT_THAT(ErrorsOf("a"), ElementsAre(StartsWith("column 2: found the end, expected one of = != <")));
  EXPECT_THAT(ErrorsOf("a is unset"), ElementsAre("column 6: found unset, expected set"));
  EXPECT_THAT(ErrorsOf("a not 5"), ElementsAre("column 7: found 5, expected in"));
  EXPECT_THAT(ErrorsOf("a in [1, 2"), ElementsAre("column 11: found the end, expected , or ]"));
  EXPECT_THAT(ErrorsOf("a in [1 2] and b ="),
              ElementsAre("column 9: found 2, expected , or ]", StartsWith("column 19: found the end")));
  EXPECT_THAT(ErrorsOf("a contains 5"), ElementsAre("column 12: found 5, expected a string in double quotes"));
  EXPECT_THAT(ErrorsOf("a between \"x\" 5"), ElementsAre("column 15: found 5, expected and"));
  EXPECT_THAT(ErrorsOf("a between and 5"), ElementsAre(StartsWith("column 11: found and, expected a number")));
  EXPECT_THAT(
      ErrorsOf("segment(Vip) or segment vip"),
      ElementsAre(StartsWith("column 9: found Vip, expected the id of a segment"), "column 25: found vip, expected ("));
}

TEST(ConditionSyntaxTest, LiteralErrors) {
  EXPECT_THAT(ErrorsOf("a = 9223372036854775808"),
              ElementsAre(HasSubstr("column 5: 9223372036854775808 does not fit")));
  EXPECT_THAT(ErrorsOf("a = 1e999"), ElementsAre("column 5: 1e999 is outside the range of doubles"));
  EXPECT_THAT(ErrorsOf("a = 007"), ElementsAre("column 5: a number starts with 0 only before a point"));
  EXPECT_THAT(ErrorsOf("a = 5x"), ElementsAre(StartsWith("column 5: found 5x, neither a number nor a duration")));
  EXPECT_THAT(ErrorsOf("a = 1.2.3"), ElementsAre(StartsWith("column 5: found 1.2.3, neither a number nor a duration")));
  EXPECT_THAT(ErrorsOf("a = 30d"), ElementsAre(StartsWith("column 5: found 30d, expected a number")));
  EXPECT_THAT(ErrorsOf("a > now - 30"), ElementsAre("column 11: found 30, expected a duration, such as 30d"));
  EXPECT_THAT(ErrorsOf("a > now - 1.5d"), ElementsAre(StartsWith("column 11: found 1.5d, neither")));
  EXPECT_THAT(ErrorsOf("a > now - 99999999999w"), ElementsAre("column 11: 99999999999w is over 10,000 years"));
  EXPECT_THAT(ErrorsOf("a > t\"2026-02-30T00:00:00Z\""),
              ElementsAre(HasSubstr("column 5: \"2026-02-30T00:00:00Z\" is not a time")));
  EXPECT_THAT(ErrorsOf("a > t\"2026-01-31\""), ElementsAre(HasSubstr("is not a time")));
  EXPECT_THAT(ErrorsOf("a > t\"2026-01-31T00:00:00.1234567Z\""), ElementsAre(HasSubstr("is not a time")));
  EXPECT_THAT(ErrorsOf("a > t\"infinite-future\""), ElementsAre(HasSubstr("is not a time")));
  EXPECT_THAT(ErrorsOf("a > t\"0001-01-01T00:00:00+08:00\""), ElementsAre(HasSubstr("is not a time")));
  EXPECT_THAT(ErrorsOf("a > v\"1.2\""), ElementsAre(HasSubstr("column 5: \"1.2\" is not a version")));
  EXPECT_THAT(ErrorsOf("a = \"x"), ElementsAre("column 5: the string has no closing quote"));
  EXPECT_THAT(ErrorsOf("a = \"\\q\" and b = \"\\ud800\""),
              ElementsAre(StartsWith("column 6: a \\ in a string is followed by"),
                          "column 19: \\ud800 is half of a surrogate pair"));
  EXPECT_THAT(ErrorsOf("a = \"x\ny\""), ElementsAre(StartsWith("column 7: a control character in a string")));
  EXPECT_THAT(ErrorsOf("a = 1 \u00a7 and b = @"),
              ElementsAre("column 7: found '\u00a7', which has no meaning outside a string",
                          "column 17: found '@', which has no meaning outside a string",
                          StartsWith("column 18: found the end, expected a number")));
}

TEST(ConditionLimitTest, ConditionsMayBe32Deep) {
  std::string nested = "true";
  for (int depth = 1; depth < kMaxConditionDepth; ++depth) nested = absl::StrCat("not ", nested);
  EXPECT_EQ(Canonical(nested), nested);
  EXPECT_THAT(ErrorsOf(absl::StrCat("not ", nested)), ElementsAre("column 1: the condition is more than 32 deep"));

  nested = "a is set";
  for (int depth = 1; depth < kMaxConditionDepth; ++depth) {
    nested = depth == 1       ? absl::StrCat("a is set or ", nested)
             : depth % 2 == 0 ? absl::StrCat("a is set and (", nested, ")")
                              : absl::StrCat("a is set or (", nested, ")");
  }
  const auto tree = ParseCondition(nested);
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(SizeOf(*tree).depth, kMaxConditionDepth);
}

TEST(ConditionLimitTest, TenThousandParenthesesAreOneError) {
  const std::string open(8'000, '(');
  EXPECT_THAT(ErrorsOf(absl::StrCat(open, "true", std::string(8'000, ')'))),
              ElementsAre("column 33: the condition is more than 32 deep"));
  std::string nots;
  for (int i = 0; i < 4'000; ++i) nots += "not ";
  EXPECT_THAT(ErrorsOf(nots + "true"), ElementsAre("column 129: the condition is more than 32 deep"));
  EXPECT_THAT(ErrorsOf(std::string(10'000, '(') + std::string(10'000, ')')),
              ElementsAre("column 16385: the text has 20000 bytes, at most 16384 are allowed"));
}

TEST(ConditionLimitTest, ThousandNodesAreAllowed) {
  const std::vector<std::string> operands(static_cast<size_t>(kMaxConditionNodes), "a = 1");
  const absl::Span<const std::string> all(operands);
  EXPECT_TRUE(ParseCondition(absl::StrJoin(all.subspan(1), " or ")).ok());
  EXPECT_THAT(ErrorsOf(absl::StrJoin(all, " or ")), ElementsAre(HasSubstr("the condition has more than 1000 nodes")));
}

TEST(ConditionLimitTest, TenMegabytesAreOneError) {
  EXPECT_THAT(ErrorsOf(absl::StrCat("a = \"", std::string(10'000'000, 'x'), "\"")),
              ElementsAre("column 16385: the text has 10000006 bytes, at most 16384 are allowed"));
}

TEST(ConditionLimitTest, TextIsUtf8) {
  EXPECT_THAT(ErrorsOf("a = \"\xc3\x28\""), ElementsAre("column 6: the text is not valid UTF-8"));
}

TEST(ConditionLimitTest, ManyErrorsAreAnsweredQuickly) {
  const auto errors = ErrorsOf(std::string(16'000, '@'));
  EXPECT_EQ(errors.size(), Problems::kMaxKept);
}

}  // namespace
}  // namespace tierwise
