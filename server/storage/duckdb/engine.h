// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/storage/duckdb/connection.h"
#include "server/storage/duckdb/fact_writer.h"
#include "server/storage/duckdb/profile_writer.h"
#include "server/storage/duckdb/users.h"
#include "server/storage/event_log.h"
#include "server/storage/group_commit.h"
#include "server/storage/store.h"

namespace tierwise::duckdb {

// What writes go through: there is one, and it lives on the writer's thread.
struct WriteSession {
  Connection& connection;
  FactWriter& facts;
  ProfileWriter& profiles;
  Users& users;
  std::vector<absl::FunctionRef<void()>>& committed;  // called in order when the transaction is on disk
};

// When the write-ahead log is moved into the tables.
struct CheckpointPolicy {
  // A checkpoint stops the writer, so it is done when nobody writes ...
  int64_t idle_wal_bytes = int64_t{1} << 20;
  // ... unless the log has grown so long that opening the file after a kill would take long
  // (docs/storage.md#checkpoints).
  int64_t busy_wal_bytes = int64_t{16} << 20;
};

// Opens a snapshot that later commits don't change. A transaction's snapshot is that of its first read.
absl::Status OpenSnapshot(Connection& connection);

// An open file, with the one thread that writes to it. Thread-safe.
class Engine {
 public:
  // As OpenStore.
  static absl::StatusOr<std::shared_ptr<Engine>> Open(const StoreOptions& options, CheckpointPolicy checkpoints = {});

  // Runs `write` in a transaction that it shares with others and returns when that is on disk. As GroupCommit::Write.
  absl::Status Write(int64_t rows, absl::FunctionRef<absl::Status(WriteSession&)> write);
  // Runs `task` between two transactions.
  absl::Status RunBetween(absl::FunctionRef<absl::Status(WriteSession&)> task);

  // Moves the write-ahead log into the tables, unless a long scan or another writer is in the way.
  absl::Status Checkpoint();

  // A connection of its own, to read with or, in a transaction that touches no row of the writer's, to write with.
  absl::StatusOr<Connection> Connect() const { return database_.Connect(); }

  EventLogSize size() const { return facts_->size(); }

 private:
  Engine(std::string path, CheckpointPolicy checkpoints, Database database);

  // Brings the schema up to date and reads what is kept in memory.
  absl::Status Load();
  WriteSession Session() { return {*connection_, *facts_, *profiles_, *users_, committed_}; }
  absl::Status Commit();
  void Rollback();
  // Moves the write-ahead log into the tables if it is longer than that.
  void CheckpointIfLonger(int64_t wal_bytes);

  const std::string path_;
  const CheckpointPolicy checkpoints_;
  Database database_;
  // The writer's thread's own, once there is one.
  std::optional<Connection> connection_;
  std::unique_ptr<FactWriter> facts_;
  std::unique_ptr<ProfileWriter> profiles_;
  std::unique_ptr<Users> users_;
  std::vector<absl::FunctionRef<void()>> committed_;
  std::optional<GroupCommit> group_commit_;
};

}  // namespace tierwise::duckdb
