// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/attribute_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> ProblemsOfAttribute(const v1::Attribute& attribute) {
  Problems problems;
  CheckAttribute(attribute, "", problems);
  std::vector<std::string> found;
  for (const Problem& problem : problems.problems()) {
    found.push_back(absl::StrCat(problem.field, ": ", problem.description));
  }
  return found;
}

v1::Attribute AttributeOf(absl::string_view id, v1::AttributeType type) {
  v1::Attribute attribute;
  attribute.set_id(std::string(id));
  attribute.set_type(type);
  return attribute;
}

TEST(AttributeCheckTest, IdsHaveNoHyphenAndAreNoWordOfTheGrammar) {
  EXPECT_THAT(ProblemsOfAttribute(AttributeOf("spend_90d", v1::ATTRIBUTE_TYPE_INT)), IsEmpty());
  EXPECT_THAT(ProblemsOfAttribute(AttributeOf(std::string(63, 'a'), v1::ATTRIBUTE_TYPE_INT)), IsEmpty());
  EXPECT_THAT(ProblemsOfAttribute(AttributeOf("spend-90d", v1::ATTRIBUTE_TYPE_INT)),
              ElementsAre("id: \"spend-90d\" has a hyphen; ids of attributes have _ only"));
  EXPECT_THAT(ProblemsOfAttribute(AttributeOf("between", v1::ATTRIBUTE_TYPE_INT)),
              ElementsAre("id: \"between\" is a word of the grammar of conditions"));
  for (const std::string& id : {std::string("9lives"), std::string("Age"), std::string("a b"), std::string(64, 'a')}) {
    EXPECT_THAT(ProblemsOfAttribute(AttributeOf(id, v1::ATTRIBUTE_TYPE_INT)), ElementsAre(HasSubstr("is not an id")));
  }
}

TEST(AttributeCheckTest, ATypeIsRequired) {
  EXPECT_THAT(ProblemsOfAttribute(v1::Attribute()),
              ElementsAre("id: is required", "type: is required: BOOL, INT, DOUBLE, STRING, TIMESTAMP or STRING_LIST"));
  EXPECT_THAT(ProblemsOfAttribute(AttributeOf("age", static_cast<v1::AttributeType>(99))),
              ElementsAre(HasSubstr("type: is required")));
}

TEST(AttributeCheckTest, AllowedValuesAreForStringsAndDistinct) {
  v1::Attribute attribute = AttributeOf("plan", v1::ATTRIBUTE_TYPE_STRING);
  attribute.add_allowed_values(std::string("free"));
  attribute.add_allowed_values(std::string("pro"));
  EXPECT_THAT(ProblemsOfAttribute(attribute), IsEmpty());
  attribute.add_allowed_values(std::string("free"));
  attribute.add_allowed_values(std::string(1'025, 'x'));
  attribute.add_allowed_values(std::string("\xff"));
  EXPECT_THAT(ProblemsOfAttribute(attribute), ElementsAre("allowed_values[2]: is there already",
                                                          "allowed_values[3]: has 1025 bytes, at most 1024 are allowed",
                                                          "allowed_values[4]: is not valid UTF-8 at byte 1"));
  attribute.set_type(v1::ATTRIBUTE_TYPE_INT);
  EXPECT_THAT(ProblemsOfAttribute(attribute),
              ElementsAre("allowed_values: is for STRING and STRING_LIST, the type is INT"));
  attribute.set_type(v1::ATTRIBUTE_TYPE_STRING_LIST);
  attribute.clear_allowed_values();
  for (int i = 0; i < 1'001; ++i) attribute.add_allowed_values(absl::StrCat(i));
  EXPECT_THAT(ProblemsOfAttribute(attribute), ElementsAre("allowed_values: has 1001 values, at most 1000 are allowed"));
}

}  // namespace
}  // namespace tierwise
