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
  for (int64_t version = *catalog.CurrentVersion() + 1;; ++version) {
    CatalogChange change{
        .name = "segments/vip", .verb = v1::CHANGE_VERB_UPDATE, .transition = "", .revision = version, .after = {}};
    change.after.emplace().mutable_segment()->set_id("vip");
    change.after->mutable_segment()->mutable_meta()->set_revision(version);
    Check(catalog.Commit({.catalog_version = version, .time = absl::Now(), .actor = "writer", .changes = {change}}));
    Acknowledge(absl::StrCat("catalog ", version));
  }
}

int Main(const std::string& path, int round, int64_t busy_wal_bytes) {
  auto engine = duckdb::Engine::Open({.path = path}, {.idle_wal_bytes = 1, .busy_wal_bytes = busy_wal_bytes});
  Check(engine.status());
  auto catalog = duckdb::DuckDbCatalog::Open(*engine);
  Check(catalog.status());
  duckdb::DuckDbEventLog log(*engine);
  duckdb::DuckDbProfileStore profiles(*engine);
  Acknowledge("open");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([&, t] { WriteEvents(log, round, t); });
  threads.emplace_back([&] { WriteProfiles(profiles, round); });
  threads.emplace_back([&] { WriteCatalog(**catalog); });
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
