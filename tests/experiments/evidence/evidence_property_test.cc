// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include "experiments/evidence/evidence.h"
#include "tests/experiments/evidence/fact_lists.h"
#include "tests/experiments/evidence/reference_join.h"

namespace tierwise {
namespace {

constexpr int kVariants = 3;
constexpr int kTiers = 3;
constexpr int kNames = 3;
constexpr int kSmallWorlds = 5000;

struct World {
  EvidenceSpec spec;
  std::vector<ExposureFact> exposures;
  std::vector<EventFact> events;
  std::vector<MoveFact> moves;
};

// Worlds so small and crowded that ties, copies, boundaries and contradictions are common.
class WorldMaker {
 public:
  explicit WorldMaker(uint32_t seed) : random_(seed) {}

  // Values are multiples of `value_unit`.
  World Make(int users, int exposures, int events, double value_unit) {
    World world;
    world.spec.variants = kVariants;
    for (int tier = 0; tier < kTiers; ++tier) world.spec.current_phase.push_back(static_cast<uint32_t>(Below(3)));
    world.spec.as_of_micros = Below(60) * kMicrosPerSecond;
    world.spec.plan.event_names = {"order", "visit", "refund"};
    const int64_t metrics = Below(5);
    for (int64_t m = 0; m < metrics; ++m) world.spec.plan.metrics.push_back(Metric());
    // A campaign's world either obeys its definitions or is a mess.
    const bool is_orderly = OneIn(2);
    for (int i = 0; i < exposures; ++i) world.exposures.push_back(Exposure(users, is_orderly, world.spec));
    for (int i = 0; i < events; ++i) world.events.push_back(Event(users, value_unit));
    if (OneIn(3)) return world;
    for (int i = 0; i < exposures; ++i) world.moves.push_back(Move(users));
    world.spec.flow_window_micros = OneIn(2) ? Below(30) * kMicrosPerSecond : world.spec.flow_window_micros;
    return world;
  }

  // Asks for everything that is not asked for by metrics.
  void AddQuestions(World& world) {
    world.spec.early = EarlyEventSpec{static_cast<uint16_t>(Below(kNames)), Below(30) * kMicrosPerSecond};
    const std::vector<PlannedMetric>& metrics = world.spec.plan.metrics;
    if (metrics.empty() || metrics[0].cap_quantile.has_value() || IsMovement(metrics[0].variables[0].kind)) return;
    world.spec.path.emplace();
    for (int64_t look = 18 + Below(5); look < 60; look += 1 + Below(12)) {
      world.spec.path->looks_micros.push_back(look * kMicrosPerSecond);
    }
  }

  int64_t Below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(random_); }
  bool OneIn(int64_t n) { return Below(n) == 0; }

  template <typename T>
  void Shuffle(std::vector<T>& items) {
    std::shuffle(items.begin(), items.end(), random_);
  }

 private:
  OutcomeRule Rule(int64_t begin, int64_t end, double cap) {
    OutcomeRule rule;
    rule.kind = static_cast<OutcomeKind>(Below(3));
    rule.event = static_cast<uint16_t>(Below(kNames));
    rule.begin_micros = begin * kMicrosPerSecond;
    rule.end_micros = end * kMicrosPerSecond;
    if (rule.kind != OutcomeKind::kConversion) rule.cap = cap;
    return rule;
  }

  // A metric of the values themselves, or of moves.
  PlannedMetric OneVariable(int64_t begin, int64_t end) {
    PlannedMetric metric;
    metric.window_end_micros = end * kMicrosPerSecond;
    metric.variables.push_back(Rule(begin, end, std::numeric_limits<double>::infinity()));
    metric.keeps_values = OneIn(2);
    OutcomeRule& rule = metric.variables[0];
    rule.kind = metric.keeps_values ? OutcomeKind::kValues
                                    : static_cast<OutcomeKind>(static_cast<int>(OutcomeKind::kMovedUp) + Below(3));
    if (rule.kind == OutcomeKind::kReachedTier && !OneIn(8)) rule.tier = static_cast<uint16_t>(Below(kTiers));
    return metric;
  }

  PlannedMetric FoundCap(int64_t begin, int64_t end) {
    PlannedMetric metric;
    metric.window_end_micros = end * kMicrosPerSecond;
    metric.has_covariate = true;
    metric.cap_quantile = OneIn(2) ? 0.5 : 0.9;
    metric.variables = {Rule(begin, end, std::numeric_limits<double>::infinity())};
    metric.variables[0].kind = OneIn(2) ? OutcomeKind::kCount : OutcomeKind::kSum;
    metric.variables.push_back(metric.variables[0]);
    metric.variables[1].begin_micros = -(1 + Below(20)) * kMicrosPerSecond;
    metric.variables[1].end_micros = 0;
    return metric;
  }

