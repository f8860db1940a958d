// SPDX-License-Identifier: Apache-2.0
#include "server/storage/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/storage/duckdb/connection.h"
#include "server/storage/duckdb/migrations.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

class StoreTest : public testing::Test {
 protected:
  // Runs SQL on the file behind the store's back.
  void RunSql(const std::string& path, const char* sql) {
    auto database = duckdb::Database::Open(path, {});
    ASSERT_TRUE(database.ok()) << database.status();
    auto connection = database->Connect();
    ASSERT_TRUE(connection.ok()) << connection.status();
    const absl::Status status = connection->Run(sql);
    ASSERT_TRUE(status.ok()) << status;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("store.duckdb");
};

TEST_F(StoreTest, CreatesAFileThatOpensAgain) {
  for (int round = 0; round < 3; ++round) {
    absl::StatusOr<Store> store = OpenStore({.path = path_});
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(store->events->Size(), EventLogSize{});
  }
}

TEST_F(StoreTest, RefusesAFileThatAnotherProcessHasOpen) {
  absl::StatusOr<Store> store = OpenStore({.path = path_});
  ASSERT_TRUE(store.ok()) << store.status();
  const pid_t child = fork();
  if (child == 0) {
    // Only the status matters here: the child has none of the parent's threads.
    const absl::Status status = OpenStore({.path = path_}).status();
    const bool is_right = status.code() == absl::StatusCode::kFailedPrecondition &&
                          absl::StrContains(status.message(), "in use by another process");
    if (!is_right) std::cerr << status << std::endl;
    _exit(is_right ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(StoreTest, RefusesAFolderThatIsNotThere) {
  const absl::Status status = OpenStore({.path = folder_.File("nowhere/store.duckdb")}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("nowhere/store.duckdb"));
}

TEST_F(StoreTest, RefusesToKeepFactsInMemory) {
  for (const char* path : {"", ":memory:", ":memory:x"}) {
    EXPECT_EQ(OpenStore({.path = path}).status().code(), absl::StatusCode::kInvalidArgument) << path;
  }
}

TEST_F(StoreTest, SaysThatAFileIsNoDatabase) {
  std::ofstream(path_) << std::string(100'000, 'x');
  const absl::Status status = OpenStore({.path = path_}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

TEST_F(StoreTest, SaysThatAFileIsDamaged) {
  {
    absl::StatusOr<Store> store = OpenStore({.path = path_});
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE(store->events->AppendEvents({MakeEvent("a", "1", "order", At(1))}, At(1)).ok());
  }
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3 * 4096 + 100);  // past the headers, in the first block
    file << std::string(2'000, '\xff');
  }
  const absl::Status status = OpenStore({.path = path_}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

TEST_F(StoreTest, RefusesTheDatabaseOfSomethingElse) {
  RunSql(path_, "CREATE TABLE customers (id INTEGER)");
  const absl::Status status = OpenStore({.path = path_}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("not a store of Tierwise"));
}

TEST_F(StoreTest, RefusesAFileOfANewerSchema) {
  { ASSERT_TRUE(OpenStore({.path = path_}).ok()); }
  RunSql(path_, "INSERT INTO schema_versions VALUES (1000, 0)");
  const absl::Status status = OpenStore({.path = path_}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("schema version 1000"));
}

// Appends batches of 1,000 events to a store until the disk is full, as far as it can see, then one more batch when
// there is room again. Returns how many were acknowledged; 0 if anything else went wrong. For a process of its own.
int FillDisk(const std::string& path) {
  absl::StatusOr<Store> store = OpenStore({.path = path});
  if (!store.ok()) return 0;
  auto append = [&](int batch) {
    return store->events->AppendEvents(
        std::vector<v1::Event>(1'000, MakeEvent("a", absl::StrCat(batch), "order", At(1))), At(1));
  };
  signal(SIGXFSZ, SIG_IGN);
  const rlimit full = {.rlim_cur = 1'000'000, .rlim_max = RLIM_INFINITY};
  const rlimit unlimited = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &full);
  int acknowledged = 0;
  absl::Status status;
  while (status.ok() && acknowledged < 100) {
    status = append(acknowledged);
    acknowledged += status.ok();
  }
  setrlimit(RLIMIT_FSIZE, &unlimited);
  if (status.code() != absl::StatusCode::kUnavailable || !append(acknowledged).ok()) return 0;
  return acknowledged + 1;
}

TEST_F(StoreTest, AFullDiskIsAnErrorUntilThereIsRoomAndLosesNothingAcknowledged) {
  const pid_t child = fork();
  if (child == 0) _exit(FillDisk(path_));
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  const int acknowledged = WEXITSTATUS(status);
  ASSERT_GT(acknowledged, 1);
  absl::StatusOr<Store> store = OpenStore({.path = path_});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(store->events->Size().events, acknowledged * 1'000);
}

class MigrationTest : public testing::Test {
 protected:
  MigrationTest() {
    database_.emplace(*duckdb::Database::Open(folder_.File("file.duckdb"), {}));
    connection_.emplace(*database_->Connect());
  }

  int64_t Read(const char* sql) {
    absl::StatusOr<int64_t> number = connection_->ReadInteger(sql, -1);
    EXPECT_TRUE(number.ok()) << number.status();
    return number.value_or(-2);
  }

  TemporaryFolder folder_;
  std::optional<duckdb::Database> database_;
  std::optional<duckdb::Connection> connection_;
};

TEST_F(MigrationTest, AppliesOnlyTheStepsThatTheFileHasNotHad) {
  const std::vector<duckdb::Migration> steps = {
      {1, "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (7);"},
      {2, "ALTER TABLE t ADD COLUMN b BIGINT DEFAULT 8;"},
      {3, "UPDATE t SET b = a + b;"},
  };
  ASSERT_TRUE(Migrate(*connection_, absl::MakeSpan(steps).first(1)).ok());
  ASSERT_TRUE(Migrate(*connection_, absl::MakeSpan(steps).first(1)).ok());
  EXPECT_EQ(Read("SELECT sum(a)::BIGINT FROM t"), 7);
  ASSERT_TRUE(Migrate(*connection_, steps).ok());
  ASSERT_TRUE(Migrate(*connection_, steps).ok());
  EXPECT_EQ(Read("SELECT sum(b)::BIGINT FROM t"), 15);
  EXPECT_EQ(Read("SELECT count(*) FROM schema_versions"), 3);
}

TEST_F(MigrationTest, AStepThatFailsChangesNothingAndCanBeTriedAgain) {
  const std::vector<duckdb::Migration> broken = {
      {1, "CREATE TABLE t (a BIGINT);"},
      {2, "INSERT INTO t VALUES (1); INSERT INTO missing VALUES (1);"},
  };
  EXPECT_FALSE(Migrate(*connection_, broken).ok());
  EXPECT_EQ(Read("SELECT count(*) FROM t"), 0);
  EXPECT_EQ(Read("SELECT max(version)::BIGINT FROM schema_versions"), 1);
  const std::vector<duckdb::Migration> mended = {broken[0], {2, "INSERT INTO t VALUES (1);"}};
  ASSERT_TRUE(Migrate(*connection_, mended).ok());
  EXPECT_EQ(Read("SELECT count(*) FROM t"), 1);
}

TEST_F(MigrationTest, StepsAreNumberedFromOne) {
  int expected = 1;
  for (const duckdb::Migration& step : duckdb::StoreMigrations()) EXPECT_EQ(step.version, expected++);
}

TEST_F(StoreTest, AFileOfTheFirstSchemaKeepsWhatItHoldsAndGoesOn) {
  {
    auto database = duckdb::Database::Open(path_, {});
    auto connection = database->Connect();
    ASSERT_TRUE(Migrate(*connection, duckdb::StoreMigrations().first(1)).ok());
    auto appender = duckdb::Appender::Create(*connection, "profiles");
    for (int version = 1; version <= 2; ++version) {
      v1::Profile profile;
      profile.set_user_id("a");
      profile.add_attributes()->set_attribute(version == 1 ? "forgotten" : "kept");
      profile.mutable_attributes(0)->set_int_value(version);
      ASSERT_TRUE(appender->BeginRow().ok());
      appender->Set<int64_t>(0, version);
      appender->Set<uint64_t>(1, KeyOf("a"));
      appender->Set<int64_t>(2, absl::ToUnixMicros(At(version)));
      appender->SetText(3, profile.SerializeAsString());
    }
    ASSERT_TRUE(appender->Flush().ok());
    ASSERT_TRUE(connection
                    ->Run(absl::StrCat("INSERT INTO names VALUES (0, 'order'); INSERT INTO events VALUES (", KeyOf("b"),
                                       ", 1, 0, 1, 5, 7, 'b', '1', NULL)")
                              .c_str())
                    .ok());
  }
  for (int round = 0; round < 2; ++round) {
    absl::StatusOr<Store> store = OpenStore({.path = path_});
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(store->events->Size().events, 1);
    EXPECT_EQ(*store->profiles->UserIdsOf({KeyOf("a"), KeyOf("b")}), (std::vector<std::string>{"a", "b"}));
    const std::optional<v1::Profile> profile = ReadProfile(*store->profiles, "a");
    ASSERT_TRUE(profile.has_value());
    ASSERT_EQ(profile->attributes_size(), 1 + round);
    EXPECT_EQ(profile->attributes(0).attribute(), "kept");
    v1::Profile change;
    change.set_user_id("a");
    change.add_attributes()->set_attribute("new");
    change.mutable_attributes(0)->set_int_value(3);
    ASSERT_TRUE(store->profiles->Upsert({change}, At(3), [] {}).ok());
  }
}

}  // namespace
}  // namespace tierwise
