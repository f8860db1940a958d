// SPDX-License-Identifier: Apache-2.0
#include "server/services/attribute_columns.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"

namespace tierwise {
namespace {

AttributeSchema Schema() {
  Definitions definitions;
  const auto add = [&definitions](const char* id, v1::AttributeType type) {
    v1::Definition definition;
    definition.mutable_attribute()->set_id(id);
    definition.mutable_attribute()->set_type(type);
    definitions.Put(definition);
  };
  add("age", v1::ATTRIBUTE_TYPE_INT);
  add("country", v1::ATTRIBUTE_TYPE_STRING);
  add("interests", v1::ATTRIBUTE_TYPE_STRING_LIST);
  add("member", v1::ATTRIBUTE_TYPE_BOOL);
  add("since", v1::ATTRIBUTE_TYPE_TIMESTAMP);
  add("spend", v1::ATTRIBUTE_TYPE_DOUBLE);
  return AttributeSchema(definitions);
}

using Columns = google::protobuf::RepeatedPtrField<v1::AttributeColumn>;

v1::AttributeColumn& AddColumn(const char* attribute, Columns& columns) {
  v1::AttributeColumn& column = *columns.Add();
  column.set_attribute(attribute);
  return column;
}

std::string ErrorOf(const Columns& columns, int users) {
  const AttributeSchema schema = Schema();
  const auto result = AttributeColumns::Create(schema, columns, users);
  return result.ok() ? "" : std::string(result.status().message());
}

TEST(AttributeColumnsTest, DenseColumnsGiveEachUserTheValueAtTheirPlace) {
  const AttributeSchema schema = Schema();
  Columns request;
  v1::AttributeColumn& age = AddColumn("age", request);
  v1::AttributeColumn& spend = AddColumn("spend", request);
  v1::AttributeColumn& since = AddColumn("since", request);
  v1::AttributeColumn& member = AddColumn("member", request);
  for (int i = 0; i < 3; ++i) {
    age.add_ints(20 + i);
    spend.add_doubles(0.5 * i);
    since.add_times_micros(1000 * i);
    member.add_bools(i == 1);
  }
  AttributeColumns columns = AttributeColumns::Create(schema, request, 3).value();
  UserAttributes user(schema);
  for (int i = 0; i < 3; ++i) {
    columns.Next(user);
    EXPECT_EQ(user.integer(*schema.SlotOf("age")), 20 + i);
    EXPECT_EQ(user.number(*schema.SlotOf("spend")), 0.5 * i);
    EXPECT_EQ(user.integer(*schema.SlotOf("since")), 1000 * i);
    EXPECT_EQ(user.integer(*schema.SlotOf("member")), i == 1 ? 1 : 0);
    EXPECT_FALSE(user.has(*schema.SlotOf("country")));
  }
}

TEST(AttributeColumnsTest, SparseColumnsGiveValuesOnlyToUsersWhoseBitIsSet) {
  const AttributeSchema schema = Schema();
  Columns request;
  v1::AttributeColumn& country = AddColumn("country", request);
  country.set_present(std::string("\x82\x02", 2));  // users 1, 7 and 9
  country.add_strings("CN");
  country.add_strings("SG");
  country.add_string_codes(1);
  country.add_string_codes(0);
  country.add_string_codes(1);
  AttributeColumns columns = AttributeColumns::Create(schema, request, 10).value();
  UserAttributes user(schema);
  std::string seen;
  for (int i = 0; i < 10; ++i) {
    columns.Next(user);
    const int slot = *schema.SlotOf("country");
    absl::StrAppend(&seen, user.has(slot) ? user.text(slot) : "-");
  }
  EXPECT_EQ(seen, "-SG-----CN-SG");
}

TEST(AttributeColumnsTest, ListsAreCutFromTheStringsByTheirLengths) {
  const AttributeSchema schema = Schema();
  Columns request;
  v1::AttributeColumn& interests = AddColumn("interests", request);
  for (const char* each : {"tea", "go", "tea"}) interests.add_strings(each);
  for (const uint32_t length : {2u, 0u, 1u}) interests.add_list_lengths(length);
  AttributeColumns columns = AttributeColumns::Create(schema, request, 3).value();
  UserAttributes user(schema);
  const int slot = *schema.SlotOf("interests");
  columns.Next(user);
  EXPECT_TRUE(user.ListContains(slot, "go"));
  columns.Next(user);
  EXPECT_TRUE(user.has(slot));
  EXPECT_FALSE(user.ListContains(slot, "tea"));
  columns.Next(user);
  EXPECT_TRUE(user.ListContains(slot, "tea"));
  EXPECT_FALSE(user.ListContains(slot, "go"));
}

TEST(AttributeColumnsTest, ColumnsOfUndeclaredAttributesAreIgnored) {
  Columns request;
  AddColumn("shoe_size", request).add_ints(43);
  EXPECT_EQ(ErrorOf(request, 5), "");
}

TEST(AttributeColumnsTest, WhatDoesNotFitNamesTheColumn) {
  const auto error_of = [](const char* attribute, int users, auto fill) {
    Columns request;
    fill(AddColumn(attribute, request));
    return ErrorOf(request, users);
  };
  EXPECT_NE(error_of("age", 2, [](auto& c) { c.add_ints(1); }).find("columns[0]: must have 2 values"),
            std::string::npos);
  EXPECT_NE(error_of("age", 1, [](auto& c) { c.add_strings(std::string("1")); }).find("0 there and 1 elsewhere"),
            std::string::npos);
  EXPECT_NE(error_of("age", 9, [](auto& c) { c.set_present("\x01"); }).find("columns[0].present"), std::string::npos);
  EXPECT_NE(error_of("country", 1, [](auto& c) { c.add_string_codes(0); }).find("columns[0].string_codes"),
            std::string::npos);
  EXPECT_NE(error_of("spend", 1, [](auto& c) { c.add_doubles(std::numeric_limits<double>::quiet_NaN()); })
                .find("columns[0].doubles: must be finite"),
            std::string::npos);
  EXPECT_NE(error_of("country", 1, [](auto& c) { c.add_strings(std::string(1025, 'x')); }).find("columns[0].strings"),
            std::string::npos);
  EXPECT_NE(error_of("interests", 1,
                     [](auto& c) {
                       c.add_list_lengths(2);
                       c.add_strings(std::string("tea"));
                     })
                .find("the list lengths sum to 2"),
            std::string::npos);
}

TEST(AttributeColumnsTest, AnAttributeGivenTwiceIsRefused) {
  Columns request;
  AddColumn("age", request).add_ints(1);
  AddColumn("age", request).add_ints(2);
  EXPECT_NE(ErrorOf(request, 1).find("columns[1]: \"age\" is given twice"), std::string::npos);
}

}  // namespace
}  // namespace tierwise
