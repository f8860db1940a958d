// SPDX-License-Identifier: Apache-2.0
// Movements, values, caps that are found, and what else the join counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/evidence/evidence.h"
#include "tests/experiments/evidence/fact_lists.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint16_t kOrder = 0;
constexpr int64_t kDay = 86'400;
constexpr uint16_t kGold = 0, kSilver = 1, kTail = 2;

PlannedMetric Metric(OutcomeKind kind, int64_t begin_seconds, int64_t end_seconds) {
  PlannedMetric metric;
  metric.window_end_micros = end_seconds * kMicrosPerSecond;
  metric.variables = {{.kind = kind,
                       .event = kOrder,
                       .begin_micros = begin_seconds * kMicrosPerSecond,
                       .end_micros = end_seconds * kMicrosPerSecond}};
  return metric;
}

EvidenceSpec SpecWith(PlannedMetric metric) {
  EvidenceSpec spec;
  spec.variants = 2;
  spec.current_phase = {1, 1, 1};
  spec.plan.event_names = {"order"};
  spec.plan.events_begin_micros = -1'000 * kMicrosPerSecond;
  spec.plan.events_end_micros = metric.window_end_micros;
  spec.plan.metrics = {std::move(metric)};
  spec.as_of_micros = 1'000'000 * kMicrosPerSecond;
  return spec;
}

// Of one user, first exposed at 1000 s as silver.
double MovementOf(const PlannedMetric& metric, const std::vector<MoveFact>& moves) {
  return Join(SpecWith(metric), {{.user = 7, .time = 1000, .tier = kSilver}}, {}, moves).metrics[0].totals[2];
}

TEST(MovementTest, TheLastMoveInTheWindowDecides) {
  const PlannedMetric moved_up = Metric(OutcomeKind::kMovedUp, 0, 100);
  EXPECT_EQ(MovementOf(moved_up, {}), 0.0);
  EXPECT_EQ(MovementOf(moved_up, {{7, 1010, kGold}}), 1.0);
  EXPECT_EQ(MovementOf(moved_up, {{7, 1010, kGold}, {7, 1020, kSilver}}), 0.0);
  EXPECT_EQ(MovementOf(moved_up, {{7, 1020, kGold}, {7, 1010, kTail}}), 1.0);
}

TEST(MovementTest, MovesBeforeTheExposureAndAfterTheWindowDoNotCount) {
  const PlannedMetric moved_up = Metric(OutcomeKind::kMovedUp, 0, 100);
  EXPECT_EQ(MovementOf(moved_up, {{7, 999, kGold}}), 0.0);
  EXPECT_EQ(MovementOf(moved_up, {{7, 1000, kGold}}), 1.0);
  EXPECT_EQ(MovementOf(moved_up, {{7, 1099, kGold}}), 1.0);
  EXPECT_EQ(MovementOf(moved_up, {{7, 1100, kGold}}), 0.0);
}

TEST(MovementTest, WhoStaysDidNotFall) {
  const PlannedMetric did_not_fall = Metric(OutcomeKind::kDidNotFall, 0, 100);
  EXPECT_EQ(MovementOf(did_not_fall, {}), 1.0);
  EXPECT_EQ(MovementOf(did_not_fall, {{7, 1010, kGold}}), 1.0);
  EXPECT_EQ(MovementOf(did_not_fall, {{7, 1010, kTail}}), 0.0);
  EXPECT_EQ(MovementOf(did_not_fall, {{7, 1010, kTail}, {7, 1020, kSilver}}), 1.0);
}

TEST(MovementTest, ADelayedWindowStartsFromTheTierThatTheUserIsInByThen) {
  EXPECT_EQ(MovementOf(Metric(OutcomeKind::kMovedUp, 50, 100), {{7, 1010, kGold}}), 1.0);
}

TEST(MovementTest, ReachedIsAtAnyTimeInTheWindow) {
  PlannedMetric reached = Metric(OutcomeKind::kReachedTier, 50, 100);
  reached.variables[0].tier = kGold;
  EXPECT_EQ(MovementOf(reached, {}), 0.0);
  EXPECT_EQ(MovementOf(reached, {{7, 1060, kGold}, {7, 1070, kTail}}), 1.0);
  EXPECT_EQ(MovementOf(reached, {{7, 1010, kGold}}), 1.0);                    // and still there
  EXPECT_EQ(MovementOf(reached, {{7, 1010, kGold}, {7, 1020, kTail}}), 0.0);  // left before it began
  reached.variables[0].tier = kSilver;
  EXPECT_EQ(MovementOf(reached, {}), 1.0);
  reached.variables[0].tier = kOtherName;
  EXPECT_EQ(MovementOf(reached, {{7, 1060, kGold}}), 0.0);
}

