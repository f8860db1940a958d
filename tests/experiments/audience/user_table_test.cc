// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/user_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/experiments/audience/audience_definitions.h"
#include "tests/experiments/audience/user_table_world.h"

namespace tierwise {
namespace {

class UserTableTest : public testing::Test {
 protected:
  UserTableTest() { table_.Declare(definitions_); }

  std::string Read(uint64_t key) const { return ReadAll(table_, schema_, key); }

  Definitions definitions_ = TableDefinitions();
  AttributeSchema schema_{definitions_};
  UserTable table_;
};

TEST_F(UserTableTest, KeepsValuesOfEveryType) {
  std::vector<v1::AttributeValue> values = {ValueOf("age", 30), ValueOf("spend", 99.5), ValueOf("country", "CN")};
  values.emplace_back().set_attribute("is_member");
  values.back().set_bool_value(false);
  values.emplace_back().set_attribute("last_order_at");
  values.back().mutable_time_value()->set_seconds(1'769'817'600);
  values.emplace_back().set_attribute("tags");
  values.back().mutable_list_value()->add_values("b");
  values.back().mutable_list_value()->add_values("a");
  UpsertValues(table_, 7, values);
  EXPECT_EQ(Read(7),
            "age=30 country=\"CN\" is_member=false last_order_at=t\"2026-01-31T00:00:00Z\" spend=99.5 "
            "tags=[\"b\", \"a\"]");
  EXPECT_EQ(Read(8), "unknown");
}

TEST_F(UserTableTest, MergesIntoWhatIsThere) {
  UpsertValues(table_, 7, {ValueOf("age", 30), ValueOf("country", "CN"), ValueOf("plan", "free")});
  UpsertValues(table_, 7, {ValueOf("age", 31), ValueOf("country", "")});
  EXPECT_EQ(Read(7), "age=31 plan=\"free\"");
}

TEST_F(UserTableTest, TakesAnIntForADouble) {
  v1::AttributeValue spend;
  spend.set_attribute("spend");
  spend.set_int_value(5);
  UpsertValues(table_, 7, {spend});
  EXPECT_EQ(Read(7), "spend=5.0");
}

TEST_F(UserTableTest, EveryIntIsAValue) {
  v1::AttributeValue age;
  age.set_attribute("age");
  age.set_int_value(std::numeric_limits<int64_t>::min());
  UpsertValues(table_, 7, {age});
  EXPECT_EQ(Read(7), "age=-9223372036854775808");
  UpsertValues(table_, 7, {ValueOf("age", 1)});
  EXPECT_EQ(Read(7), "age=1");
  UpsertValues(table_, 7, {age});
  UpsertValues(table_, 7, {ValueOf("age", "")});
  EXPECT_EQ(Read(7), "");
}

TEST_F(UserTableTest, LeavesOutWhatIsDerivedOrNotDeclared) {
  UpsertValues(table_, 7, {ValueOf("revenue", 5), ValueOf("height", 180)});
  EXPECT_EQ(Read(7), "");
  EXPECT_EQ(table_.users(), 1);
}

TEST_F(UserTableTest, WhatIsSetAlreadyIsNotOverwritten) {
  UpsertValues(table_, 7, {ValueOf("age", 30), ValueOf("spend", 5)});
  UserAttributes attributes(schema_);
  attributes.SetInt(*schema_.SlotOf("age"), 99);
  EXPECT_TRUE(table_.Read(7, ReadPlan(table_, schema_, AllSlots(schema_)), attributes, {}));
  EXPECT_EQ(attributes.integer(*schema_.SlotOf("age")), 99);
  EXPECT_EQ(attributes.number(*schema_.SlotOf("spend")), 5);
}

TEST_F(UserTableTest, ReadsOnlyWhatThePlanAsksFor) {
  UpsertValues(table_, 7, {ValueOf("age", 30), ValueOf("spend", 5)});
  UserAttributes attributes(schema_);
  EXPECT_TRUE(table_.Read(7, ReadPlan(table_, schema_, {*schema_.SlotOf("spend")}), attributes, {}));
  EXPECT_FALSE(attributes.has(*schema_.SlotOf("age")));
  EXPECT_TRUE(attributes.has(*schema_.SlotOf("spend")));
}

TEST_F(UserTableTest, TextsOutliveTheirUsers) {
  UpsertValues(table_, 7, {ValueOf("country", "CN")});
  UserAttributes attributes(schema_);
  EXPECT_TRUE(table_.Read(7, ReadPlan(table_, schema_, AllSlots(schema_)), attributes, {}));
  table_.Remove(7);
  for (uint64_t key = 0; key < 10'000; ++key) UpsertValues(table_, key, {ValueOf("country", std::to_string(key))});
  EXPECT_EQ(attributes.text(*schema_.SlotOf("country")), "CN");
}

TEST_F(UserTableTest, ForgetsAUser) {
  UpsertValues(table_, 7, {ValueOf("age", 30)});
  EXPECT_TRUE(table_.Remove(7));
  EXPECT_EQ(Read(7), "unknown");
  EXPECT_EQ(table_.users(), 0);
  EXPECT_FALSE(table_.Remove(7));
  UpsertValues(table_, 7, {ValueOf("spend", 5)});
  EXPECT_EQ(Read(7), "spend=5.0");
}

TEST_F(UserTableTest, DropsWhatIsNotDeclaredAnyMore) {
  UpsertValues(table_, 7, {ValueOf("age", 30), ValueOf("spend", 5)});
  const ReadPlan old_plan(table_, schema_, AllSlots(schema_));
  Definitions without_age = definitions_;
  without_age.Remove("attributes/age");
  table_.Declare(without_age);
  EXPECT_EQ(Read(7), "spend=5.0");
  // Declared again, it begins empty; so it reads through a plan of before.
  table_.Declare(definitions_);
  EXPECT_EQ(Read(7), "spend=5.0");
  UpsertValues(table_, 7, {ValueOf("age", 31)});
  EXPECT_EQ(Read(7), "age=31 spend=5.0");
  UserAttributes attributes(schema_);
  EXPECT_TRUE(table_.Read(7, old_plan, attributes, {}));
  EXPECT_FALSE(attributes.has(*schema_.SlotOf("age")));
}

TEST_F(UserTableTest, ATypeThatChangedIsAnotherAttribute) {
  UpsertValues(table_, 7, {ValueOf("age", 30)});
  v1::Definition age = *definitions_.Find("attributes/age");
  age.mutable_attribute()->set_type(v1::ATTRIBUTE_TYPE_DOUBLE);
  definitions_.Put(age);
  table_.Declare(definitions_);
  EXPECT_EQ(ReadAll(table_, AttributeSchema(definitions_), 7), "");
}

TEST_F(UserTableTest, ColumnsDeclaredLaterAreEmptyForUsersOfBefore) {
  for (uint64_t key = 0; key < 1'000; ++key) UpsertValues(table_, key, {ValueOf("spend", 1)});
  v1::Definition height;
  height.mutable_attribute()->set_id("height");
  height.mutable_attribute()->set_type(v1::ATTRIBUTE_TYPE_DOUBLE);
  definitions_.Put(height);
  table_.Declare(definitions_);
  UpsertValues(table_, 5, {ValueOf("height", 180)});
  UpsertValues(table_, 5'000, {ValueOf("height", 170)});
  const AttributeSchema schema(definitions_);
  EXPECT_EQ(ReadAll(table_, schema, 4), "spend=1.0");
  EXPECT_EQ(ReadAll(table_, schema, 5), "height=180.0 spend=1.0");
  EXPECT_EQ(ReadAll(table_, schema, 5'000), "height=170.0");
}

TEST_F(UserTableTest, BytesGrowWithUsersAndTexts) {
  const int64_t before = table_.bytes();
  for (uint64_t key = 0; key < 100'000; ++key) UpsertValues(table_, key, {ValueOf("spend", 1)});
  const int64_t with_users = table_.bytes();
  EXPECT_GT(with_users, before + 100'000 * 16);
  for (int i = 0; i < 10'000; ++i)
    UpsertValues(table_, 1, {ValueOf("country", std::string(100, 'x') + std::to_string(i))});
  EXPECT_GT(table_.bytes(), with_users + 10'000 * 100);
}

}  // namespace
}  // namespace tierwise
