// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/storage/catalog.h"
#include "server/storage/event_log.h"
#include "server/storage/profile_store.h"
#include "server/storage/tier_history.h"

namespace tierwise {

// An open store: the parts of one engine.
struct Store {
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<EventLog> events;
  std::unique_ptr<ProfileStore> profiles;
  std::unique_ptr<TierHistory> tiers;
};

struct StoreOptions {
  std::string path;  // of the DuckDB file; created if there is none
  int threads = 2;   // of the engine
  int64_t memory_limit_bytes = int64_t{1} << 30;
};

// Opens the store, creating or migrating its schema. FailedPrecondition if another process has it open, or if it was
// written by a newer version; DataLoss if it can't be read.
absl::StatusOr<Store> OpenStore(const StoreOptions& options);

}  // namespace tierwise
