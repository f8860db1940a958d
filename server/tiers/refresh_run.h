// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/services/live_catalog.h"
#include "server/storage/store.h"
#include "server/tiers/live_users.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {

// What a refresh works on.
struct RefreshScope {
  LiveCatalog& catalog;
  Store& store;
  LiveUsers& users;
  int threads = 1;
  int64_t memory_bytes = int64_t{1} << 30;  // about what events may take while they are folded
};

// Who is told how a refresh gets on.
struct RefreshObserver {
  // Returns false to cancel it.
  absl::FunctionRef<bool(absl::string_view step, double progress)> go_on;
  // Called once before anything is written: from true on it can't be cancelled any more.
  absl::FunctionRef<bool()> may_commit;
};

// Brings derived attributes up to date as of the refresh's moment, finds cuts, moves users, writes it all and makes it
// visible. Returns the refresh as it succeeded. On any error nothing has changed, in memory or on disk: Cancelled where
// the observer said so, Aborted where a tiering was edited meanwhile. REQUIRES: no other refresh is under way;
// `refresh` has its id, times, actor and tierings, which exist.
absl::StatusOr<v1::Refresh> RunRefresh(const RefreshScope& scope, v1::Refresh refresh, RefreshObserver observer);

}  // namespace tierwise
