// SPDX-License-Identifier: Apache-2.0
#include "tests/oracle/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/oracle/not_compared.h"

namespace tierwise::oracle {
namespace {

using nlohmann::json;

const json kTolerance = json::parse(R"({
  "default": {"rel": 1e-10, "abs": 0},
  "p_*": {"rel": 1e-3},
  "PM.tau2, REML.*": {"abs": 1},
  "offset cases": {"var,t": {"rel": 0.5}}})");

std::vector<Mismatch> CompareField(const json& expected, const CaseReport& report, const json& tags = json::array()) {
  return Compare("family", kTolerance, {{"tags", tags}, {"expected", expected}}, report).mismatches;
}

TEST(ComparisonTest, ReportsWrongValuesUnknownFieldsAndWrongNulls) {
  CaseReport report;
  report.Got("a", 1.0 + 1e-9);
  report.Got("b", nullptr);
  report.Got("c", 1.0);
  report.Got("nested.d", std::nan(""));
  const auto mismatches =
      CompareField(json::parse(R"({"a": 1.0, "b": 2.0, "c": null, "nested": {"d": 1.0, "e": 2.0}})"), report);
  ASSERT_EQ(mismatches.size(), 5u);
  EXPECT_EQ(mismatches[3].field, "nested.d");
  EXPECT_EQ(mismatches[4].field, "nested.e");
  EXPECT_EQ(mismatches[4].got, "unknown field");
}

TEST(ComparisonTest, UsesTheToleranceOfTheField) {
  CaseReport report;
  report.Got("p_pooled", 0.1 * 1.0005);
  report.Got("REML.mu", 1.5);
  report.Got("PM.tau2", 0.5);
  report.Got("var_a", 1.4);
  EXPECT_TRUE(CompareField({{"p_pooled", 0.1}}, report).empty());
  EXPECT_TRUE(CompareField(json::parse(R"({"REML": {"mu": 1.0}, "PM": {"tau2": 0.0}})"), report).empty());
  EXPECT_EQ(CompareField({{"var_a", 1.0}}, report).size(), 1u);
  EXPECT_TRUE(CompareField({{"var_a", 1.0}}, report, {"offset"}).empty());
}

TEST(ComparisonTest, ComparesArraysObjectsAndInfinities) {
  CaseReport report;
  report.Got("ci", Interval{1.0, 2.0});
  report.Got("end", HUGE_VAL);
  report.Got("looks", json::parse(R"([{"z": 1.0}, {"z": 2.0}])"));
  EXPECT_TRUE(
      CompareField(json::parse(R"({"ci": [1.0, 2.0], "end": "inf", "looks": [{"z": 1.0}, {"z": 2.0}]})"), report)
          .empty());
  EXPECT_EQ(CompareField({{"ci", {1.0, 2.5}}}, report)[0].field, "ci[1]");
  EXPECT_EQ(CompareField({{"ci", {1.0}}}, report).size(), 1u);
  EXPECT_EQ(CompareField({{"end", "-inf"}}, report).size(), 1u);
  EXPECT_EQ(CompareField(json::parse(R"({"looks": [{"z": 1.0}, {"y": 2.0}]})"), report)[0].field, "looks[1].y");
}

TEST(ComparisonTest, ARecordThatContradictsItsDefinitionIsCountedAndNeverExcusesTheProduct) {
  const auto compare = [](const json& expected, const Interval& got) {
    CaseReport report;
    report.GotByDefinition("ci", got, Interval{1.0, 2.0}, "why");
    return Compare("family", kTolerance, {{"expected", {{"ci", expected}}}}, report);
  };
  const CaseResult right = compare({1.0, 2.0}, {1.0, 2.0});
  EXPECT_TRUE(right.mismatches.empty() && right.contradictions.empty());
  const CaseResult wrong_record = compare({1.5, 2.0}, {1.0, 2.0});
  EXPECT_TRUE(wrong_record.mismatches.empty());
  ASSERT_EQ(wrong_record.contradictions.size(), 1u);
  EXPECT_EQ(wrong_record.contradictions[0].reason, "why");
  // The product repeats the record's mistake.
  EXPECT_EQ(compare({1.5, 2.0}, {1.5, 2.0}).mismatches.size(), 1u);
  EXPECT_EQ(compare(nullptr, {1.5, 2.0}).mismatches.size(), 1u);
  EXPECT_TRUE(compare(nullptr, {1.0, 2.0}).mismatches.empty());
}

TEST(ComparisonTest, SkipsOnlyWhatIsOnTheList) {
  EXPECT_TRUE(CompareField({{"gbstats_0_8_0_p", 1.0}}, CaseReport()).empty());
  EXPECT_EQ(CompareField({{"pgbstats", 1.0}}, CaseReport()).size(), 1u);
  for (const NotCompared& entry : FieldsNotCompared()) EXPECT_FALSE(entry.reason.empty()) << entry.field;
}

}  // namespace
}  // namespace tierwise::oracle
