// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/audience/user_table.h"
#include "server/services/live_catalog.h"
#include "server/storage/store.h"
#include "server/tiers/first_exposures.h"
#include "server/tiers/serving_plan.h"

namespace tierwise {

// What is known of users, in memory and in step with the store: supplied attributes as soon as they are on disk,
// derived attributes and tiers as of the last refresh, first exposures of launched campaigns. Thread-safe.
class LiveUsers {
 public:
  // Reads all of it; derived attributes are computed anew, from the events that the last refresh saw. Catalog and store
  // must outlive it.
  static absl::StatusOr<std::unique_ptr<LiveUsers>> Open(LiveCatalog& catalog, Store& store, int threads);

  const UserTable& table() const { return table_; }
  UserTable& table() { return table_; }

  // What to read for the campaigns of a snapshot; made anew only where the snapshot is not the present one.
  std::shared_ptr<const ServingPlan> PlanFor(const std::shared_ptr<const Snapshot>& snapshot);

  // Write to the store; what they wrote is known here when they return. REQUIRES: as of the store's methods.
  absl::Status Upsert(const std::vector<v1::Profile>& profiles, absl::Time received);
  absl::Status AppendExposures(const std::vector<v1::Exposure>& exposures, absl::Time received);
  absl::StatusOr<v1::EraseUserResponse> Erase(const std::string& user_id);

  // Held by a refresh from when it looks at who was erased until its moves are written and visible; erasing waits.
  std::unique_lock<std::mutex> HoldErasing() { return std::unique_lock(erasing_); }
  // Users who were erased since the last call. REQUIRES: erasing is held.
  absl::flat_hash_set<uint64_t> TakeErased() { return std::exchange(erased_, {}); }

 private:
  LiveUsers(LiveCatalog& catalog, Store& store) : catalog_(catalog), store_(store) {}

  absl::Status LoadProfiles();
  absl::Status LoadFirstExposures();
  void Follow(const CatalogView& view);

  LiveCatalog& catalog_;
  Store& store_;
  UserTable table_;
  FirstExposures exposures_;
  std::mutex plan_mutex_;
  std::shared_ptr<const ServingPlan> plan_;  // guarded by plan_mutex_
  std::mutex erasing_;                       // held while a user is erased
  absl::flat_hash_set<uint64_t> erased_;     // guarded by erasing_
};

}  // namespace tierwise
