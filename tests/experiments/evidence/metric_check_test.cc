// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/metric_check.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Metric MetricOf(const std::string& text) {
  v1::Metric metric;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &metric)) << text;
  return metric;
}

// "field: description" for each problem.
std::vector<std::string> ProblemsIn(const v1::Metric& metric) {
  Problems problems;
  CheckMetric(metric, "metric", problems);
  std::vector<std::string> texts;
  for (const Problem& problem : problems.problems()) texts.push_back(problem.field + ": " + problem.description);
  return texts;
}

std::vector<std::string> ProblemsIn(const std::string& text) { return ProblemsIn(MetricOf(text)); }

constexpr char kGood[] = R"(id: "orders" count { event: "order" } window { seconds: 86400 } )";

TEST(CheckMetricTest, TakesEveryKind) {
  EXPECT_THAT(ProblemsIn(kGood), IsEmpty());
  EXPECT_THAT(ProblemsIn(R"(id: "m" conversion { event: "order" } window { seconds: 1 })"), IsEmpty());
  EXPECT_THAT(ProblemsIn(R"(id: "m" sum { event: "order" } window { seconds: 34560000 } delay { seconds: 34560000 }
                            cap: 0.5 covariate_window { seconds: 1 } direction: DIRECTION_DECREASE)"),
              IsEmpty());
  EXPECT_THAT(
      ProblemsIn(R"(id: "m" ratio { numerator { sum { event: "order" } } denominator { count { event: "visit" } } }
                            window { seconds: 1 nanos: 1000 } covariate_window { seconds: 34560000 })"),
      IsEmpty());
}

TEST(CheckMetricTest, NamesEverythingThatIsMissing) {
  EXPECT_THAT(ProblemsIn(""),
              ElementsAre("metric.id: is required",
                          "metric: needs one of conversion, count, sum, ratio, retention, quantile or tier_movement",
                          "metric.window: is required"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" sum {} window { seconds: 1 })"), ElementsAre("metric.sum.event: is required"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" ratio { numerator {} } window { seconds: 1 })"),
              ElementsAre("metric.ratio.numerator: needs one of conversion, count or sum",
                          "metric.ratio.denominator: is required"));
  EXPECT_THAT(
      ProblemsIn(R"(id: "m" ratio { numerator { count {} } denominator { conversion {} } } window { seconds: 1 })"),
      ElementsAre("metric.ratio.numerator.count.event: is required",
                  "metric.ratio.denominator.conversion.event: is required"));
}

TEST(CheckMetricTest, BoundsTheWindow) {
  EXPECT_THAT(ProblemsIn(R"(id: "m" count { event: "e" } window {})"),
              ElementsAre("metric.window: is 0, allowed is 1s to 400 days"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" count { event: "e" } window { nanos: 999999000 })"),
              ElementsAre("metric.window: is 999.999ms, allowed is 1s to 400 days"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" count { event: "e" } window { seconds: 34560000 nanos: 1000 })"),
              ElementsAre("metric.window: is 9600h0.000001s, allowed is 1s to 400 days"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" count { event: "e" } window { seconds: -86400 })"),
              ElementsAre("metric.window: is -24h, allowed is 1s to 400 days"));
}

TEST(CheckMetricTest, TimesAreMicroseconds) {
  EXPECT_THAT(ProblemsIn(R"(id: "m" count { event: "e" } window { seconds: 1 nanos: 1 })"),
              ElementsAre("metric.window: must be a whole number of microseconds"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" count { event: "e" } window { seconds: 5 nanos: -1000 })"),
              ElementsAre("metric.window: has -1000 nanos, allowed is 0 to 999,999,999"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" count { event: "e" } window { seconds: 1 nanos: 1000000000 })"),
              ElementsAre("metric.window: has 1000000000 nanos, allowed is 0 to 999,999,999"));
}

TEST(CheckMetricTest, BoundsDelayAndCovariateWindow) {
  EXPECT_THAT(ProblemsIn(std::string(kGood) + "delay { seconds: -1 } covariate_window {}"),
              ElementsAre("metric.delay: is -1s, allowed is 0 to 400 days",
                          "metric.covariate_window: is 0, allowed is 1s to 400 days"));
  EXPECT_THAT(ProblemsIn(std::string(kGood) + "delay { seconds: 34560001 } covariate_window { seconds: 34560001 }"),
              ElementsAre("metric.delay: is 9600h1s, allowed is 0 to 400 days",
                          "metric.covariate_window: is 9600h1s, allowed is 1s to 400 days"));
}

