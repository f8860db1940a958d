// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace tierwise {
namespace {

TEST(Utf8Test, EveryCodePointIsValidAndOneColumn) {
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point < 0xE000) continue;
    std::string text;
    AppendUtf8(code_point, text);
    ASSERT_EQ(ValidUtf8Prefix(text), text.size()) << code_point;
    ASSERT_EQ(ColumnOf(text, text.size()), 2u) << code_point;
    text.pop_back();
    ASSERT_EQ(ValidUtf8Prefix(text), 0u) << code_point;
  }
}

TEST(Utf8Test, IllFormedSequencesEndThePrefix) {
  for (const absl::string_view bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3(", "\xe4\xb8("}) {
    EXPECT_EQ(ValidUtf8Prefix("ab" + std::string(bad)), 2u);
  }
}

TEST(Utf8Test, ColumnsCountCharacters) {
  EXPECT_EQ(ColumnOf("a\u4e2d\u6587b", 0), 1u);
  EXPECT_EQ(ColumnOf("a\u4e2d\u6587b", 7), 4u);
  EXPECT_EQ(ColumnOf("ab", 100), 3u);
}

}  // namespace
}  // namespace tierwise