TEST(MovementTest, MovesToTiersThatTheCampaignDoesNotHaveArePassedOver) {
  EXPECT_EQ(MovementOf(Metric(OutcomeKind::kMovedUp, 0, 100), {{7, 1010, kGold}, {7, 1020, kOtherName}}), 1.0);
  EXPECT_EQ(MovementOf(Metric(OutcomeKind::kDidNotFall, 0, 100), {{7, 1010, 3}}), 1.0);
}

TEST(FlowTest, CountsWhereUsersAreWhenTheWindowEndsOrNow) {
  EvidenceSpec spec = SpecWith(Metric(OutcomeKind::kCount, 0, 100));
  spec.flow_window_micros = 100 * kMicrosPerSecond;
  spec.as_of_micros = 1150 * kMicrosPerSecond;
  const std::vector<ExposureFact> exposures = {{.user = 1, .time = 1000, .tier = kSilver},
                                               {.user = 2, .time = 1000, .tier = kSilver, .variant = 1},
                                               {.user = 3, .time = 1100, .tier = kTail}};
  EXPECT_THAT(Join(spec, exposures, {}).flows, IsEmpty());
  // The first user's move comes after the window, the third's window is not over.
  const Evidence evidence =
      Join(spec, exposures, {}, std::vector<MoveFact>{{1, 1120, kGold}, {2, 1050, kGold}, {3, 1150, kSilver}});
  EXPECT_THAT(evidence.flows, ElementsAre(0, 0, 0, 0, 0, 0,  // gold
                                          0, 1, 0, 1, 0, 0,  // silver
                                          0, 1, 0, 0, 0, 0));
}

TEST(ValuesTest, AreKeptByUserWithoutCopiesAndWithoutEventsThatHaveNone) {
  PlannedMetric metric = Metric(OutcomeKind::kValues, 0, 100);
  metric.keeps_values = true;
  const Evidence evidence = Join(SpecWith(metric), {{.user = 7, .time = 1000}, {.user = 8, .time = 1000}},
                                 {{7, 1, 1010, kOrder, 2.5},
                                  {7, 1, 1010, kOrder, 2.5},
                                  {7, 2, 1020, kOrder, 0.0},
                                  {7, 3, 1030, kOrder, 0.0, false},
                                  {7, 4, 1100, kOrder, 9.0},
                                  {8, 5, 1010, kOrder, 0.0, false}});
  EXPECT_THAT(evidence.metrics[0].values[0].values, ElementsAre(2.5, 0.0));
  EXPECT_THAT(evidence.metrics[0].values[0].user_values, ElementsAre(2));
  EXPECT_EQ(evidence.metrics[0].moments[0].n(), 2);
  EXPECT_EQ(evidence.metrics[0].totals[0], 2.0);
}

TEST(ValuesTest, AreNotKeptAtAllBeyondTheLimit) {
  PlannedMetric metric = Metric(OutcomeKind::kValues, 0, 100);
  metric.keeps_values = true;
  EvidenceSpec spec = SpecWith(metric);
  spec.most_values = 2;
  std::vector<EventFact> events = {{7, 1, 1010, kOrder, 1.0}, {8, 2, 1010, kOrder, 2.0}};
  const std::vector<ExposureFact> exposures = {{.user = 7, .time = 1000}, {.user = 8, .time = 1000}};
  EXPECT_FALSE(Join(spec, exposures, events).has_too_many_values);
  events.push_back({8, 3, 1010, kOrder, 3.0});
  const Evidence evidence = Join(spec, exposures, events);
  EXPECT_TRUE(evidence.has_too_many_values);
  EXPECT_THAT(evidence.metrics[0].values, IsEmpty());
}

PlannedMetric CappedAtMedian() {
  PlannedMetric metric = Metric(OutcomeKind::kSum, 0, 100);
  metric.has_covariate = true;
  metric.cap_quantile = 0.5;
  metric.variables.push_back(metric.variables[0]);
  metric.variables[1].begin_micros = -100 * kMicrosPerSecond;
  metric.variables[1].end_micros = 0;
  return metric;
}

