// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/storage/duckdb/connection.h"

namespace tierwise::duckdb {

// The names dictionary: what stands in fact tables for the names of campaigns, variants, tiers and events. Codes count
// from 0 and never change. All of it is in memory. Not thread-safe: only the writer's thread uses it.
class Names {
 public:
  // Beyond it, new names are an error: names are things that people name, and a client that makes them up would fill
  // the memory.
  static constexpr uint32_t kMaxNames = 1'000'000;

  static absl::StatusOr<Names> Load(Connection& connection);

  // The code of `name`, a new one if need be. ResourceExhausted when the dictionary is full.
  absl::StatusOr<uint32_t> CodeOf(absl::string_view name);
  std::optional<uint32_t> Find(absl::string_view name) const;

  // Writes the new names, within the connection's transaction.
  absl::Status WriteNew(Connection& connection);
  // The new names are on disk.
  void Committed() { new_names_.clear(); }
  // Forgets the new names.
  void RolledBack();

 private:
  absl::flat_hash_map<std::string, uint32_t> codes_;
  std::vector<std::string> new_names_;  // in the order of their codes, which are the last ones
};

}  // namespace tierwise::duckdb
