// SPDX-License-Identifier: Apache-2.0
// What a report's scan costs: 10 million exposures and 3 million events read out of the store in columns, all of them
// of one campaign. docs/storage.md has results.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/storage/duckdb/connection.h"
#include "server/storage/store.h"

namespace tierwise {
namespace {

constexpr int kExposures = 10'000'000;
constexpr int kEvents = 3'000'000;

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << std::endl;
  abort();
}

template <typename T>
T Checked(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

// The rows are made inside DuckDB, much faster than by appending them through the store.
std::string InsertFacts() {
  constexpr char kUser[] =
      "hash(i * 7919 % 10000000) AS user_key, 1700000000000000 + hash(i) % 2592000000000 AS time_micros";
  return absl::StrCat(
      "INSERT INTO names VALUES (0, 'spring'), (1, 'control'), (2, 'offer'), (3, 'gold'), (4, 'silver'), (5, 'order'), "
      "(6, 'visit');"
      "INSERT INTO exposures SELECT ",
      kUser,
      ", 0, 1 + i % 2, 3 + i % 7 % 2, 1, false, 0.5, 1700000000000000 + i * 1000, 'user-' || (i * 7919 % 10000000) "
      "FROM range(",
      kExposures,
      ") t(i);"
      "INSERT INTO events SELECT ",
      kUser,
      ", 5 + i % 2, hash(i), i % 1000 / 4, 1700000000000000 + i * 1000, 'user-' || (i * 7919 % 10000000), 'event-' || "
      "i, NULL "
      "FROM range(",
      kEvents, ") t(i);");
}

// A store with the facts, made once.
Store& FilledStore() {
  static std::string* folder = new std::string("/tmp/tierwise_scan_XXXXXX");
  static Store* store = [] {
    if (mkdtemp(folder->data()) == nullptr) abort();
    atexit([] { std::filesystem::remove_all(*folder); });
    const StoreOptions options = {.path = *folder + "/store.duckdb"};
    { Checked(OpenStore(options)); }
    {
      auto database = Checked(duckdb::Database::Open(options.path, {}));
      auto connection = Checked(database.Connect());
      Check(connection.Run(InsertFacts().c_str()));
    }
    return new Store(Checked(OpenStore(options)));
  }();
  return *store;
}

void ScanExposures(benchmark::State& state) {
  EventLog& log = *FilledStore().events;
  for (auto _ : state) {
    uint64_t rows = 0, sum = 0;
    Check(log.ScanExposures({.campaign = "spring",
                             .variants = {"control", "offer"},
                             .tiers = {"gold", "silver"},
                             .as_of = absl::InfiniteFuture()},
                            [&](const ExposureColumns& columns) {
                              rows += columns.user.size();
                              for (size_t i = 0; i < columns.user.size(); ++i)
                                sum += columns.user[i] ^ columns.variant[i];
                            }));
    benchmark::DoNotOptimize(sum);
    if (rows != kExposures) abort();
  }
  state.SetItemsProcessed(state.iterations() * kExposures);
}

void ScanEvents(benchmark::State& state) {
  EventLog& log = *FilledStore().events;
  for (auto _ : state) {
    uint64_t rows = 0, sum = 0;
    Check(log.ScanEvents({.names = {"order", "visit"},
                          .begin = absl::InfinitePast(),
                          .end = absl::InfiniteFuture(),
                          .as_of = absl::InfiniteFuture()},
                         [&](const EventColumns& columns) {
                           rows += columns.user.size();
                           for (size_t i = 0; i < columns.user.size(); ++i) sum += columns.user[i] ^ columns.event[i];
                         }));
    benchmark::DoNotOptimize(sum);
    if (rows != kEvents) abort();
  }
  state.SetItemsProcessed(state.iterations() * kEvents);
}

BENCHMARK(ScanExposures)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(ScanEvents)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tierwise
