// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/metric_plan.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;

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
              ElementsAre("metric.id: is required", "metric: needs one of conversion, count, sum or ratio",
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

TEST(PlanMetricsTest, OfNoMetricsNeedsNoEvents) {
  const MetricPlan plan = PlanMetrics({});
  EXPECT_THAT(plan.event_names, IsEmpty());
  EXPECT_EQ(plan.events_begin_micros, 0);
  EXPECT_EQ(plan.events_end_micros, 0);
}

TEST(PlanMetricsTest, APlainMetricHasOneVariable) {
  const v1::Metric metric = MetricOf(R"(id: "m" sum { event: "order" } window { seconds: 604800 nanos: 5000 }
                                        delay { seconds: 86400 } cap: 500)");
  const MetricPlan plan = PlanMetrics({&metric});
  EXPECT_THAT(plan.event_names, ElementsAre("order"));
  PlannedMetric expected;
  expected.variables = {{.kind = OutcomeKind::kSum,
                         .event = 0,
                         .begin_micros = kDayMicros,
                         .end_micros = 8 * kDayMicros + 5,
                         .cap = 500.0}};
  expected.window_end_micros = 8 * kDayMicros + 5;
  EXPECT_THAT(plan.metrics, ElementsAre(expected));
  EXPECT_EQ(plan.events_begin_micros, 0);
  EXPECT_EQ(plan.events_end_micros, 8 * kDayMicros + 5);
}

TEST(PlanMetricsTest, TheCovariateIsTheSameOutcomeBeforeTheExposure) {
  const v1::Metric metric = MetricOf(R"(id: "m" count { event: "order" } window { seconds: 604800 }
                                        delay { seconds: 86400 } cap: 5 covariate_window { seconds: 172800 })");
  const MetricPlan plan = PlanMetrics({&metric});
  ASSERT_EQ(plan.metrics[0].variables.size(), 2u);
  EXPECT_EQ(
      plan.metrics[0].variables[1],
      (OutcomeRule{
          .kind = OutcomeKind::kCount, .event = 0, .begin_micros = -2 * kDayMicros, .end_micros = 0, .cap = 5.0}));
  EXPECT_TRUE(plan.metrics[0].has_covariate);
  EXPECT_EQ(plan.metrics[0].window_end_micros, 8 * kDayMicros);
  EXPECT_EQ(plan.events_begin_micros, -2 * kDayMicros);
  EXPECT_EQ(plan.events_end_micros, 8 * kDayMicros);
}

TEST(PlanMetricsTest, ARatioHasNumeratorDenominatorAndTheirCovariates) {
  const v1::Metric metric =
      MetricOf(R"(id: "m" ratio { numerator { sum { event: "order" } } denominator { count { event: "visit" } } }
                  window { seconds: 86400 } covariate_window { seconds: 86400 })");
  const MetricPlan plan = PlanMetrics({&metric});
  EXPECT_THAT(plan.event_names, ElementsAre("order", "visit"));
  const std::vector<OutcomeRule>& variables = plan.metrics[0].variables;
  ASSERT_EQ(variables.size(), 4u);
  EXPECT_TRUE(plan.metrics[0].is_ratio);
  for (const size_t outcome : {0u, 1u}) {
    const OutcomeRule& covariate = variables[outcome + 2];
    EXPECT_EQ(variables[outcome].kind, outcome == 0 ? OutcomeKind::kSum : OutcomeKind::kCount);
    EXPECT_EQ(variables[outcome].event, outcome);
    EXPECT_EQ(variables[outcome].begin_micros, 0);
    EXPECT_EQ(variables[outcome].end_micros, kDayMicros);
    EXPECT_EQ(covariate.kind, variables[outcome].kind);
    EXPECT_EQ(covariate.event, outcome);
    EXPECT_EQ(covariate.begin_micros, -kDayMicros);
    EXPECT_EQ(covariate.end_micros, 0);
  }
}

TEST(PlanMetricsTest, MetricsShareEventNames) {
  const v1::Metric orders = MetricOf(kGood);
  const v1::Metric ordered = MetricOf(R"(id: "m" conversion { event: "order" } window { seconds: 1 })");
  const v1::Metric visits = MetricOf(R"(id: "v" count { event: "visit" } window { seconds: 1 })");
  const MetricPlan plan = PlanMetrics({&visits, &orders, &ordered});
  EXPECT_THAT(plan.event_names, ElementsAre("visit", "order"));
  EXPECT_EQ(plan.metrics[0].variables[0].event, 0);
  EXPECT_EQ(plan.metrics[1].variables[0].event, 1);
  EXPECT_EQ(plan.metrics[2].variables[0].event, 1);
}

}  // namespace
}  // namespace tierwise
