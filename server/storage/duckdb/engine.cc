// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/engine.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"
#include "server/storage/duckdb/migrations.h"

namespace tierwise::duckdb {
namespace {

std::vector<Setting> SettingsFor(const StoreOptions& options) {
  return {
      {"threads", absl::StrCat(options.threads)},
      {"memory_limit", absl::StrCat(options.memory_limit_bytes, "B")},
      {"checkpoint_threshold", "1TB"},  // checkpoints are ours to time
      {"preserve_insertion_order", "false"},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
  };
}

}  // namespace

absl::Status OpenSnapshot(Connection& connection) {
  TIERWISE_RETURN_IF_ERROR(connection.Run("BEGIN READ ONLY"));
  return connection.Run("SELECT 1 FROM schema_versions LIMIT 1");
}

absl::StatusOr<std::shared_ptr<Engine>> Engine::Open(const StoreOptions& options, CheckpointPolicy checkpoints) {
  // What DuckDB takes for a database in memory, where an acknowledgement would mean nothing.
  if (options.path.empty() || absl::StartsWith(options.path, ":memory:")) {
    return absl::InvalidArgumentError(absl::StrCat("the store's path has to name a file, not \"", options.path, "\""));
  }
  TIERWISE_ASSIGN_OR_RETURN(Database database, Database::Open(options.path, SettingsFor(options)));
  std::shared_ptr<Engine> engine(new Engine(options.path, checkpoints, std::move(database)));
  absl::Status status = engine->Load();
  if (!status.ok()) return absl::Status(status.code(), absl::StrCat(options.path, ": ", status.message()));
  engine->group_commit_.emplace(
      TransactionSteps{
          .begin = [self = engine.get()] { return self->connection_->Run("BEGIN"); },
          .commit = [self = engine.get()] { return self->Commit(); },
          .rollback = [self = engine.get()] { self->Rollback(); },
          .after = [self = engine.get()] { self->CheckpointIfLonger(self->checkpoints_.busy_wal_bytes); },
          .idle = [self = engine.get()] { self->CheckpointIfLonger(self->checkpoints_.idle_wal_bytes); },
      },
      GroupCommitLimits{});
  return engine;
}

Engine::Engine(std::string path, CheckpointPolicy checkpoints, Database database)
    : path_(std::move(path)), checkpoints_(checkpoints), database_(std::move(database)) {}

absl::Status Engine::Load() {
  TIERWISE_ASSIGN_OR_RETURN(connection_, database_.Connect());
  TIERWISE_RETURN_IF_ERROR(Migrate(*connection_, StoreMigrations()));
  TIERWISE_ASSIGN_OR_RETURN(users_, Users::Load(*connection_));
  TIERWISE_ASSIGN_OR_RETURN(facts_, FactWriter::Open(*connection_, *users_));
  TIERWISE_ASSIGN_OR_RETURN(profiles_, ProfileWriter::Open(*connection_, *users_));
  return absl::OkStatus();
}

absl::Status Engine::Write(int64_t rows, absl::FunctionRef<absl::Status(WriteSession&)> write) {
  WriteSession session = Session();
  return group_commit_->Write(rows, [&] { return write(session); });
}

absl::Status Engine::RunBetween(absl::FunctionRef<absl::Status(WriteSession&)> task) {
  WriteSession session = Session();
  return group_commit_->RunBetween([&] { return task(session); });
}

absl::Status Engine::Commit() {
  TIERWISE_RETURN_IF_ERROR(users_->Flush());
  TIERWISE_RETURN_IF_ERROR(facts_->Flush());
  TIERWISE_RETURN_IF_ERROR(profiles_->Flush());
  TIERWISE_RETURN_IF_ERROR(connection_->Run("COMMIT"));
  users_->Committed();
  facts_->Committed();
  for (const absl::FunctionRef<void()> committed : committed_) committed();
  committed_.clear();
  return absl::OkStatus();
}

void Engine::Rollback() {
  // Appenders hand over what they hold when they go: that has to be before the rollback.
  users_->RolledBack();
  facts_->RolledBack();
  profiles_->RolledBack();
  committed_.clear();
  connection_->Run("ROLLBACK").IgnoreError();
}

absl::Status Engine::Checkpoint() {
  return RunBetween([this](WriteSession&) {
    CheckpointIfLonger(0);
    return absl::OkStatus();
  });
}

void Engine::CheckpointIfLonger(int64_t wal_bytes) {
  std::error_code no_log;
  const uintmax_t size = std::filesystem::file_size(path_ + ".wal", no_log);
  // One that fails, e.g. because of a long scan, is tried again after the next transaction; nothing is lost without it.
  if (!no_log && size > static_cast<uintmax_t>(wal_bytes)) connection_->Run("CHECKPOINT").IgnoreError();
}

}  // namespace tierwise::duckdb
