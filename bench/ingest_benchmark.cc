// SPDX-License-Identifier: Apache-2.0
// Durable ingest: the store against DuckDB's appender alone, with the same columns and the same number of rows in a
// commit; and many callers with small batches. The argument is the number of events in a call. docs/storage.md has
// results.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "experiments/base/facts.h"
#include "server/storage/duckdb/connection.h"
#include "server/storage/duckdb/migrations.h"
#include "server/storage/store.h"

namespace tierwise {
namespace {

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

class Folder {
 public:
  Folder() {
    if (mkdtemp(path_.data()) == nullptr) abort();
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string File() const { return path_ + "/store.duckdb"; }

 private:
  std::string path_ = "/tmp/tierwise_ingest_XXXXXX";
};

std::vector<v1::Event> MakeEvents(int64_t size, int caller) {
  std::vector<v1::Event> events(static_cast<size_t>(size));
  for (size_t i = 0; i < events.size(); ++i) {
    events[i].set_user_id(absl::StrCat("user-", caller, "-", i * 7919 % 1'000'003));
    events[i].set_event_id(absl::StrCat("order-2026-", caller, "-", i));
    events[i].set_name(i % 3 == 0 ? "order" : "visit");
    events[i].set_value(static_cast<double>(i) * 0.25);
    events[i].mutable_time()->set_seconds(1'700'000'000 + static_cast<int64_t>(i));
  }
  return events;
}

// DuckDB's appender with nothing around it, into the columns that the store has; it checkpoints as seldom as the store.
class BareAppender {
 public:
  BareAppender()
      : database_(Checked(duckdb::Database::Open(
            folder_.File(), {{{"threads", "2"}, {"memory_limit", "1GB"}, {"checkpoint_threshold", "16MiB"}}}))),
        connection_(Checked(database_.Connect())),
        appender_(CreateAppender(connection_)) {}

  // One commit.
  void Append(const std::vector<v1::Event>& events) {
    Check(connection_.Run("BEGIN"));
    int64_t row = 0;
    for (const v1::Event& event : events) {
      Check(appender_.BeginRow());
      appender_.Set<uint64_t>(0, static_cast<uint64_t>(row) * 0x9e3779b97f4a7c15);
      appender_.Set<int64_t>(1, event.time().seconds() * 1'000'000);
      appender_.Set<uint32_t>(2, row % 3 == 0);
      appender_.Set<uint64_t>(3, static_cast<uint64_t>(row) * 0xc2b2ae3d27d4eb4f);
      appender_.Set<double>(4, event.value());
      appender_.Set<int64_t>(5, 1'700'000'000'000'000);
      appender_.SetText(6, event.user_id());
      appender_.SetText(7, event.event_id());
      appender_.SetNull(8);
      ++row;
    }
    Check(appender_.Flush());
    Check(connection_.Run("COMMIT"));
  }

 private:
  static duckdb::Appender CreateAppender(duckdb::Connection& connection) {
    Check(Migrate(connection, duckdb::StoreMigrations()));
    return Checked(duckdb::Appender::Create(connection, "events"));
  }

  Folder folder_;
  duckdb::Database database_;
  duckdb::Connection connection_;
  duckdb::Appender appender_;
};

void Appender(benchmark::State& state) {
  BareAppender appender;
  const std::vector<v1::Event> events = MakeEvents(state.range(0), 0);
  for (auto _ : state) appender.Append(events);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

double SecondsOf(absl::FunctionRef<void()> work) {
  const absl::Time begin = absl::Now();
  work();
  return absl::ToDoubleSeconds(absl::Now() - begin);
}

// Commit by commit in turns, so that both meet the same disk. `ratio` is the store's
// rate by the appender's.
void StoreAgainstAppender(benchmark::State& state) {
  Folder folder;
  Store store = Checked(OpenStore({.path = folder.File()}));
  BareAppender appender;
  const std::vector<v1::Event> events = MakeEvents(state.range(0), 0);
  double store_seconds = 0.0, appender_seconds = 0.0;
  for (auto _ : state) {
    const double seconds = SecondsOf([&] { Check(store.events->AppendEvents(events, absl::Now())); });
    state.SetIterationTime(seconds);
    store_seconds += seconds;
    appender_seconds += SecondsOf([&] { appender.Append(events); });
  }
  const auto rows = static_cast<double>(state.iterations() * state.range(0));
  state.counters["appender_rows_per_second"] = rows / appender_seconds;
  state.counters["rows_per_second"] = rows / store_seconds;
  state.counters["ratio"] = appender_seconds / store_seconds;
}

std::unique_ptr<Folder> shared_folder;
Store shared_store;

void OpenShared(const benchmark::State&) {
  shared_folder = std::make_unique<Folder>();
  shared_store = Checked(OpenStore({.path = shared_folder->File()}));
}

void CloseShared(const benchmark::State&) {
  shared_store = {};
  shared_folder.reset();
}

void StoreAppend(benchmark::State& state) {
  const std::vector<v1::Event> events = MakeEvents(state.range(0), state.thread_index());
  for (auto _ : state) Check(shared_store.events->AppendEvents(events, absl::Now()));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(Appender)->Arg(1'000)->Arg(10'000)->Iterations(100)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(StoreAppend)
    ->Setup(OpenShared)
    ->Teardown(CloseShared)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Iterations(100)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(StoreAppend)
    ->Setup(OpenShared)
    ->Teardown(CloseShared)
    ->Name("StoreAppendManyCallers")
    ->Arg(1)
    ->Arg(100)
    ->Threads(64)
    ->Iterations(20)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

BENCHMARK(StoreAgainstAppender)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Iterations(100)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tierwise
