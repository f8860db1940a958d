// SPDX-License-Identifier: Apache-2.0
// Writes to a store from several threads until it is killed; tells of each acknowledged call by a line on standard
// output. Usage: killed_writer FILE ROUND BUSY_WAL_BYTES
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/storage/duckdb/catalog.h"
#include "server/storage/duckdb/engine.h"
#include "server/storage/duckdb/event_log.h"
#include "server/storage/duckdb/profile_store.h"
#include "server/storage/duckdb/tier_history.h"
#include "tests/server/storage/stored_facts.h"

namespace tierwise {
namespace {

constexpr int kThreads = 3;

void Acknowledge(const std::string& what) {
  const std::string line = what + "\n";
  // One write of less than PIPE_BUF bytes: whole, or not at all.
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(3);
}

void Check(const absl::Status& status) {
  if (status.ok()) return;
  Acknowledge(absl::StrCat("error ", status.ToString()));
  _exit(2);
}

void WriteEvents(EventLog& log, int round, int thread) {
  std::mt19937 random(static_cast<unsigned>(round * kThreads + thread));
  for (int call = 0;; ++call) {
    const std::string id = absl::StrCat(round, "/", thread, "/", call);
    const size_t size = 1 + random() % (call % 20 == 0 ? 5'000 : 5);
    if (call % 2 == 0) {
      std::vector<v1::Event> events;
      for (size_t i = 0; i < size; ++i) {
        events.push_back(MakeEvent(id, absl::StrCat(i), "order", At(call), static_cast<double>(size)));
      }
      Check(log.AppendEvents(events, absl::Now()));
    } else {
      // A variant of its own: the names dictionary grows in the same commits.
      std::vector<v1::Exposure> exposures(size, MakeExposure(id, absl::StrCat("variant ", id), "gold", At(call)));
      for (v1::Exposure& exposure : exposures) exposure.set_phase(static_cast<uint32_t>(size));
      Check(log.AppendExposures(exposures, absl::Now()));
    }
    Acknowledge(absl::StrCat(call % 2 == 0 ? "events " : "exposures ", id));
  }
}

void WriteProfiles(ProfileStore& profiles, int round) {
  for (int call = 1;; ++call) {
    v1::Profile profile;
    profile.set_user_id(absl::StrCat("round ", round));
    profile.add_attributes()->set_attribute("calls");
    profile.mutable_attributes(0)->set_int_value(call);
    Check(profiles.Upsert({profile}, absl::Now(), [] {}));
    Acknowledge(absl::StrCat("profile ", call));
  }
}

void WriteCatalog(Catalog& catalog) {
  for (int64_t call = 1;; ++call) {
    const int64_t version = *catalog.CurrentVersion() + 1;
    CatalogChange change{
        .name = "segments/vip", .verb = v1::CHANGE_VERB_UPDATE, .transition = "", .revision = version, .after = {}};
    change.after.emplace().mutable_segment()->set_id("vip");
    change.after->mutable_segment()->mutable_meta()->set_revision(version);
    const absl::Status status =
        catalog.Commit({.catalog_version = version, .time = absl::Now(), .actor = "writer", .changes = {change}});
    if (absl::IsAborted(status)) continue;  // a refresh made that version meanwhile
    Check(status);
    Acknowledge(absl::StrCat("catalog ", version));
  }
}

// Refreshes that move some thousand users each, with a revision of the tiering in every other one.
void WriteRefreshes(TierHistory& history, Catalog& catalog) {
  for (int call = 1;; ++call) {
    v1::Refresh refresh;
    refresh.add_tierings("value");
    SetTime(At(call), *refresh.mutable_as_of());
    SetTime(At(call), *refresh.mutable_start_time());
    auto id = history.Begin(refresh);
    Check(id.status());
    refresh.set_id(*id);
    refresh.set_state(v1::REFRESH_STATE_SUCCEEDED);
    SetTime(At(call), *refresh.mutable_end_time());
    TieringOutcome outcome;
    outcome.tiering = "value";
    outcome.tiers = outcome.from_tiers = {"head", "tail"};
    const uint64_t users = 1'000 + static_cast<uint64_t>(*id) % 5 * 1'000;
    outcome.sizes = {static_cast<int64_t>(users), 0};
    for (uint64_t user = 0; user < users; ++user) outcome.moves.push_back({user, UserMove::kNone, 0});
    outcome.pending.assign(static_cast<size_t>(*id) % 7, {1, 1, 1});
    refresh.set_users(static_cast<int64_t>(users));
    CatalogCommit commit{
        .catalog_version = *catalog.CurrentVersion() + 1, .time = absl::Now(), .actor = "refresh", .changes = {}};
    CatalogChange change{
        .name = "tierings/value", .verb = v1::CHANGE_VERB_UPDATE, .transition = "", .revision = *id, .after = {}};
    change.after.emplace().mutable_tiering()->set_id("value");
    change.after->mutable_tiering()->mutable_meta()->set_revision(*id);
    commit.changes.push_back(std::move(change));
    const absl::Status status = history.Commit({refresh, ""}, {outcome}, call % 2 == 0 ? &commit : nullptr);
    // Another writer may have made that version of the catalog meanwhile: then nothing of it may be there.
    if (absl::IsAborted(status)) continue;
    Check(status);
    Acknowledge(absl::StrCat("refresh ", *id));
  }
}

int Main(const std::string& path, int round, int64_t busy_wal_bytes) {
  auto engine = duckdb::Engine::Open({.path = path}, {.idle_wal_bytes = 1, .busy_wal_bytes = busy_wal_bytes});
  Check(engine.status());
  auto catalog = duckdb::DuckDbCatalog::Open(*engine);
  Check(catalog.status());
  auto history = duckdb::DuckDbTierHistory::Open(*engine, **catalog);
  Check(history.status());
  duckdb::DuckDbEventLog log(*engine);
  duckdb::DuckDbProfileStore profiles(*engine);
  Acknowledge("open");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([&, t] { WriteEvents(log, round, t); });
  threads.emplace_back([&] { WriteProfiles(profiles, round); });
  threads.emplace_back([&] { WriteCatalog(**catalog); });
  threads.emplace_back([&] { WriteRefreshes(**history, **catalog); });
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace tierwise

int main(int argc, char** argv) {
  int round = 0;
  int64_t busy_wal_bytes = 0;
  if (argc != 4 || !absl::SimpleAtoi(argv[2], &round) || !absl::SimpleAtoi(argv[3], &busy_wal_bytes)) return 1;
  return tierwise::Main(argv[1], round, busy_wal_bytes);
}