  PlannedMetric Metric() {
    PlannedMetric metric;
    const int64_t begin = OneIn(2) ? 0 : Below(10);
    const int64_t end = begin + 1 + Below(20);
    if (OneIn(4)) return OneVariable(begin, end);
    if (OneIn(5)) return FoundCap(begin, end);
    const double cap = OneIn(3) ? 2.0 : std::numeric_limits<double>::infinity();
    metric.window_end_micros = end * kMicrosPerSecond;
    metric.is_ratio = OneIn(3);
    metric.has_covariate = OneIn(3);
    metric.variables.push_back(Rule(begin, end, cap));
    if (metric.is_ratio) metric.variables.push_back(Rule(begin, end, cap));
    if (metric.has_covariate) {
      const int64_t covariate_window = 1 + Below(20);
      const size_t outcomes = metric.variables.size();
      for (size_t i = 0; i < outcomes; ++i) metric.variables.push_back(Rule(-covariate_window, 0, cap));
    }
    return metric;
  }

  ExposureFact Exposure(int users, bool is_orderly, const EvidenceSpec& spec) {
    ExposureFact fact;
    fact.user = static_cast<uint64_t>(Below(users));
    fact.time = 20 + Below(15);
    if (is_orderly && !OneIn(10)) {
      fact.tier = static_cast<uint16_t>(fact.user % kTiers);
      fact.variant = static_cast<uint16_t>(fact.user / kTiers % kVariants);
      fact.phase = spec.current_phase[fact.tier];
      return fact;
    }
    fact.tier = OneIn(12) ? kOtherName : static_cast<uint16_t>(Below(kTiers));
    fact.variant = OneIn(12) ? kOtherName : static_cast<uint16_t>(Below(kVariants));
    fact.phase = static_cast<uint32_t>(Below(3));
    fact.forced = OneIn(12);
    return fact;
  }

  EventFact Event(int users, double value_unit) {
    EventFact fact;
    fact.user = static_cast<uint64_t>(Below(users + 1));
    fact.event = static_cast<uint64_t>(Below(8));
    fact.time = Below(60);
    fact.name = OneIn(12) ? kOtherName : static_cast<uint16_t>(Below(kNames));
    fact.has_value = !OneIn(6);
    if (fact.has_value) fact.value = static_cast<double>(Below(24) - 8) * value_unit;
    return fact;
  }

  MoveFact Move(int users) {
    MoveFact fact;
    fact.user = static_cast<uint64_t>(Below(users + 1));
    fact.time = 15 + Below(40);
    fact.tier = OneIn(12) ? kOtherName : static_cast<uint16_t>(Below(kTiers));
    return fact;
  }

  std::mt19937 random_;
};

// Multiples of 1/4: sums are exact in any order.
constexpr double kExactUnit = 0.25;
// Sums depend on the order in which they are added up.
constexpr double kRoundedUnit = 0.1;

void ExpectClose(const JointMoments& a, const JointMoments& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a.n(), b.n());
  for (int i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a.mean(i), b.mean(i), 1e-12);
    for (int j = i; j < a.size(); ++j) EXPECT_NEAR(a.comoment(i, j), b.comoment(i, j), 1e-10);
  }
}

void ExpectSame(const Evidence& actual, const Evidence& expected) {
  EXPECT_EQ(actual.cohort, expected.cohort);
  EXPECT_EQ(actual.users, expected.users);
  EXPECT_EQ(actual.first_exposure_micros, expected.first_exposure_micros);
  EXPECT_EQ(actual.last_exposure_micros, expected.last_exposure_micros);
  ASSERT_EQ(actual.metrics.size(), expected.metrics.size());
  for (size_t m = 0; m < expected.metrics.size(); ++m) {
    EXPECT_EQ(actual.metrics[m].users_with_open_window, expected.metrics[m].users_with_open_window);
    EXPECT_EQ(actual.metrics[m].totals, expected.metrics[m].totals);
    ASSERT_EQ(actual.metrics[m].moments.size(), expected.metrics[m].moments.size());
    for (size_t cell = 0; cell < expected.users.size(); ++cell) {
      ExpectClose(actual.metrics[m].moments[cell], expected.metrics[m].moments[cell]);
    }
    EXPECT_EQ(actual.metrics[m].found_cap, expected.metrics[m].found_cap);
    EXPECT_EQ(actual.metrics[m].values, expected.metrics[m].values);
  }
  EXPECT_EQ(actual.early_users, expected.early_users);
  EXPECT_EQ(actual.flows, expected.flows);
  EXPECT_FALSE(actual.has_too_many_values);
  ASSERT_EQ(actual.path.size(), expected.path.size());
  for (size_t look = 0; look < expected.path.size(); ++look) {
    for (size_t cell = 0; cell < expected.users.size(); ++cell) {
      ExpectClose(actual.path[look][cell], expected.path[look][cell]);
    }
  }
}

