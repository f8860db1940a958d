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

constexpr char kGood[] = R"(id: "orders" count { event: "order" } window { seconds: 86400 } )";

TEST(PlanMetricsTest, OfNoMetricsNeedsNoEvents) {
  const MetricPlan plan = PlanMetrics({}, {});
  EXPECT_THAT(plan.event_names, IsEmpty());
  EXPECT_EQ(plan.events_begin_micros, 0);
  EXPECT_EQ(plan.events_end_micros, 0);
}

TEST(PlanMetricsTest, APlainMetricHasOneVariable) {
  const v1::Metric metric = MetricOf(R"(id: "m" sum { event: "order" } window { seconds: 604800 nanos: 5000 }
                                        delay { seconds: 86400 } cap: 500)");
  const MetricPlan plan = PlanMetrics({&metric}, {});
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
  const MetricPlan plan = PlanMetrics({&metric}, {});
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
  const MetricPlan plan = PlanMetrics({&metric}, {});
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
  const MetricPlan plan = PlanMetrics({&visits, &orders, &ordered}, {});
  EXPECT_THAT(plan.event_names, ElementsAre("visit", "order"));
  EXPECT_EQ(plan.metrics[0].variables[0].event, 0);
  EXPECT_EQ(plan.metrics[1].variables[0].event, 1);
  EXPECT_EQ(plan.metrics[2].variables[0].event, 1);
}

TEST(PlanMetricsTest, RetentionIsAConversionLater) {
  const v1::Metric metric =
      MetricOf(R"(id: "m" retention { event: "visit" } window { seconds: 604800 } delay { seconds: 604800 })");
  const MetricPlan plan = PlanMetrics({&metric}, {});
  EXPECT_THAT(plan.metrics[0].variables, ElementsAre(OutcomeRule{.kind = OutcomeKind::kConversion,
                                                                 .event = 0,
                                                                 .begin_micros = 7 * kDayMicros,
                                                                 .end_micros = 14 * kDayMicros}));
}

TEST(PlanMetricsTest, AQuantileKeepsValues) {
  const v1::Metric metric =
      MetricOf(R"(id: "m" quantile { event: "wait" probability: 0.9 } window { seconds: 86400 })");
  const MetricPlan plan = PlanMetrics({&metric}, {});
  EXPECT_TRUE(plan.metrics[0].keeps_values);
  EXPECT_EQ(plan.metrics[0].variables[0].kind, OutcomeKind::kValues);
}

TEST(PlanMetricsTest, MovementsNeedNoEventsAndFindTheirTier) {
  const v1::Metric gold = MetricOf(
      R"(id: "m" tier_movement { outcome: MOVEMENT_OUTCOME_REACHED tier: "silver" } window { seconds: 86400 })");
  const v1::Metric iron =
      MetricOf(R"(id: "n" tier_movement { outcome: MOVEMENT_OUTCOME_REACHED tier: "iron" } window { seconds: 86400 })");
  const MetricPlan plan = PlanMetrics({&gold, &iron}, {"gold", "silver"});
  EXPECT_THAT(plan.event_names, IsEmpty());
  EXPECT_EQ(plan.events_end_micros, 0);
  EXPECT_EQ(plan.metrics[0].variables[0].tier, 1);
  EXPECT_EQ(plan.metrics[1].variables[0].tier, kOtherName);
  EXPECT_EQ(plan.metrics[0].window_end_micros, kDayMicros);
}

}  // namespace
}  // namespace tierwise
