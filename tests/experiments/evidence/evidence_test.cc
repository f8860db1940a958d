// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/experiments/evidence/fact_lists.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;

constexpr uint16_t kOrder = 0;
constexpr uint16_t kVisit = 1;

OutcomeRule Rule(OutcomeKind kind, uint16_t event, int64_t begin_seconds, int64_t end_seconds) {
  return {.kind = kind,
          .event = event,
          .begin_micros = begin_seconds * kMicrosPerSecond,
          .end_micros = end_seconds * kMicrosPerSecond};
}

PlannedMetric Plain(const OutcomeRule& rule) {
  PlannedMetric metric;
  metric.variables = {rule};
  metric.window_end_micros = rule.end_micros;
  return metric;
}

// Two variants; three tiers, the last of which is in its second phase; read long after.
EvidenceSpec SpecWith(std::vector<PlannedMetric> metrics) {
  EvidenceSpec spec;
  spec.variants = 2;
  spec.current_phase = {1, 1, 2};
  spec.plan.event_names = {"order", "visit"};
  spec.plan.metrics = std::move(metrics);
  for (const PlannedMetric& metric : spec.plan.metrics) {
    for (const OutcomeRule& rule : metric.variables) {
      spec.plan.events_begin_micros = std::min(spec.plan.events_begin_micros, rule.begin_micros);
      spec.plan.events_end_micros = std::max(spec.plan.events_end_micros, rule.end_micros);
    }
  }
  spec.as_of_micros = 1'000'000 * kMicrosPerSecond;
  return spec;
}

// The outcome of one user, first exposed at 1000 s.
double OutcomeOf(const PlannedMetric& metric, const std::vector<EventFact>& events) {
  return Join(SpecWith({metric}), {{.user = 7, .time = 1000}}, events).metrics[0].totals[0];
}

const PlannedMetric kOrders = Plain(Rule(OutcomeKind::kCount, kOrder, 0, 100));
const PlannedMetric kSpend = Plain(Rule(OutcomeKind::kSum, kOrder, 0, 100));
const PlannedMetric kOrdered = Plain(Rule(OutcomeKind::kConversion, kOrder, 0, 100));

CohortCounts CohortOf(const std::vector<ExposureFact>& exposures) { return Join(SpecWith({}), exposures, {}).cohort; }

