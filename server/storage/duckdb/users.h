// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/storage/duckdb/connection.h"

namespace tierwise::duckdb {

// Who is known: a row for each user of whom anything was ever taken in, with the id that the key stands for. The keys
// are in memory, 10 to 20 bytes each. Of two users with one key, the one seen first is known. Only the writer's thread
// uses it.
class Users {
 public:
  // REQUIRES: `connection` outlives it.
  static absl::StatusOr<std::unique_ptr<Users>> Load(Connection& connection);

  // Appends a row where `key` is new; `received_micros` never decreases from call to call.
  absl::Status Note(uint64_t key, absl::string_view user_id, int64_t received_micros) {
    return keys_.insert(key).second ? Append(key, user_id, received_micros) : absl::OkStatus();
  }
  bool Knows(uint64_t key) const { return keys_.contains(key); }
  // The row was deleted in the present transaction.
  void Forget(uint64_t key);

  // As FactWriter's.
  absl::Status Flush();
  void Committed() { uncommitted_.clear(); }
  void RolledBack();

 private:
  struct Change {
    uint64_t key;
    bool is_new;  // otherwise it was forgotten
  };

  explicit Users(Connection& connection) : connection_(connection) {}

  absl::Status Append(uint64_t key, absl::string_view user_id, int64_t received_micros);

  Connection& connection_;
  std::optional<Appender> appender_;
  absl::flat_hash_set<uint64_t> keys_;
  std::vector<Change> uncommitted_;  // in the order in which they were made
};

}  // namespace tierwise::duckdb
