// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/number_sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/experiments/audience/user_table_world.h"

namespace tierwise {
namespace {

using ::testing::SizeIs;

class NumberSampleTest : public testing::Test {
 protected:
  NumberSampleTest() {
    table_.Declare(definitions_);
    for (uint64_t key = 1; key <= 20'000; ++key) {
      if (key % 2 == 0) UpsertValues(table_, key, {ValueOf("age", static_cast<double>(key % 100))});
      UpsertValues(table_, key, {ValueOf("spend", static_cast<double>(key))});
    }
  }

  NumberSample Sample(size_t max_users, int threads) const {
    const std::vector<int> slots = {*schema_.SlotOf("spend"), *schema_.SlotOf("age")};
    return SampleNumbers(UserScan(table_), schema_, slots, max_users, threads);
  }

  Definitions definitions_ = TableDefinitions();
  AttributeSchema schema_{definitions_};
  UserTable table_;
};

TEST_F(NumberSampleTest, HasTheNumbersOfItsUsers) {
  const NumberSample sample = Sample(1'000, 2);
  EXPECT_GT(sample.keys.size(), 900u);
  EXPECT_LE(sample.keys.size(), 1'000u);
  ASSERT_THAT(sample.columns, SizeIs(2));
  for (size_t i = 0; i < sample.keys.size(); ++i) {
    EXPECT_EQ(sample.columns[0][i], static_cast<double>(sample.keys[i]));
    if (sample.keys[i] % 2 == 1) EXPECT_TRUE(std::isnan(sample.columns[1][i]));
    if (sample.keys[i] % 2 == 0) EXPECT_EQ(sample.columns[1][i], static_cast<double>(sample.keys[i] % 100));
  }
}

TEST_F(NumberSampleTest, DoesNotDependOnThreads) { EXPECT_EQ(Sample(1'000, 1).keys, Sample(1'000, 3).keys); }

TEST_F(NumberSampleTest, HasEverybodyWhereThereIsRoom) {
  EXPECT_THAT(Sample(20'000, 2).keys, SizeIs(20'000));
  EXPECT_THAT(Sample(1'000'000, 2).keys, SizeIs(20'000));
  EXPECT_THAT(SampleNumbers(UserScan(UserTable()), schema_, {}, 10, 1).keys, SizeIs(0));
}

}  // namespace
}  // namespace tierwise