void AppendBits(const JointMoments& moments, std::vector<uint64_t>& bits) {
  bits.push_back(std::bit_cast<uint64_t>(moments.n()));
  for (int i = 0; i < moments.size(); ++i) {
    bits.push_back(std::bit_cast<uint64_t>(moments.mean(i)));
    for (int j = i; j < moments.size(); ++j) bits.push_back(std::bit_cast<uint64_t>(moments.comoment(i, j)));
  }
}

std::vector<uint64_t> BitsOf(const std::vector<std::vector<JointMoments>>& path) {
  std::vector<uint64_t> bits;
  for (const std::vector<JointMoments>& look : path) {
    for (const JointMoments& moments : look) AppendBits(moments, bits);
  }
  return bits;
}

// Every number of one metric.
std::vector<uint64_t> BitsOf(const MetricEvidence& metric) {
  std::vector<uint64_t> bits = {std::bit_cast<uint64_t>(metric.users_with_open_window)};
  for (const double total : metric.totals) bits.push_back(std::bit_cast<uint64_t>(total));
  for (const JointMoments& moments : metric.moments) AppendBits(moments, bits);
  bits.push_back(std::bit_cast<uint64_t>(metric.found_cap.value_or(-1.0)));
  for (const CellValues& cell : metric.values) {
    for (const double value : cell.values) bits.push_back(std::bit_cast<uint64_t>(value));
    for (const int64_t count : cell.user_values) bits.push_back(static_cast<uint64_t>(count));
  }
  return bits;
}

void ExpectSameBits(const Evidence& a, const Evidence& b) {
  EXPECT_EQ(a.cohort, b.cohort);
  EXPECT_EQ(a.users, b.users);
  EXPECT_EQ(a.first_exposure_micros, b.first_exposure_micros);
  EXPECT_EQ(a.last_exposure_micros, b.last_exposure_micros);
  EXPECT_EQ(a.daily_users, b.daily_users);
  EXPECT_EQ(a.early_users, b.early_users);
  EXPECT_EQ(a.flows, b.flows);
  EXPECT_EQ(BitsOf(a.path), BitsOf(b.path));
  ASSERT_EQ(a.metrics.size(), b.metrics.size());
  for (size_t m = 0; m < a.metrics.size(); ++m) EXPECT_EQ(BitsOf(a.metrics[m]), BitsOf(b.metrics[m]));
}

// Adds all facts in random runs, exposures and events mixed.
Evidence JoinInRuns(const World& world, WorldMaker& random) {
  EvidenceJoin join(world.spec);
  absl::Span<const ExposureFact> exposures = world.exposures;
  absl::Span<const EventFact> events = world.events;
  const absl::Span<const MoveFact> moves = world.moves;
  AddTo(join, moves.subspan(moves.size() / 2));
  while (!exposures.empty() || !events.empty()) {
    const auto run = static_cast<size_t>(random.Below(1 + static_cast<int64_t>(world.events.size()) / 2));
    if (random.OneIn(2)) {
      AddTo(join, exposures.subspan(0, run));
      exposures.remove_prefix(std::min(run, exposures.size()));
    } else {
      AddTo(join, events.subspan(0, run));
      events.remove_prefix(std::min(run, events.size()));
    }
  }
  AddTo(join, moves.subspan(0, moves.size() / 2));
  return join.Finish();
}

