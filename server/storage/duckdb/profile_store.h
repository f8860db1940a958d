// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/storage/duckdb/engine.h"
#include "server/storage/profile_store.h"

namespace tierwise::duckdb {

class DuckDbProfileStore final : public ProfileStore {
 public:
  explicit DuckDbProfileStore(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

  absl::Status Upsert(const std::vector<v1::Profile>& profiles, absl::Time received,
                      absl::FunctionRef<void()> committed) override;
  absl::Status ScanChanges(absl::FunctionRef<void(const ProfileChange&)> consume) override;
  absl::StatusOr<std::vector<ProfileChange>> ChangesOf(const std::string& user_id, absl::Time as_of) override;
  absl::Status ScanUsers(absl::Time after, absl::Time as_of,
                         absl::FunctionRef<void(absl::Span<const uint64_t>)> consume) override;
  absl::StatusOr<absl::flat_hash_set<uint64_t>> AnonymousUsers() override;
  absl::StatusOr<std::vector<std::string>> UserIdsOf(absl::Span<const uint64_t> user_keys) override;
  absl::StatusOr<v1::EraseUserResponse> Erase(const std::string& user_id, absl::FunctionRef<void()> committed) override;

 private:
  const std::shared_ptr<Engine> engine_;
};

}  // namespace tierwise::duckdb
