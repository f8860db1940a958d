// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/engine.h"

#include <filesystem>
#include <system_error>
#include <utility>

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

absl::StatusOr<std::shared_ptr<Engine>> Engine::Open(const StoreOptions& options, CheckpointPolicy checkpoints) {
  TIERWISE_ASSIGN_OR_RETURN(Database database, Database::Open(options.path, SettingsFor(options)));
  TIERWISE_ASSIGN_OR_RETURN(Connection opened, database.Connect());
  auto connection = std::make_unique<Connection>(std::move(opened));
  absl::Status status = Migrate(*connection, StoreMigrations());
  if (!status.ok()) return absl::Status(status.code(), absl::StrCat(options.path, ": ", status.message()));
  TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<FactWriter> facts, FactWriter::Open(*connection));
  return std::shared_ptr<Engine>(
      new Engine(options.path, std::move(database), std::move(connection), std::move(facts), checkpoints));
}

Engine::Engine(std::string path, Database database, std::unique_ptr<Connection> connection,
               std::unique_ptr<FactWriter> facts, CheckpointPolicy checkpoints)
    : path_(std::move(path)),
      checkpoints_(checkpoints),
      database_(std::move(database)),
      connection_(std::move(connection)),
      facts_(std::move(facts)),
      session_{*connection_, *facts_},
      group_commit_({.begin = [this] { return connection_->Run("BEGIN"); },
                     .commit = [this] { return Commit(); },
                     .rollback = [this] { Rollback(); },
                     .after = [this] { CheckpointIfLonger(checkpoints_.busy_wal_bytes); },
                     .idle = [this] { CheckpointIfLonger(checkpoints_.idle_wal_bytes); }},
                    {}) {}

absl::Status Engine::Write(int64_t rows, absl::FunctionRef<absl::Status(WriteSession&)> write) {
  return group_commit_.Write(rows, [&] { return write(session_); });
}

absl::Status Engine::RunBetween(absl::FunctionRef<absl::Status(WriteSession&)> task) {
  return group_commit_.RunBetween([&] { return task(session_); });
}

absl::Status Engine::Commit() {
  TIERWISE_RETURN_IF_ERROR(facts_->Flush());
  TIERWISE_RETURN_IF_ERROR(connection_->Run("COMMIT"));
  facts_->Committed();
  return absl::OkStatus();
}

void Engine::Rollback() {
  // Appenders hand over what they hold when they go: that has to be before the rollback.
  facts_->RolledBack();
  connection_->Run("ROLLBACK").IgnoreError();
}

void Engine::CheckpointIfLonger(int64_t wal_bytes) {
  std::error_code no_log;
  const uintmax_t size = std::filesystem::file_size(path_ + ".wal", no_log);
  // One that fails, e.g. because of a long scan, is tried again after the next transaction; nothing is lost without it.
  if (!no_log && size > static_cast<uintmax_t>(wal_bytes)) connection_->Run("CHECKPOINT").IgnoreError();
}

}  // namespace tierwise::duckdb