TEST(EvidencePropertyTest, SmallWorldsGiveWhatTheRulesSay) {
  CohortCounts seen;
  for (uint32_t seed = 0; seed < kSmallWorlds && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    WorldMaker maker(seed);
    const int users = static_cast<int>(1 + maker.Below(12));
    World world = maker.Make(users, static_cast<int>(maker.Below(25)), static_cast<int>(maker.Below(60)), kExactUnit);
    maker.AddQuestions(world);
    const Evidence evidence = Join(world.spec, world.exposures, world.events, world.moves);
    ExpectSame(evidence, ReferenceJoin(world.spec, world.exposures, world.events, world.moves));
    seen.users += evidence.cohort.users;
    seen.forced_users += evidence.cohort.forced_users;
    seen.users_in_unknown_cells += evidence.cohort.users_in_unknown_cells;
    seen.users_of_earlier_phases += evidence.cohort.users_of_earlier_phases;
    seen.users_in_two_variants += evidence.cohort.users_in_two_variants;
  }
  // The worlds were not all alike.
  EXPECT_GT(seen.users, kSmallWorlds);
  EXPECT_GT(seen.forced_users, kSmallWorlds / 10);
  EXPECT_GT(seen.users_in_unknown_cells, kSmallWorlds / 10);
  EXPECT_GT(seen.users_of_earlier_phases, kSmallWorlds / 10);
  EXPECT_GT(seen.users_in_two_variants, kSmallWorlds / 10);
}

TEST(EvidencePropertyTest, LargeWorldsGiveWhatTheRulesSay) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    WorldMaker maker(seed);
    World world = maker.Make(20'000, 40'000, 60'000, kExactUnit);
    maker.AddQuestions(world);
    ExpectSame(Join(world.spec, world.exposures, world.events, world.moves),
               ReferenceJoin(world.spec, world.exposures, world.events, world.moves));
  }
}

TEST(EvidencePropertyTest, NoBitDependsOnOrderRunsOrThreads) {
  for (uint32_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    WorldMaker maker(seed);
    World world = maker.Make(static_cast<int>(1 + maker.Below(500)), 1000, 2000, kRoundedUnit);
    maker.AddQuestions(world);
    const Evidence evidence = Join(world.spec, world.exposures, world.events, world.moves);
    maker.Shuffle(world.exposures);
    maker.Shuffle(world.events);
    maker.Shuffle(world.moves);
    world.spec.threads = static_cast<int>(1 + maker.Below(40));
    ExpectSameBits(JoinInRuns(world, maker), evidence);
  }
}

TEST(EvidencePropertyTest, NoBitDependsOnCopiesOfFacts) {
  for (uint32_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    WorldMaker maker(seed);
    World world = maker.Make(100, 200, 400, kRoundedUnit);
    const Evidence evidence = Join(world.spec, world.exposures, world.events, world.moves);
    for (size_t i = 0; i < 100; ++i) {
      world.exposures.push_back(world.exposures[i]);
      world.events.push_back(world.events[i]);
      if (!world.moves.empty()) world.moves.push_back(world.moves[i]);
    }
    ExpectSameBits(Join(world.spec, world.exposures, world.events, world.moves), evidence);
  }
}

TEST(EvidencePropertyTest, NoBitOfAMetricDependsOnOtherMetrics) {
  for (uint32_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    WorldMaker maker(seed);
    const World world = maker.Make(100, 200, 400, kRoundedUnit);
    const Evidence evidence = Join(world.spec, world.exposures, world.events, world.moves);
    for (size_t m = 0; m < world.spec.plan.metrics.size(); ++m) {
      EvidenceSpec alone = world.spec;
      alone.path.reset();
      alone.plan.metrics = {world.spec.plan.metrics[m]};
      EXPECT_EQ(BitsOf(Join(alone, world.exposures, world.events, world.moves).metrics[0]),
                BitsOf(evidence.metrics[m]));
    }
  }
}

TEST(EvidencePropertyTest, NoBitDependsOnEventsThatAreNotNeeded) {
  for (uint32_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    WorldMaker maker(seed);
    const World world = maker.Make(100, 200, 400, kRoundedUnit);
    EvidenceSpec spec = world.spec;
    for (const PlannedMetric& metric : spec.plan.metrics) {
      for (const OutcomeRule& rule : metric.variables) {
        spec.plan.events_begin_micros = std::min(spec.plan.events_begin_micros, rule.begin_micros);
        spec.plan.events_end_micros = std::max(spec.plan.events_end_micros, rule.end_micros);
      }
    }
    EvidenceJoin join(spec);
    AddTo(join, world.exposures);
    std::vector<EventFact> needed;
    if (const std::optional<TimeRange> range = join.EventsNeeded(); range.has_value()) {
      std::copy_if(world.events.begin(), world.events.end(), std::back_inserter(needed), [&](const EventFact& event) {
        return event.time * kMicrosPerSecond >= range->begin_micros &&
               event.time * kMicrosPerSecond < range->end_micros;
      });
    }
    AddTo(join, needed);
    AddTo(join, world.moves);
    ExpectSameBits(join.Finish(), Join(spec, world.exposures, world.events, world.moves));
  }
}

}  // namespace
}  // namespace tierwise
