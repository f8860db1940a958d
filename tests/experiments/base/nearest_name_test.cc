// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/nearest_name.h"

#include <gtest/gtest.h>

#include <string>

namespace tierwise {
namespace {

constexpr absl::string_view kKnown[] = {"country", "county", "age", "spend_90d", "spend_30d"};

TEST(NearestNameTest, FewestEditsWin) {
  EXPECT_EQ(NearestName("contry", kKnown), "country");
  EXPECT_EQ(NearestName("coutny", kKnown), "county");
  EXPECT_EQ(NearestName("aeg", kKnown), "age");
  EXPECT_EQ(NearestName("spend_60d", kKnown), "spend_90d") << "the first of equals";
}

TEST(NearestNameTest, FarNamesAreNotSuggested) {
  EXPECT_EQ(NearestName("shoe_size", kKnown), "");
  EXPECT_EQ(NearestName("ab", kKnown), "");
  EXPECT_EQ(NearestName("", kKnown), "");
  EXPECT_EQ(NearestName(std::string(10'000'000, 'c'), kKnown), "");
}

TEST(NearestNameTest, TheEndOfADescription) {
  EXPECT_EQ(DidYouMean("aeg", kKnown), "; did you mean \"age\"?");
  EXPECT_EQ(DidYouMean("shoe_size", kKnown), "");
}

}  // namespace
}  // namespace tierwise