TEST(FoundCapTest, IsThatOfAllArmsBeforeExposureAmongThoseAboveZero) {
  const std::vector<ExposureFact> exposures = {{.user = 1, .time = 1000},
                                               {.user = 2, .time = 1000, .variant = 1},
                                               {.user = 3, .time = 1000, .variant = 1},
                                               {.user = 4, .time = 1000}};
  const Evidence evidence = Join(SpecWith(CappedAtMedian()), exposures,
                                 {{1, 1, 950, kOrder, 10.0},
                                  {2, 2, 950, kOrder, 30.0},
                                  {3, 3, 950, kOrder, 20.0},
                                  {1, 4, 1010, kOrder, 15.0},
                                  {2, 5, 1010, kOrder, 500.0}});
  EXPECT_EQ(evidence.metrics[0].found_cap, 20.0);
  EXPECT_EQ(evidence.metrics[0].totals[0], 15.0);
  EXPECT_EQ(evidence.metrics[0].totals[1], 20.0);
  EXPECT_EQ(evidence.metrics[0].moments[1].mean(1), 20.0);  // the covariate is capped, too
}

TEST(FoundCapTest, WithoutAnybodyToFindItFromNothingIsCapped) {
  const Evidence evidence = Join(SpecWith(CappedAtMedian()), {{.user = 1, .time = 1000}}, {{1, 4, 1010, kOrder, 15.0}});
  EXPECT_FALSE(evidence.metrics[0].found_cap.has_value());
  EXPECT_EQ(evidence.metrics[0].totals[0], 15.0);
}

TEST(EarlyEventTest, CountsUsersWithTheEventBetweenTheStartAndTheirExposure) {
  EvidenceSpec spec = SpecWith(Metric(OutcomeKind::kConversion, 0, 100));
  spec.early = EarlyEventSpec{kOrder, 500 * kMicrosPerSecond};
  const Evidence evidence = Join(
      spec, {{.user = 1, .time = 1000}, {.user = 2, .time = 1000}, {.user = 3, .time = 1000}, {.user = 4, .time = 400}},
      {{1, 1, 500, kOrder}, {1, 2, 600, kOrder}, {2, 3, 499, kOrder}, {3, 4, 1000, kOrder}, {4, 5, 390, kOrder}});
  EXPECT_EQ(evidence.early_users[0], 1);
}

TEST(EarlyEventTest, NeedsEventsFromTheStart) {
  EvidenceSpec spec = SpecWith(Metric(OutcomeKind::kConversion, 0, 100));
  spec.plan.events_begin_micros = 0;
  spec.early = EarlyEventSpec{kOrder, 500 * kMicrosPerSecond};
  EvidenceJoin join(spec);
  AddTo(join, std::vector<ExposureFact>{{.user = 7, .time = 1000}});
  EXPECT_EQ(join.EventsNeeded(), (TimeRange{500 * kMicrosPerSecond, 1100 * kMicrosPerSecond}));
  EXPECT_EQ(join.MovesNeeded(), (TimeRange{1000 * kMicrosPerSecond, 1'000'000 * kMicrosPerSecond + 1}));
}

TEST(DailyUsersTest, AreByDayOfFirstExposure) {
  const Evidence evidence = Join(SpecWith(Metric(OutcomeKind::kCount, 0, 100)),
                                 {{.user = 1, .time = 5 * kDay},
                                  {.user = 1, .time = 6 * kDay},
                                  {.user = 2, .time = 6 * kDay - 1, .variant = 1},
                                  {.user = 3, .time = 7 * kDay, .variant = 1}},
                                 {});
  ASSERT_EQ(evidence.daily_users.size(), 3u);
  EXPECT_THAT(evidence.daily_users[0], ElementsAre(1, 1, 0, 0, 0, 0));
  EXPECT_THAT(evidence.daily_users[1], ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_THAT(evidence.daily_users[2], ElementsAre(0, 1, 0, 0, 0, 0));
}

TEST(DailyUsersTest, StayFewHoweverManyDays) {
  const Evidence evidence = Join(SpecWith(Metric(OutcomeKind::kCount, 0, 100)),
                                 {{.user = 1, .time = 0}, {.user = 2, .time = 2'900'000 * kDay}}, {});
  EXPECT_LE(evidence.daily_users.size(), size_t{1} << 16);
  EXPECT_EQ(evidence.daily_users.front()[0], 1);
  EXPECT_EQ(evidence.daily_users.back()[0], 1);
}

}  // namespace
}  // namespace tierwise
