// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/facts.h"

#include <gtest/gtest.h>

#include <string>

namespace tierwise {
namespace {

// These may never change: stored facts carry the keys. They are XXH3_64bits of the same bytes in any language.
TEST(FactsTest, KeysAreThoseOfStoredFacts) {
  EXPECT_EQ(KeyOf(""), 0x2d06800538d394c2);
  EXPECT_EQ(KeyOf("a"), 0xe6c632b61e964e1f);
  EXPECT_EQ(KeyOf("abc"), 0x78af5f94892f3950);
  EXPECT_EQ(KeyOf(std::string(300, 'x')), 0xa5d1b4607dc83554);
}

}  // namespace
}  // namespace tierwise