TEST(CheckMetricTest, ACapIsPositiveAndFinite) {
  for (const double cap :
       {0.0, -1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    v1::Metric metric = MetricOf(kGood);
    metric.set_cap(cap);
    EXPECT_EQ(ProblemsIn(metric).size(), 1u) << cap;
  }
  EXPECT_THAT(ProblemsIn(std::string(kGood) + "cap: -1"),
              ElementsAre("metric.cap: is -1, must be positive and finite"));
}

TEST(CheckMetricTest, ACapIsForCountAndSumOnly) {
  EXPECT_THAT(ProblemsIn(R"(id: "m" conversion { event: "e" } window { seconds: 1 } cap: 2)"),
              ElementsAre("metric.cap: is allowed for count and sum metrics only"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" ratio { numerator { sum { event: "e" } } denominator { count { event: "e" } } }
                            window { seconds: 1 } cap: 2)"),
              ElementsAre("metric.cap: is allowed for count and sum metrics only"));
}

TEST(CheckMetricTest, BoundsNamesAndTexts) {
  v1::Metric metric = MetricOf(kGood);
  metric.mutable_count()->set_event(std::string(128, 'e'));
  EXPECT_THAT(ProblemsIn(metric), IsEmpty());
  metric.mutable_count()->set_event(std::string(129, 'e'));
  metric.set_id("Orders");
  metric.set_display_name(std::string(201, 'd'));
  metric.set_description(std::string(4001, 'd'));
  metric.set_direction(static_cast<v1::Direction>(3));
  std::vector<std::string> fields;
  Problems problems;
  CheckMetric(metric, "metrics[2]", problems);
  for (const Problem& problem : problems.problems()) fields.push_back(problem.field);
  EXPECT_THAT(fields, ElementsAre("metrics[2].id", "metrics[2].display_name", "metrics[2].description",
                                  "metrics[2].count.event", "metrics[2].direction"));
}

TEST(CheckMetricTest, TakesTheLateKinds) {
  EXPECT_THAT(ProblemsIn(R"(id: "m" retention { event: "visit" } delay { seconds: 1 } window { seconds: 1 }
                            covariate_window { seconds: 1 })"),
              IsEmpty());
  EXPECT_THAT(ProblemsIn(R"(id: "m" quantile { event: "wait" probability: 0.95 } window { seconds: 1 }
                            direction: DIRECTION_DECREASE)"),
              IsEmpty());
  EXPECT_THAT(ProblemsIn(R"(id: "m" tier_movement { outcome: MOVEMENT_OUTCOME_MOVED_UP } window { seconds: 1 })"),
              IsEmpty());
  EXPECT_THAT(ProblemsIn(R"(id: "m" tier_movement { outcome: MOVEMENT_OUTCOME_REACHED tier: "gold" }
                            window { seconds: 1 })"),
              IsEmpty());
}

TEST(CheckMetricTest, RetentionNeedsADelay) {
  EXPECT_THAT(ProblemsIn(R"(id: "m" retention {} window { seconds: 1 })"),
              ElementsAre("metric.retention.event: is required",
                          "metric.delay: is required for retention: coming back takes some time, e.g. 7 days"));
}

TEST(CheckMetricTest, AQuantileIsInsideTheUnitInterval) {
  for (const double probability : {0.0, 1.0, 0.0009, -0.5, std::numeric_limits<double>::quiet_NaN()}) {
    v1::Metric metric = MetricOf(R"(id: "m" quantile { event: "wait" } window { seconds: 1 })");
    metric.mutable_quantile()->set_probability(probability);
    EXPECT_EQ(ProblemsIn(metric).size(), 1u) << probability;
  }
  EXPECT_THAT(ProblemsIn(R"(id: "m" quantile { probability: 1 } window { seconds: 1 })"),
              ElementsAre("metric.quantile.event: is required",
                          "metric.quantile.probability: is 1, allowed is 0.001 to 0.999"));
}

TEST(CheckMetricTest, OnlyReachedNamesATier) {
  EXPECT_THAT(ProblemsIn(R"(id: "m" tier_movement {} window { seconds: 1 })"),
              ElementsAre("metric.tier_movement.outcome: needs one of MOVED_UP, DID_NOT_FALL or REACHED"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" tier_movement { outcome: MOVEMENT_OUTCOME_REACHED } window { seconds: 1 })"),
              ElementsAre("metric.tier_movement.tier: is required"));
  EXPECT_THAT(ProblemsIn(R"(id: "m" tier_movement { outcome: MOVEMENT_OUTCOME_MOVED_UP tier: "gold" }
                            window { seconds: 1 })"),
              ElementsAre("metric.tier_movement.tier: is allowed for REACHED only"));
}

TEST(CheckMetricTest, QuantilesAndMovementsHaveNeitherCapNorCovariate) {
  EXPECT_THAT(ProblemsIn(R"(id: "m" quantile { event: "wait" probability: 0.5 } window { seconds: 1 } cap: 3
                            cap_quantile: 0.99 covariate_window { seconds: 1 })"),
              ElementsAre("metric.cap: is allowed for count and sum metrics only",
                          "metric.cap_quantile: is allowed for count and sum metrics only",
                          "metric.covariate_window: is not allowed for quantile and tier_movement metrics, which have "
                          "no covariate"));
}

TEST(CheckMetricTest, ACapQuantileNeedsTheWindowThatItIsFoundIn) {
  EXPECT_THAT(ProblemsIn(std::string(kGood) + "cap_quantile: 0.99"),
              ElementsAre("metric.covariate_window: is required with cap_quantile: the cap is found in it"));
  EXPECT_THAT(ProblemsIn(std::string(kGood) + "cap_quantile: 0.99 cap: 3 covariate_window { seconds: 1 }"),
              ElementsAre("metric.cap_quantile: and cap are both given, one is allowed"));
  for (const char* bad : {"0.89", "1", "nan"}) {
    EXPECT_EQ(ProblemsIn(absl::StrCat(kGood, "covariate_window { seconds: 1 } cap_quantile: ", bad)).size(), 1u) << bad;
  }
}

}  // namespace
}  // namespace tierwise
