// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>

#include "server/storage/catalog.h"
#include "server/storage/duckdb/engine.h"

namespace tierwise::duckdb {

class DuckDbCatalog final : public Catalog {
 public:
  static absl::StatusOr<std::unique_ptr<DuckDbCatalog>> Open(std::shared_ptr<Engine> engine);

  absl::Status Commit(const CatalogCommit& commit) override;
  // Like Commit, within a transaction that `run` runs together with what else belongs to it.
  using Write = absl::FunctionRef<absl::Status(Connection&)>;
  absl::Status CommitIn(const CatalogCommit& commit, absl::FunctionRef<absl::Status(Write)> run);
  absl::StatusOr<Definitions> ReadAt(int64_t catalog_version) override;
  absl::StatusOr<int64_t> CurrentVersion() override;
  absl::StatusOr<int64_t> VersionAt(absl::Time time) override;
  absl::StatusOr<std::vector<v1::Change>> ListChanges(absl::string_view name, int64_t offset, int limit) override;

 private:
  DuckDbCatalog(std::shared_ptr<Engine> engine, int64_t current_version)
      : engine_(std::move(engine)), current_version_(current_version) {}

  const std::shared_ptr<Engine> engine_;
  std::mutex mutex_;         // held during a commit
  int64_t current_version_;  // guarded by mutex_
};

}  // namespace tierwise::duckdb
