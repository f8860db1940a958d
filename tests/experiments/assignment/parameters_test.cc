// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/parameters.h"

#include <limits>
#include <string>

#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace tierwise {
namespace {

using google::protobuf::Struct;

Struct FromJson(const std::string& json) {
  Struct object;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &object).ok()) << json;
  return object;
}

std::string FirstProblem(const Struct& object) {
  Problems problems;
  CheckParameters(object, "parameters", problems);
  return problems.empty() ? "" : problems.problems()[0].field + ": " + problems.problems()[0].description;
}

std::string Nested(int depth) {
  std::string json = "1";
  for (int i = 0; i < depth; ++i) json = "{\"a\":" + json + "}";
  return json;
}

TEST(ParametersTest, MembersAreInTheOrderOfTheirNames) {
  EXPECT_EQ(ParametersJson(FromJson(R"({"b": 1, "a": {"z": null, "y": [true, "x", {}]}, "": false})")),
            R"({"":false,"a":{"y":[true,"x",{}],"z":null},"b":1})");
  EXPECT_EQ(ParametersJson(Struct()), "{}");
}

TEST(ParametersTest, NumbersReadBackTheSame) {
  EXPECT_EQ(ParametersJson(FromJson(R"({"a":100000,"b":0.1,"c":-3,"d":1e300,"e":9007199254740992,"f":2.5e-7})")),
            R"({"a":100000,"b":0.1,"c":-3,"d":1e+300,"e":9007199254740992,"f":2.5e-07})");
}

TEST(ParametersTest, TextIsEscaped) {
  Struct object;
  (*object.mutable_fields())["a\"b"].set_string_value("line\n\ttab \\ \x01 用户");
  EXPECT_EQ(ParametersJson(object), "{\"a\\\"b\":\"line\\n\\ttab \\\\ \\u0001 用户\"}");
  EXPECT_EQ(FromJson(ParametersJson(object)).fields().at("a\"b").string_value(),
            object.fields().at("a\"b").string_value());
}

TEST(ParametersTest, OverridesReplaceMembersWhole) {
  EXPECT_EQ(ParametersJson(WithOverrides(FromJson(R"({"a":1,"b":{"c":1,"d":2}})"), FromJson(R"({"b":{"c":3},"e":4})"))),
            R"({"a":1,"b":{"c":3},"e":4})");
}

TEST(ParametersTest, NestingIsAtMost32Deep) {
  EXPECT_EQ(FirstProblem(FromJson(Nested(32))), "");
  EXPECT_NE(FirstProblem(FromJson(Nested(33))).find("is nested more than 32 deep"), std::string::npos);
  EXPECT_EQ(FirstProblem(FromJson("{\"a\":[" + Nested(30) + "]}")), "");
  EXPECT_NE(FirstProblem(FromJson("{\"a\":[" + Nested(31) + "]}")), "");
}

TEST(ParametersTest, TheTextIsAtMost16KiB) {
  EXPECT_EQ(FirstProblem(FromJson("{\"a\":\"" + std::string(16'376, 'x') + "\"}")), "");
  EXPECT_EQ(FirstProblem(FromJson("{\"a\":\"" + std::string(16'377, 'x') + "\"}")),
            "parameters: has 16385 bytes as JSON, at most 16384 are allowed");
}

TEST(ParametersTest, EveryValueIsOneOfJson) {
  Struct object;
  auto& list = *(*object.mutable_fields())["a"].mutable_list_value();
  list.add_values()->set_number_value(std::numeric_limits<double>::infinity());
  EXPECT_EQ(FirstProblem(object), "parameters.a[0]: is not a finite number");
  list.mutable_values(0)->clear_kind();
  EXPECT_EQ(FirstProblem(object), "parameters.a[0]: has no value; null is written as null");
  list.mutable_values(0)->set_string_value("\xff");
  EXPECT_EQ(FirstProblem(object), "parameters: has text that is not valid UTF-8");
}

}  // namespace
}  // namespace tierwise
