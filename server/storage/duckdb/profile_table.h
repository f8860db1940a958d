// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/storage/duckdb/connection.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise::duckdb {

// The profiles: every version of them in an append-only table, the latest of each user in memory, encoded, so that an
// assignment doesn't wait for a query. Takes about 120 bytes a user beside the values.
//
// Users are told apart by KeyOf(user_id). Of two users with one key, the one written last is known.
class ProfileTable {
 public:
  // REQUIRES: `connection` outlives it.
  static absl::StatusOr<std::unique_ptr<ProfileTable>> Load(Connection& connection);

  // On the writer's thread, as FactWriter's.
  absl::Status Merge(const std::vector<v1::Profile>& changes, absl::Time received);
  absl::Status Flush();
  void Committed();
  void RolledBack();

  // The committed profile of each user. Thread-safe.
  absl::StatusOr<std::vector<std::optional<v1::Profile>>> Get(absl::Span<const std::string> user_ids) const;

 private:
  struct Version {
    int64_t sequence = 0;  // counts all versions of all users
    std::string profile;   // serialized; empty for a user that isn't known
  };
  using Versions = absl::flat_hash_map<uint64_t, Version>;

  explicit ProfileTable(Connection& connection) : connection_(connection) {}

  absl::Status AppendVersion(uint64_t user_key, const Version& version, absl::Time received);

  Connection& connection_;
  std::optional<Appender> appender_;
  int64_t last_sequence_ = 0;
  Versions uncommitted_;
  mutable std::shared_mutex mutex_;
  Versions latest_;  // guarded by mutex_; the writer's thread alone changes it
};

}  // namespace tierwise::duckdb
