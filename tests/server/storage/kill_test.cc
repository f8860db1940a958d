// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/storage/store.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

// Runs killed_writer on `path` for that long from when it has opened the file, then kills it. Returns the lines it
// wrote.
std::vector<std::string> RunAndKill(const std::string& path, int round, int64_t busy_wal_bytes,
                                    std::chrono::milliseconds life) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) abort();
  const std::string program = TIERWISE_BINARY_DIR "/tests/killed_writer";
  const std::string round_text = absl::StrCat(round), bytes_text = absl::StrCat(busy_wal_bytes);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execl(program.c_str(), program.c_str(), path.c_str(), round_text.c_str(), bytes_text.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::string output;
  std::thread killer;
  char buffer[65536];
  for (ssize_t size; (size = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    output.append(buffer, static_cast<size_t>(size));
    if (killer.joinable()) continue;
    killer = std::thread([child, life] {
      std::this_thread::sleep_for(life);
      kill(child, SIGKILL);
    });
  }
  if (killer.joinable()) killer.join();
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << output.substr(0, 1'000);
  close(ends[0]);
  return absl::StrSplit(output, '\n', absl::SkipEmpty());
}

class KillTest : public testing::Test {
 protected:
  void RunRound(int round, int64_t busy_wal_bytes, std::chrono::milliseconds life) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    int64_t profile_calls = 0;
    for (absl::string_view line : RunAndKill(path_, round, busy_wal_bytes, life)) {
      ++acknowledged_;
      if (absl::ConsumePrefix(&line, "events ") || absl::ConsumePrefix(&line, "exposures ")) {
        acknowledged_calls_.emplace(line);
      } else if (absl::ConsumePrefix(&line, "profile ")) {
        ASSERT_TRUE(absl::SimpleAtoi(line, &profile_calls));
      } else if (absl::ConsumePrefix(&line, "catalog ")) {
        ASSERT_TRUE(absl::SimpleAtoi(line, &catalog_version_));
      } else if (absl::ConsumePrefix(&line, "refresh ")) {
        acknowledged_refreshes_.emplace(line);
      } else {
        ASSERT_EQ(line, "open");
      }
    }
    absl::StatusOr<Store> store = OpenStore({.path = path_});
    ASSERT_TRUE(store.ok()) << store.status();
    CheckFacts(*store->events);
    CheckProfile(*store->profiles, round, profile_calls);
    CheckCatalog(*store->catalog);
    CheckRefreshes(*store->tiers, *store->catalog);
  }

  // Every acknowledged call is there once and whole; what is there beyond them is whole too.
  void CheckFacts(EventLog& log) {
    std::map<uint64_t, int> rows_of_call;
    std::map<uint64_t, int> size_of_call;
    int64_t events = 0, exposures = 0;
    for (const auto& [user, time, name, event, value] : ReadEvents(log, {.names = {"order"},
                                                                        .begin = absl::InfinitePast(),
                                                                        .end = absl::InfiniteFuture(),
                                                                        .as_of = absl::InfiniteFuture()})) {
      ++rows_of_call[user];
      size_of_call[user] = static_cast<int>(value);
      ++events;
    }
    for (const auto& [user, time, variant, tier, phase, forced] : ReadExposures(
             log, {.campaign = "spring", .variants = {}, .tiers = {"gold"}, .as_of = absl::InfiniteFuture()})) {
      ++rows_of_call[user];
      size_of_call[user] = static_cast<int>(phase);
      ++exposures;
    }
    EXPECT_EQ(rows_of_call, size_of_call) << "a call was written in part, or twice";
    for (const std::string& call : acknowledged_calls_) {
      ASSERT_TRUE(rows_of_call.contains(KeyOf(call))) << call << " was acknowledged and is lost";
    }
    EXPECT_EQ(log.Size(), (EventLogSize{.exposures = exposures, .events = events}));
  }

  void CheckProfile(ProfileStore& profiles, int round, int64_t acknowledged) {
    const std::optional<v1::Profile> found = ReadProfile(profiles, absl::StrCat("round ", round));
    const int64_t stored = found ? found->attributes(0).int_value() : 0;
    EXPECT_GE(stored, acknowledged);
    EXPECT_LE(stored, acknowledged + 1);
  }

  void CheckCatalog(Catalog& catalog) {
    const int64_t stored = *catalog.CurrentVersion();
    EXPECT_GE(stored, catalog_version_);
    absl::StatusOr<Definitions> definitions = catalog.ReadAt(stored);
    ASSERT_TRUE(definitions.ok()) << definitions.status();
    catalog_version_ = stored;
  }

  // A refresh is there with all its moves, sizes and pending tiers, or with none of them.
  void CheckRefreshes(TierHistory& history, Catalog& catalog) {
    const auto refreshes = history.List(0, 1'000'000);
    ASSERT_TRUE(refreshes.ok()) << refreshes.status();
    std::map<int64_t, int64_t> users_of_refresh;
    for (const v1::Refresh& refresh : *refreshes) {
      EXPECT_NE(refresh.state(), v1::REFRESH_STATE_RUNNING);
      if (refresh.state() == v1::REFRESH_STATE_SUCCEEDED) users_of_refresh[refresh.id()] = refresh.users();
    }
    for (const std::string& id : acknowledged_refreshes_) {
      EXPECT_TRUE(users_of_refresh.contains(std::stoll(id))) << "refresh " << id << " was acknowledged and is lost";
    }
    std::map<int64_t, int64_t> moves_of_refresh;
    for (int64_t after = 0;;) {
      const auto moves = history.ListMoves({.tiering = "value", .after_sequence = after, .limit = 100'000});
      ASSERT_TRUE(moves.ok()) << moves.status();
      if (moves->empty()) break;
      for (const v1::Move& move : *moves) ++moves_of_refresh[move.refresh()];
      EXPECT_GT(moves->front().sequence(), after);
      after = moves->back().sequence();
    }
    EXPECT_EQ(moves_of_refresh, users_of_refresh) << "a refresh is there in part";
    if (users_of_refresh.empty()) return;
    const int64_t last = users_of_refresh.rbegin()->first;
    EXPECT_EQ(history.last_refresh(), last);
    EXPECT_EQ(history.Pending("value", {"head", "tail"})->size(), static_cast<size_t>(last % 7));
    const v1::Tiering* tiering = catalog.ReadAt(*catalog.CurrentVersion())->FindTiering("value");
    if (tiering != nullptr) {
      EXPECT_TRUE(users_of_refresh.contains(tiering->meta().revision()))
          << "a refresh that is not there changed the tiering";
    }
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("store.duckdb");
  std::set<std::string> acknowledged_calls_;
  std::set<std::string> acknowledged_refreshes_;
  int64_t catalog_version_ = 0;
  int64_t acknowledged_ = 0;
};

TEST_F(KillTest, LosesNothingAcknowledgedAndReopensClean) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    RunRound(round, int64_t{1} << 30, std::chrono::milliseconds(random() % 300));
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(acknowledged_, 40);
}

TEST_F(KillTest, LosesNothingAcknowledgedAroundCheckpoints) {
  std::mt19937 random(2);
  for (int round = 0; round < 20; ++round) {
    RunRound(round, 20'000, std::chrono::milliseconds(random() % 300));
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(acknowledged_, 40);
}

}  // namespace
}  // namespace tierwise