TEST(CohortTest, IsEmptyWithoutExposures) {
  const Evidence evidence = Join(SpecWith({kOrders}), {}, {{.user = 7, .event = 1, .time = 1010}});
  EXPECT_EQ(evidence.cohort, CohortCounts());
  EXPECT_THAT(evidence.users, ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_FALSE(evidence.first_exposure_micros.has_value());
  EXPECT_FALSE(evidence.last_exposure_micros.has_value());
  EXPECT_EQ(evidence.metrics[0].moments[0].n(), 0);
  EXPECT_EQ(evidence.metrics[0].moments[0].size(), 1);
}

TEST(CohortTest, RepeatedExposuresAreOneUser) {
  const Evidence evidence =
      Join(SpecWith({}), {{.user = 7, .time = 30}, {.user = 7, .time = 20}, {.user = 7, .time = 20}}, {});
  EXPECT_EQ(evidence.cohort, CohortCounts{.users = 1});
  EXPECT_EQ(evidence.first_exposure_micros, 20 * kMicrosPerSecond);
  EXPECT_EQ(evidence.last_exposure_micros, 20 * kMicrosPerSecond);
}

TEST(CohortTest, TheFirstExposureFreezesTheTier) {
  const Evidence evidence =
      Join(SpecWith({}), {{.user = 7, .time = 30, .tier = 0}, {.user = 7, .time = 20, .tier = 1}}, {});
  EXPECT_THAT(evidence.users, ElementsAre(0, 0, 1, 0, 0, 0));
}

TEST(CohortTest, OfTwoFirstExposuresAtOneTimeTheEarlierTierCounts) {
  const Evidence evidence =
      Join(SpecWith({}), {{.user = 7, .time = 20, .tier = 1}, {.user = 7, .time = 20, .tier = 0}}, {});
  EXPECT_THAT(evidence.users, ElementsAre(1, 0, 0, 0, 0, 0));
}

TEST(CohortTest, CellsAreTiersByVariants) {
  const Evidence evidence = Join(SpecWith({}),
                                 {{.user = 1, .time = 5, .tier = 0, .variant = 1},
                                  {.user = 2, .time = 6, .tier = 1, .variant = 0},
                                  {.user = 3, .time = 7, .tier = 2, .variant = 1, .phase = 2},
                                  {.user = 4, .time = 4, .tier = 2, .variant = 1, .phase = 2}},
                                 {});
  EXPECT_THAT(evidence.users, ElementsAre(0, 1, 1, 0, 0, 2));
  EXPECT_EQ(evidence.first_exposure_micros, 4 * kMicrosPerSecond);
  EXPECT_EQ(evidence.last_exposure_micros, 7 * kMicrosPerSecond);
}

TEST(CohortTest, LeavesOutUsersSeenInTwoVariants) {
  EXPECT_EQ(CohortOf({{.user = 7, .time = 20, .variant = 0}, {.user = 7, .time = 30, .variant = 1}}),
            CohortCounts{.users_in_two_variants = 1});
}

TEST(CohortTest, LeavesOutUsersSeenInTwoVariantsAsTheirTierChanged) {
  EXPECT_EQ(
      CohortOf({{.user = 7, .time = 20, .tier = 0, .variant = 0}, {.user = 7, .time = 30, .tier = 1, .variant = 1}}),
      CohortCounts{.users_in_two_variants = 1});
}

TEST(CohortTest, LeavesOutUsersSeenInAnUnknownVariantLater) {
  EXPECT_EQ(CohortOf({{.user = 7, .time = 20}, {.user = 7, .time = 30, .variant = kOtherName}}),
            CohortCounts{.users_in_two_variants = 1});
}

TEST(CohortTest, AnotherVariantInAPhaseThatIsOverDoesNotMatter) {
  EXPECT_EQ(CohortOf({{.user = 7, .time = 20, .tier = 2, .variant = 0, .phase = 2},
                      {.user = 7, .time = 30, .tier = 2, .variant = 1, .phase = 1}}),
            CohortCounts{.users = 1});
}

TEST(CohortTest, LeavesOutUsersFirstExposedInAPhaseThatIsOver) {
  EXPECT_EQ(CohortOf({{.user = 7, .time = 20, .tier = 2, .phase = 1}, {.user = 7, .time = 30, .tier = 2, .phase = 2}}),
            CohortCounts{.users_of_earlier_phases = 1});
}

TEST(CohortTest, LeavesOutUsersWithAnyForcedExposure) {
  EXPECT_EQ(CohortOf({{.user = 7, .time = 20}, {.user = 7, .time = 30, .variant = 1, .forced = true}}),
            CohortCounts{.forced_users = 1});
}

TEST(CohortTest, LeavesOutUsersFirstExposedInWhatWasNotAskedFor) {
  EXPECT_EQ(CohortOf({{.user = 1, .time = 20, .variant = kOtherName},
                      {.user = 2, .time = 20, .tier = kOtherName},
                      {.user = 3, .time = 20, .phase = 2},
                      {.user = 4, .time = 20, .variant = 2},
                      {.user = 5, .time = 20, .tier = 3}}),
            CohortCounts{.users_in_unknown_cells = 5});
}

TEST(OutcomeTest, WithoutEventsIsZero) {
  const Evidence evidence = Join(SpecWith({kSpend}), {{.user = 7, .time = 1000}, {.user = 8, .time = 1000}}, {});
  EXPECT_EQ(evidence.metrics[0].moments[0].n(), 2);
  EXPECT_EQ(evidence.metrics[0].moments[0].mean(0), 0.0);
  EXPECT_EQ(evidence.metrics[0].moments[0].comoment(0, 0), 0.0);
}

TEST(OutcomeTest, ConversionIsOneHoweverManyEvents) {
  EXPECT_EQ(OutcomeOf(kOrdered, {{7, 1, 1010, kOrder}, {7, 2, 1020, kOrder}}), 1.0);
}

TEST(OutcomeTest, CountIsTheNumberOfEvents) {
  EXPECT_EQ(OutcomeOf(kOrders, {{7, 1, 1010, kOrder}, {7, 2, 1020, kOrder}}), 2.0);
}

TEST(OutcomeTest, SumIsThatOfTheValues) {
  EXPECT_EQ(OutcomeOf(kSpend, {{7, 1, 1010, kOrder, 2.5}, {7, 2, 1020, kOrder, -1.0}}), 1.5);
}

TEST(OutcomeTest, OnlyTheMetricsEventCounts) {
  EXPECT_EQ(OutcomeOf(kOrders, {{7, 1, 1010, kVisit}, {7, 2, 1020, kOtherName}}), 0.0);
}

TEST(OutcomeTest, OnlyTheUsersOwnEventsCount) {
  EXPECT_EQ(OutcomeOf(kOrders, {{8, 1, 1010, kOrder}, {6, 2, 1020, kOrder}}), 0.0);
}

TEST(OutcomeTest, TheWindowHoldsItsBeginAndNotItsEnd) {
  const PlannedMetric delayed = Plain(Rule(OutcomeKind::kCount, kOrder, 50, 100));
  EXPECT_EQ(OutcomeOf(delayed, {{7, 1, 1049, kOrder}}), 0.0);
  EXPECT_EQ(OutcomeOf(delayed, {{7, 1, 1050, kOrder}}), 1.0);
  EXPECT_EQ(OutcomeOf(delayed, {{7, 1, 1099, kOrder}}), 1.0);
  EXPECT_EQ(OutcomeOf(delayed, {{7, 1, 1100, kOrder}}), 0.0);
}

TEST(OutcomeTest, TheCapIsForTheUserNotForTheEvent) {
  PlannedMetric capped = kSpend;
  capped.variables[0].cap = 10.0;
  EXPECT_EQ(OutcomeOf(capped, {{7, 1, 1010, kOrder, 6.0}, {7, 2, 1020, kOrder, 6.0}}), 10.0);
  EXPECT_EQ(OutcomeOf(capped, {{7, 1, 1010, kOrder, 12.0}, {7, 2, 1020, kOrder, -4.0}}), 8.0);
}

TEST(OutcomeTest, TheSameEventAgainCountsOnce) {
  const std::vector<EventFact> events = {
      {7, 1, 1010, kOrder, 3.0}, {7, 1, 1010, kOrder, 3.0}, {7, 2, 1010, kOrder, 3.0}};
  EXPECT_EQ(OutcomeOf(kOrders, events), 2.0);
  EXPECT_EQ(OutcomeOf(kSpend, events), 6.0);
}

TEST(OutcomeTest, TheSameEventIdOfAnotherUserIsAnotherEvent) {
  const Evidence evidence = Join(SpecWith({kOrders}), {{.user = 7, .time = 1000}, {.user = 8, .time = 1000}},
                                 {{7, 1, 1010, kOrder}, {8, 1, 1010, kOrder}});
  EXPECT_EQ(evidence.metrics[0].totals[0], 2.0);
}

TEST(OutcomeTest, OfUnequalCopiesTheEarliestInTheWindowCounts) {
  EXPECT_EQ(OutcomeOf(kSpend, {{7, 1, 1020, kOrder, 5.0}, {7, 1, 1010, kOrder, 3.0}}), 3.0);
  EXPECT_EQ(OutcomeOf(kSpend, {{7, 1, 1020, kOrder, 5.0}, {7, 1, 999, kOrder, 3.0}}), 5.0);
}

TEST(OutcomeTest, OfUnequalCopiesAtOneTimeTheLeastValueCounts) {
  EXPECT_EQ(OutcomeOf(kSpend, {{7, 1, 1010, kOrder, 5.0}, {7, 1, 1010, kOrder, -3.0}}), -3.0);
}

TEST(OutcomeTest, RatiosAndCovariatesAreVariablesOfOneMetric) {
  PlannedMetric metric;
  metric.is_ratio = metric.has_covariate = true;
  metric.variables = {Rule(OutcomeKind::kSum, kOrder, 0, 100), Rule(OutcomeKind::kCount, kVisit, 0, 100),
                      Rule(OutcomeKind::kSum, kOrder, -50, 0), Rule(OutcomeKind::kCount, kVisit, -50, 0)};
  const Evidence evidence = Join(SpecWith({metric}), {{.user = 7, .time = 1000}, {.user = 8, .time = 1000}},
                                 {{7, 1, 1000, kOrder, 8.0},
                                  {7, 2, 1001, kVisit},
                                  {7, 3, 1002, kVisit},
                                  {7, 4, 999, kOrder, 4.0},
                                  {7, 5, 950, kVisit},
                                  {7, 6, 949, kVisit}});
  const JointMoments& moments = evidence.metrics[0].moments[0];
  ASSERT_EQ(moments.n(), 2);
  EXPECT_EQ(moments.mean(0), 4.0);
  EXPECT_EQ(moments.mean(1), 1.0);
  EXPECT_EQ(moments.mean(2), 2.0);
  EXPECT_EQ(moments.mean(3), 0.5);
  EXPECT_EQ(moments.comoment(0, 1), 8.0);
  EXPECT_EQ(moments.comoment(2, 3), 2.0);
  EXPECT_EQ(evidence.metrics[0].totals[0], 8.0);
}

TEST(OutcomeTest, AWindowIsOpenUntilItsEndHasCome) {
  EvidenceSpec spec = SpecWith({kOrders, Plain(Rule(OutcomeKind::kCount, kOrder, 0, 10))});
  spec.as_of_micros = 1100 * kMicrosPerSecond;
  const Evidence evidence = Join(spec,
                                 {{.user = 1, .time = 1000},
                                  {.user = 2, .time = 1001},
                                  {.user = 3, .time = 1090},
                                  {.user = 4, .time = 1091},
                                  {.user = 5, .time = 1091, .forced = true}},
                                 {});
  EXPECT_EQ(evidence.metrics[0].users_with_open_window, 3);
  EXPECT_EQ(evidence.metrics[1].users_with_open_window, 1);
}

TEST(OutcomeTest, ARareConversionKeepsAllDigitsOfItsRate) {
  std::vector<ExposureFact> exposures;
  for (uint64_t user = 0; user < 30'000; ++user) exposures.push_back({.user = user, .time = 1000});
  const Evidence evidence =
      Join(SpecWith({kOrdered}), exposures, {{7, 1, 1010, kOrder}, {8, 1, 1010, kOrder}, {9, 1, 1010, kOrder}});
  EXPECT_DOUBLE_EQ(evidence.metrics[0].moments[0].mean(0), 1e-4);
  EXPECT_DOUBLE_EQ(evidence.metrics[0].moments[0].comoment(0, 0), 3 * (1 - 1e-4));
}

TEST(EvidenceJoinTest, EventsNeededSpanAllWindowsOfAllExposures) {
  PlannedMetric metric = kOrders;
  metric.has_covariate = true;
  metric.variables.push_back(Rule(OutcomeKind::kCount, kOrder, -50, 0));
  EvidenceJoin join(SpecWith({metric}));
  EXPECT_FALSE(join.EventsNeeded().has_value());
  AddTo(join, std::vector<ExposureFact>{{.user = 7, .time = 1000}, {.user = 8, .time = 2000}});
  AddTo(join, std::vector<ExposureFact>{{.user = 9, .time = 1500}});
  EXPECT_EQ(join.EventsNeeded(), (TimeRange{950 * kMicrosPerSecond, 2100 * kMicrosPerSecond}));
}

TEST(EvidenceJoinTest, WithoutMetricsNoEventsAreNeeded) {
  EvidenceJoin join(SpecWith({}));
  AddTo(join, std::vector<ExposureFact>{{.user = 7, .time = 1000}});
  EXPECT_FALSE(join.EventsNeeded().has_value());
}

}  // namespace
}  // namespace tierwise
