// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/semantic_version.h"

#include <gtest/gtest.h>

#include "absl/strings/string_view.h"

namespace tierwise {
namespace {

// From the examples of semver.org, sections 9 to 11, and beyond them: in order of precedence.
constexpr absl::string_view kInOrder[] = {
    "0.0.0",
    "0.0.1",
    "0.9.0",
    "0.10.0",
    "1.0.0-0",
    "1.0.0-0.3.7",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0--",
    "1.0.0-0a",
    "1.0.0-Alpha",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.2",
    "1.0.0-alpha.10",
    "1.0.0-alpha.beta",
    "1.0.0-alpha-1",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.1.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "10.0.0",
    "99999999999999999999.0.0",
    "100000000000000000000.0.0",
};

TEST(SemanticVersionTest, PrecedenceFollowsSection11) {
  for (size_t i = 0; i < std::size(kInOrder); ++i) {
    for (size_t j = 0; j < std::size(kInOrder); ++j) {
      const auto a = ParseSemanticVersion(kInOrder[i]);
      const auto b = ParseSemanticVersion(kInOrder[j]);
      ASSERT_TRUE(a.has_value()) << kInOrder[i];
      ASSERT_TRUE(b.has_value()) << kInOrder[j];
      const int order = ComparePrecedence(*a, *b);
      EXPECT_EQ(order < 0, i < j) << kInOrder[i] << " " << kInOrder[j];
      EXPECT_EQ(order == 0, i == j) << kInOrder[i] << " " << kInOrder[j];
    }
  }
}

TEST(SemanticVersionTest, BuildMetadataHasNoPrecedence) {
  EXPECT_EQ(ComparePrecedence(*ParseSemanticVersion("1.0.0+20130313144700"), *ParseSemanticVersion("1.0.0")), 0);
  EXPECT_EQ(
      ComparePrecedence(*ParseSemanticVersion("1.0.0-beta+exp.sha.5114f85"), *ParseSemanticVersion("1.0.0-beta+001")),
      0);
  EXPECT_EQ(ParseSemanticVersion("1.0.0+21AF26D3----117B344092BD")->prerelease, "");
}

TEST(SemanticVersionTest, WhatSemverOrgCallsInvalidIsNoVersion) {
  for (const absl::string_view text : {"",
                                       "1",
                                       "1.2",
                                       "1.2.3.4",
                                       "v1.2.3",
                                       "1.2.3-",
                                       "1.2.3+",
                                       "1.2.3-0123",
                                       "1.2.3-0123.0123",
                                       "1.1.2+.123",
                                       "+invalid",
                                       "-invalid",
                                       "alpha",
                                       "1.0.0-alpha_beta",
                                       "01.1.1",
                                       "1.01.1",
                                       "1.1.01",
                                       "1.2.3.DEV",
                                       "1.2-SNAPSHOT",
                                       "-1.0.3-gamma+b7718",
                                       "1.2.3-a..b",
                                       "1.2.3-a.",
                                       "1.2.3+a..b",
                                       "1.2.3 ",
                                       " 1.2.3",
                                       "1.2.-3",
                                       "1.1.2+meta+meta",
                                       "1..3",
                                       "1.2."}) {
    EXPECT_FALSE(ParseSemanticVersion(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace tierwise
