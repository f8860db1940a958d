// SPDX-License-Identifier: Apache-2.0
#include "server/storage/store.h"

#include <utility>

#include "experiments/base/status_macros.h"
#include "server/storage/duckdb/catalog.h"
#include "server/storage/duckdb/engine.h"
#include "server/storage/duckdb/event_log.h"
#include "server/storage/duckdb/profile_store.h"
#include "server/storage/duckdb/tier_history.h"

namespace tierwise {

absl::StatusOr<Store> OpenStore(const StoreOptions& options) {
  TIERWISE_ASSIGN_OR_RETURN(std::shared_ptr<duckdb::Engine> engine, duckdb::Engine::Open(options));
  Store store;
  TIERWISE_ASSIGN_OR_RETURN(std::unique_ptr<duckdb::DuckDbCatalog> catalog, duckdb::DuckDbCatalog::Open(engine));
  store.events = std::make_unique<duckdb::DuckDbEventLog>(engine);
  store.profiles = std::make_unique<duckdb::DuckDbProfileStore>(engine);
  TIERWISE_ASSIGN_OR_RETURN(store.tiers, duckdb::DuckDbTierHistory::Open(engine, *catalog));
  store.catalog = std::move(catalog);
  return store;
}

}  // namespace tierwise
