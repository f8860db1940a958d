// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/definition_rules.h"

#include <gtest/gtest.h>

#include <string>

namespace tierwise {
namespace {

std::string ProblemOfId(absl::string_view id) {
  Problems problems;
  CheckId(id, "campaign.id", problems);
  return std::string(problems.ToStatus().message());
}

TEST(DefinitionRulesTest, IdsAreShortLowerCaseNames) {
  EXPECT_EQ(ProblemOfId("spring-2026_a"), "");
  EXPECT_EQ(ProblemOfId("a"), "");
  EXPECT_EQ(ProblemOfId(std::string(63, 'a')), "");
  EXPECT_EQ(ProblemOfId(""), "campaign.id: is required");
  EXPECT_EQ(
      ProblemOfId("Spring"),
      "campaign.id: \"Spring\" is not an id: a lower-case letter, then at most 62 lower-case letters, digits, _ and -");
  for (const std::string& id : {std::string(64, 'a'), std::string("-a"), std::string("1a"), std::string("a.b"),
                                std::string("a b"), std::string("\xff"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(IsId(id)) << id;
    EXPECT_NE(ProblemOfId(id), "");
  }
}

TEST(DefinitionRulesTest, LongIdsAreShownInPart) {
  EXPECT_LT(ProblemOfId(std::string(10'000'000, '\xff')).size(), 500u);
}

TEST(DefinitionRulesTest, IdsOfAttributesHaveNoHyphen) {
  EXPECT_TRUE(IsAttributeId("spend_90d"));
  EXPECT_FALSE(IsAttributeId("spend-90d"));
}

TEST(DefinitionRulesTest, TextsForPeopleAreLimited) {
  Problems problems;
  CheckTexts(std::string(200, 'x'), std::string(4'000, 'x'), "segment", problems);
  EXPECT_TRUE(problems.empty());
  CheckTexts(std::string(201, 'x'), "a\xff", "segment", problems);
  EXPECT_EQ(problems.ToStatus().message(),
            "segment.display_name: has 201 bytes, at most 200 are allowed; segment.description: is not valid UTF-8 at "
            "byte 2");
}

TEST(DefinitionRulesTest, PathsOfFields) {
  EXPECT_EQ(FieldPath("a", "b"), "a.b");
  EXPECT_EQ(FieldPath("", "b"), "b");
  EXPECT_EQ(FieldPath("a", "b", 3), "a.b[3]");
}

}  // namespace
}  // namespace tierwise
