// SPDX-License-Identifier: Apache-2.0
// The evidence join alone, on facts already in memory: what a report costs beyond its scan.

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "absl/functional/function_ref.h"
#include "bench/random_events.h"
#include "experiments/base/facts.h"
#include "experiments/evidence/evidence.h"

namespace tierwise {
namespace {

constexpr size_t kExposures = 10'000'000;
constexpr size_t kEvents = 3'000'000;
constexpr uint64_t kUsers = 10'000'000;
constexpr size_t kRunRows = 2048;  // as an engine hands them out
constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;

// One run of facts at a time, so that peak memory is the join's.
class FactSource {
 public:
  FactSource()
      : user_(kRunRows),
        event_(kRunRows),
        time_(kRunRows),
        value_(kRunRows),
        tier_(kRunRows),
        variant_(kRunRows),
        name_(kRunRows),
        phase_(kRunRows, 1),
        forced_(kRunRows) {}

  // Of random users, in one of 2 variants and 4 tiers, within 30 days.
  ExposureColumns NextExposures() {
    for (size_t i = 0; i < kRunRows; ++i) {
      const uint64_t user = random_() % kUsers;
      user_[i] = bench::KeyOfNumber(user);
      time_[i] = static_cast<int64_t>(random_() % 30) * kDayMicros;
      variant_[i] = static_cast<uint16_t>(user % 2);
      tier_[i] = static_cast<uint16_t>(user / 2 % 4);
    }
    return {user_, time_, variant_, tier_, phase_, forced_};
  }

  // Orders and visits of random users within 60 days.
  EventColumns NextEvents() {
    for (size_t i = 0; i < kRunRows; ++i) {
      user_[i] = bench::KeyOfNumber(random_() % kUsers);
      time_[i] = static_cast<int64_t>(random_() % 60) * kDayMicros;
      event_[i] = random_();
      name_[i] = static_cast<uint16_t>(random_() % 2);
      value_[i] = static_cast<double>(random_() % 10'000) / 100;
    }
    return {user_, time_, name_, event_, value_};
  }

 private:
  std::mt19937_64 random_{1};
  std::vector<uint64_t> user_, event_;
  std::vector<int64_t> time_;
  std::vector<double> value_;
  std::vector<uint16_t> tier_, variant_, name_;
  std::vector<uint32_t> phase_;
  std::vector<uint8_t> forced_;
};

PlannedMetric Within30Days(OutcomeKind kind, uint16_t event) {
  PlannedMetric metric;
  metric.window_end_micros = 30 * kDayMicros;
  metric.variables = {{.kind = kind, .event = event, .begin_micros = 0, .end_micros = metric.window_end_micros}};
  return metric;
}

EvidenceSpec Spec(int threads) {
  EvidenceSpec spec;
  spec.variants = 2;
  spec.current_phase = {1, 1, 1, 1};
  spec.plan.event_names = {"order", "visit"};
  spec.plan.metrics = {Within30Days(OutcomeKind::kConversion, 0), Within30Days(OutcomeKind::kSum, 0),
                       Within30Days(OutcomeKind::kCount, 1)};
  spec.plan.events_end_micros = 30 * kDayMicros;
  spec.as_of_micros = 90 * kDayMicros;
  spec.threads = threads;
  return spec;
}

double PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

double SecondsOf(absl::FunctionRef<void()> work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The argument is the number of threads that Finish uses. The making of the facts is not counted.
void BM_EvidenceJoin(benchmark::State& state) {
  for (auto _ : state) {
    FactSource source;
    EvidenceJoin join(Spec(static_cast<int>(state.range(0))));
    double add_seconds = 0.0;
    for (size_t rows = 0; rows < kExposures; rows += kRunRows) {
      const ExposureColumns exposures = source.NextExposures();
      add_seconds += SecondsOf([&] { join.AddExposures(exposures); });
    }
    for (size_t rows = 0; rows < kEvents; rows += kRunRows) {
      const EventColumns events = source.NextEvents();
      add_seconds += SecondsOf([&] { join.AddEvents(events); });
    }
    Evidence evidence;
    const double finish_seconds = SecondsOf([&] { evidence = join.Finish(); });
    state.SetIterationTime(add_seconds + finish_seconds);
    state.counters["add_seconds"] = add_seconds;
    state.counters["finish_seconds"] = finish_seconds;
    state.counters["users"] = static_cast<double>(evidence.cohort.users);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kExposures + kEvents));
  state.counters["peak_megabytes"] = PeakMegabytes();
}
BENCHMARK(BM_EvidenceJoin)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseManualTime()->Iterations(3);

}  // namespace
}  // namespace tierwise
