// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "server/storage/duckdb/engine.h"
#include "server/storage/profile_store.h"

namespace tierwise::duckdb {

class DuckDbProfileStore final : public ProfileStore {
 public:
  explicit DuckDbProfileStore(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

  absl::Status Upsert(const std::vector<v1::Profile>& profiles, absl::Time received) override;
  absl::StatusOr<std::vector<std::optional<v1::Profile>>> Get(absl::Span<const std::string> user_ids) override;

 private:
  const std::shared_ptr<Engine> engine_;
};

}  // namespace tierwise::duckdb
