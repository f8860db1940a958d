// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/user_attributes.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/experiments/audience/audience_definitions.h"

namespace tierwise {
namespace {

class UserAttributesTest : public testing::Test {
 protected:
  // The value of `attribute` that `set` is to fill in.
  template <typename F>
  absl::Status Set(absl::string_view attribute, F set) {
    value_.Clear();
    value_.set_attribute(std::string(attribute));
    set(value_);
    return user_.Set(schema_, value_);
  }
  int Slot(absl::string_view attribute) const { return *schema_.SlotOf(attribute); }

  AttributeSchema schema_{AudienceDefinitions()};
  UserAttributes user_{schema_};
  v1::AttributeValue value_;
};

TEST_F(UserAttributesTest, SchemaHasASlotForEachAttributeInTheOrderOfIds) {
  EXPECT_EQ(schema_.size(), 9);
  EXPECT_EQ(schema_.IdOf(0), "age");
  EXPECT_EQ(schema_.SlotOf("age"), 0);
  EXPECT_EQ(schema_.TypeOf(Slot("spend")), v1::ATTRIBUTE_TYPE_DOUBLE);
  EXPECT_FALSE(schema_.SlotOf("shoe_size").has_value());
}

TEST_F(UserAttributesTest, TakesValuesOfTheDeclaredType) {
  EXPECT_TRUE(Set("is_member", [](auto& value) { value.set_bool_value(true); }).ok());
  EXPECT_TRUE(Set("age", [](auto& value) { value.set_int_value(-7); }).ok());
  EXPECT_TRUE(Set("spend", [](auto& value) { value.set_double_value(0.5); }).ok());
  EXPECT_TRUE(Set("last_order_at", [](auto& value) { value.mutable_time_value()->set_seconds(2); }).ok());
  EXPECT_EQ(user_.integer(Slot("is_member")), 1);
  EXPECT_EQ(user_.integer(Slot("age")), -7);
  EXPECT_EQ(user_.number(Slot("spend")), 0.5);
  EXPECT_EQ(user_.integer(Slot("last_order_at")), 2'000'000);
  EXPECT_TRUE(Set("country", [](auto& value) { value.set_string_value(std::string("CN")); }).ok());
  EXPECT_EQ(user_.text(Slot("country")), "CN");
  EXPECT_TRUE(Set("tags", [](auto& value) { value.mutable_list_value()->add_values(std::string("vip")); }).ok());
  EXPECT_TRUE(user_.ListContains(Slot("tags"), "vip"));
}

TEST_F(UserAttributesTest, AnIntIsTakenForADouble) {
  EXPECT_TRUE(Set("spend", [](auto& value) { value.set_int_value(3); }).ok());
  EXPECT_EQ(user_.number(Slot("spend")), 3.0);
}

TEST_F(UserAttributesTest, UnsetAndUndeclaredValuesChangeNothing) {
  EXPECT_TRUE(Set("age", [](auto&) {}).ok());
  EXPECT_TRUE(Set("shoe_size", [](auto& value) { value.set_int_value(44); }).ok());
  for (int slot = 0; slot < schema_.size(); ++slot) EXPECT_FALSE(user_.has(slot));
}

TEST_F(UserAttributesTest, RefusesOtherTypesAndImpossibleValues) {
  EXPECT_EQ(Set("age", [](auto& value) { value.set_double_value(1); }).message(),
            "attributes.age: is DOUBLE, the attribute is INT");
  EXPECT_EQ(Set("is_member", [](auto& value) { value.set_int_value(1); }).message(),
            "attributes.is_member: is INT, the attribute is BOOL");
  EXPECT_EQ(Set("country", [](auto& value) { value.mutable_list_value(); }).message(),
            "attributes.country: is STRING_LIST, the attribute is STRING");
  for (const double number : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(Set("spend", [&](auto& value) { value.set_double_value(number); }).message(),
              "attributes.spend: is not finite");
  }
  EXPECT_EQ(Set("last_order_at", [](auto& value) { value.mutable_time_value()->set_nanos(-1); }).message(),
            "attributes.last_order_at: is not a moment between the years 1 and 9999");
  EXPECT_EQ(Set("country", [](auto& value) { value.set_string_value(std::string(1'025, 'x')); }).message(),
            "attributes.country: has 1025 bytes, at most 1024 are allowed");
  EXPECT_EQ(Set("tags",
                [](auto& value) {
                  for (int i = 0; i < 257; ++i) value.mutable_list_value()->add_values(std::string("x"));
                })
                .message(),
            "attributes.tags: has 257 elements, at most 256 are allowed");
  EXPECT_EQ(Set("tags", [](auto& value) { value.mutable_list_value()->add_values(std::string("\xff")); }).message(),
            "attributes.tags: element 0 is not valid UTF-8");
  for (int slot = 0; slot < schema_.size(); ++slot) EXPECT_FALSE(user_.has(slot));
}

TEST_F(UserAttributesTest, ClearForgetsEveryValue) {
  for (int round = 0; round < 3; ++round) {
    user_.SetInt(Slot("age"), 5);
    user_.SetInt(Slot("age"), 6);
    user_.SetString(Slot("country"), "CN");
    EXPECT_EQ(user_.integer(Slot("age")), 6);
    user_.Clear();
    for (int slot = 0; slot < schema_.size(); ++slot) EXPECT_FALSE(user_.has(slot));
  }
}

}  // namespace
}  // namespace tierwise
