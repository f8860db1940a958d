// SPDX-License-Identifier: Apache-2.0
#include "server/storage/duckdb/catalog.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"

namespace tierwise::duckdb {
namespace {

absl::Status WriteCommit(Connection& connection, const CatalogCommit& commit) {
  TIERWISE_ASSIGN_OR_RETURN(Statement version, connection.Prepare("INSERT INTO catalog_versions VALUES (?, ?, ?)"));
  version.Bind(1, commit.catalog_version).Bind(2, absl::ToUnixMicros(commit.time)).BindText(3, commit.actor);
  TIERWISE_RETURN_IF_ERROR(version.Execute().status());
  TIERWISE_ASSIGN_OR_RETURN(Appender revisions, Appender::Create(connection, "catalog_revisions"));
  int32_t position = 0;
  for (const CatalogChange& change : commit.changes) {
    TIERWISE_RETURN_IF_ERROR(revisions.BeginRow());
    revisions.Set<int64_t>(0, commit.catalog_version);
    revisions.Set<int32_t>(1, position++);
    revisions.SetText(2, change.name);
    revisions.Set<int64_t>(3, change.revision);
    revisions.Set<int32_t>(4, change.verb);
    revisions.SetText(5, change.transition);
    if (change.after) {
      revisions.SetText(6, change.after->SerializeAsString());
    } else {
      revisions.SetNull(6);
    }
  }
  return revisions.Flush();
}

v1::Change ChangeAt(const Chunk& chunk, size_t row) {
  v1::Change change;
  change.set_catalog_version(chunk.At<int64_t>(0, row));
  change.set_name(std::string(chunk.TextAt(1, row)));
  change.set_revision(chunk.At<int64_t>(2, row));
  change.set_verb(static_cast<v1::ChangeVerb>(chunk.At<int32_t>(3, row)));
  change.set_transition(std::string(chunk.TextAt(4, row)));
  change.set_actor(std::string(chunk.TextAt(5, row)));
  const absl::Time time = absl::FromUnixMicros(chunk.At<int64_t>(6, row));
  const int64_t seconds = absl::ToUnixSeconds(time);
  change.mutable_time()->set_seconds(seconds);
  change.mutable_time()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return change;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DuckDbCatalog>> DuckDbCatalog::Open(std::shared_ptr<Engine> engine) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine->Connect());
  TIERWISE_ASSIGN_OR_RETURN(int64_t version, connection.ReadInteger("SELECT max(version) FROM catalog_versions", 0));
  return std::unique_ptr<DuckDbCatalog>(new DuckDbCatalog(std::move(engine), version));
}

absl::Status DuckDbCatalog::Commit(const CatalogCommit& commit) {
  const auto rows = static_cast<int64_t>(commit.changes.size()) + 1;
  return CommitIn(commit, [&](Write write) {
    return engine_->Write(rows, [&](WriteSession& session) { return write(session.connection); });
  });
}

absl::Status DuckDbCatalog::CommitIn(const CatalogCommit& commit, absl::FunctionRef<absl::Status(Write)> run) {
  std::lock_guard lock(mutex_);
  if (commit.catalog_version != current_version_ + 1) {
    return absl::AbortedError(absl::StrCat("the catalog is at version ", current_version_, ", so the next is ",
                                           current_version_ + 1, ", not ", commit.catalog_version,
                                           ": read it again and repeat the change"));
  }
  TIERWISE_RETURN_IF_ERROR(run([&](Connection& connection) { return WriteCommit(connection, commit); }));
  current_version_ = commit.catalog_version;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> DuckDbCatalog::CurrentVersion() {
  std::lock_guard lock(mutex_);
  return current_version_;
}

absl::StatusOr<Definitions> DuckDbCatalog::ReadAt(int64_t catalog_version) {
  TIERWISE_ASSIGN_OR_RETURN(const int64_t current_version, CurrentVersion());
  if (catalog_version < 0 || catalog_version > current_version) {
    return absl::NotFoundError(
        absl::StrCat("the catalog has no version ", catalog_version, "; its versions are 0 to ", current_version));
  }
  Definitions definitions;
  definitions.set_catalog_version(catalog_version);
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT name, definition FROM catalog_revisions WHERE version <= ? QUALIFY "
                         "row_number() OVER (PARTITION BY name ORDER BY version DESC, position DESC) = 1"));
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.Bind(1, catalog_version).Execute());
  for (;;) {
    TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
    if (chunk == nullptr) return definitions;
    for (size_t row = 0; row < chunk->size(); ++row) {
      if (chunk->IsNull(1, row)) continue;
      const absl::string_view bytes = chunk->TextAt(1, row);
      v1::Definition definition;
      if (!definition.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return absl::DataLossError(absl::StrCat("the stored definition of ", chunk->TextAt(0, row), " can't be read"));
      }
      definitions.Put(std::move(definition));
    }
  }
}

absl::StatusOr<int64_t> DuckDbCatalog::VersionAt(absl::Time time) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT coalesce(max(version), 0) FROM catalog_versions WHERE time_micros <= ?"));
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.Bind(1, absl::ToUnixMicros(time)).Execute());
  TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
  return chunk->At<int64_t>(0, 0);
}

absl::StatusOr<std::vector<v1::Change>> DuckDbCatalog::ListChanges(absl::string_view name, int64_t offset, int limit) {
  TIERWISE_ASSIGN_OR_RETURN(Connection connection, engine_->Connect());
  TIERWISE_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT version, name, revision, verb, transition, actor, time_micros "
                         "FROM catalog_revisions JOIN catalog_versions USING (version) WHERE $1 = '' OR name = $1 "
                         "ORDER BY version DESC, position DESC LIMIT $2 OFFSET $3"));
  TIERWISE_ASSIGN_OR_RETURN(Result result, statement.BindText(1, name).Bind(2, limit).Bind(3, offset).Execute());
  std::vector<v1::Change> changes;
  for (;;) {
    TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<Chunk> chunk, result.Next());
    if (chunk == nullptr) return changes;
    for (size_t row = 0; row < chunk->size(); ++row) changes.push_back(ChangeAt(*chunk, row));
  }
}

}  // namespace tierwise::duckdb
