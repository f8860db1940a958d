// SPDX-License-Identifier: Apache-2.0
// Ten derived attributes from events already in memory, against sorting the same events by user and time once: what a
// refresh costs beyond its scan. A range of users is folded at a time, so the cost per event is that of any number of
// events.

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/random_events.h"
#include "bench/ratio.h"
#include "experiments/audience/derivation_check.h"
#include "experiments/audience/derivation_fold.h"
#include "google/protobuf/text_format.h"

namespace tierwise {
namespace {

constexpr int kRounds = 5;
constexpr uint64_t kEventsPerUser = 10;

// "{id} {derivation}": the text form of a v1::Derivation without its prefix.
constexpr std::pair<absl::string_view, absl::string_view> kPlain[] = {
    {"orders_90d", "COUNT events: 'order' window { seconds: 7776000 }"},
    {"spend_365d", "SUM events: 'order' window { seconds: 31536000 }"},
    {"average_order", "MEAN events: 'order'"},
    {"weekly_active", "OCCURRED window { seconds: 604800 }"},
    {"active_days_30d", "ACTIVE_DAYS window { seconds: 2592000 }"},
    {"sessions_90d", "SESSIONS window { seconds: 7776000 }"},
    {"recency", "RECENCY_DAYS events: 'order'"},
    {"tenure", "TENURE_DAYS"},
    {"visit_trend", "TREND events: 'visit' window { seconds: 7776000 }"},
    {"stage", "LIFE_CYCLE events: 'order'"},
};
constexpr std::pair<absl::string_view, absl::string_view> kByProperty[] = {
    {"favourite", "FAVOURITE property: 'category'"},
    {"categories", "DISTINCT property: 'category'"},
};

Derivations DerivationsOf(absl::Span<const std::pair<absl::string_view, absl::string_view>> attributes) {
  Definitions definitions;
  for (const auto& [id, derivation] : attributes) {
    v1::Definition definition;
    v1::Attribute& attribute = *definition.mutable_attribute();
    attribute.set_id(std::string(id));
    google::protobuf::TextFormat::ParseFromString(absl::StrCat("aggregate: AGGREGATE_", derivation),
                                                  attribute.mutable_derivation());
    attribute.set_type(AttributeTypeOf(attribute.derivation().aggregate()));
    definitions.Put(definition);
  }
  return Derivations(definitions);
}

struct Cost {
  std::vector<double> cpu;
  std::vector<double> wall;

  void Measure(absl::FunctionRef<void()> work) {
    const auto begin = std::chrono::steady_clock::now();
    const double cpu_begin = bench::CpuSeconds();
    work();
    cpu.push_back(bench::CpuSeconds() - cpu_begin);
    wall.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
};

void SortByUser(const bench::RandomEvents& events) {
  std::vector<RowPartition<DerivationRow>> partitions(size_t{1} << kPartitionBits);
  for (size_t begin = 0; begin < events.size(); begin += events.Run(begin).user.size()) {
    const EventColumns run = events.Run(begin);
    for (size_t i = 0; i < run.user.size(); ++i) {
      const uint64_t order = UserOrder(run.user[i]);
      partitions[PartitionOf(order)].Add(
          {order, run.time_micros[i], run.event[i], std::bit_cast<uint64_t>(run.value[i]), run.name[i]});
    }
  }
  std::vector<DerivationRow> rows;
  for (auto& partition : partitions) partition.TakeSorted(rows);
}

int64_t Fold(const DerivationPass& pass, const bench::RandomEvents& events, int threads) {
  DerivationFold fold(pass, bench::RandomEvents::kEndMicros, threads);
  for (size_t begin = 0; begin < events.size(); begin += events.Run(begin).user.size()) {
    fold.AddEvents(events.Run(begin));
  }
  std::atomic<int64_t> users = 0;
  fold.Finish([&](const DerivedUsers& derived) { users += static_cast<int64_t>(derived.user.size()); });
  return users;
}

int Run(size_t size, int threads) {
  const bench::RandomEvents events(size, size / kEventsPerUser);
  const Derivations plain = DerivationsOf(kPlain);
  const Derivations by_property = DerivationsOf(kByProperty);
  Cost limit, ours, property;
  int64_t users = 0;
  for (int round = 0; round < kRounds; ++round) {
    limit.Measure([&] { SortByUser(events); });
    ours.Measure([&] { users = Fold(plain.passes()[0], events, threads); });
    property.Measure([&] { Fold(by_property.passes()[0], events, threads); });
  }
  const double per_event = 1e9 / static_cast<double>(size);
  const auto print = [&](absl::string_view name, const Cost& cost) {
    std::cout << absl::StrFormat("%-34s CPU %5.0f ns an event, wall %5.0f ns\n", name,
                                 bench::Median(cost.cpu) * per_event, bench::Median(cost.wall) * per_event);
  };
  std::cout << absl::StrFormat("%d events of %d users, %d threads, medians of %d rounds\n", size, users, threads,
                               kRounds);
  print("sorted by user and time, 1 thread", limit);
  print("10 attributes", ours);
  print("2 attributes of a property", property);
  const double ratio = bench::Median(ours.cpu) / bench::Median(limit.cpu);
  bench::Print({"10 derived attributes, CPU per event",
                absl::StrFormat("sorting by user: %.0f ns", bench::Median(limit.cpu) * per_event),
                absl::StrFormat("%.0f ns", bench::Median(ours.cpu) * per_event), absl::StrFormat("%.2f", ratio),
                "<= 700 ns"});
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << absl::StrFormat("peak memory %d MB, the events themselves %d MB of it\n", usage.ru_maxrss / 1024,
                               size * (4 * 8 + 2 + 8) >> 20);
  return 0;
}

}  // namespace
}  // namespace tierwise

// derivation_benchmark [EVENTS [THREADS]]
int main(int argc, char** argv) {
  size_t events = 10'000'000;
  int threads = 2;
  if ((argc > 1 && !absl::SimpleAtoi(argv[1], &events)) || (argc > 2 && !absl::SimpleAtoi(argv[2], &threads)) ||
      events < tierwise::kEventsPerUser || threads < 1) {
    std::cerr << "derivation_benchmark [EVENTS [THREADS]]\n";
    return 2;
  }
  return tierwise::Run(events, threads);
}
