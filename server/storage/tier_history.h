// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "experiments/base/facts.h"
#include "server/storage/catalog.h"
#include "tierwise/v1/event_service.pb.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {

// One user's move.
struct UserMove {
  static constexpr int kNone = -1;  // for `from`: it is the user's first tier

  uint64_t user_key;
  int from;  // index into TieringOutcome.from_tiers
  int to;    // index into TieringOutcome.tiers
};

// A user's tier since a refresh, by index.
struct StoredTier {
  uint64_t user_key;
  int tier;
  int64_t since_micros;
  bool has_moved;  // there from another tier
};

// A tier that a refresh found for a user who has to be found there again before moving.
struct PendingTier {
  uint64_t user_key;
  int tier;
  int confirmations;  // how many refreshes in a row found it
};

// What one refresh found in one tiering.
struct TieringOutcome {
  std::string tiering;
  int64_t revision = 0;                 // of the tiering, cuts included
  std::vector<std::string> from_tiers;  // ids of the tiers of the refresh before
  std::vector<std::string> tiers;       // ids in the tiering's order; what all other indexes mean
  std::vector<int64_t> sizes;           // users, for each of `tiers`
  std::vector<UserMove> moves;
  std::vector<PendingTier> pending;  // all that there are; those of the refresh before are forgotten
};

// A refresh that succeeded.
struct RefreshRecord {
  v1::Refresh refresh;
  std::string fingerprint;  // of the derivations by which it computed
};

// The refresh by which a tiering's users have their tiers.
struct TieringRefresh {
  std::string tiering;
  int64_t revision = 0;
  absl::Time as_of;
  absl::Time end_time;
  std::vector<std::string> tiers;  // in the tiering's order of then
};

// Which moves to scan.
struct MoveScan {
  std::string tiering;
  std::vector<std::string> tiers;  // what MoveColumns.tier indexes
  absl::Time end;                  // only moves before it
  absl::Time as_of;                // only those of refreshes that had ended by then
};

// Which moves to list.
struct MoveQuery {
  std::string tiering;
  int64_t after_sequence = 0;
  int limit = 1000;
  bool changes_only = false;  // leave out first tiers
  std::string user_id = {};   // empty: every user's
};

// Keeps which user was in which tier when, and the refreshes that put them there. Thread-safe; at most one refresh is
// under way at any time.
class TierHistory {
 public:
  virtual ~TierHistory() = default;

  // Writes a refresh that begins, and returns its id.
  virtual absl::StatusOr<int64_t> Begin(const v1::Refresh& refresh) = 0;
  // Writes all that a refresh found, and that it succeeded, together with the definitions that it changed (null: none):
  // all of it or, after an error or kill -9, nothing. Facts and profiles are taken in meanwhile. Errors as of
  // Catalog::Commit.
  virtual absl::Status Commit(const RefreshRecord& record, absl::Span<const TieringOutcome> outcomes,
                              const CatalogCommit* definitions) = 0;
  // Writes how a refresh ended that did not succeed.
  virtual absl::Status End(const v1::Refresh& refresh) = 0;

  // The refresh of that id, if there has been one.
  virtual absl::StatusOr<std::optional<v1::Refresh>> Find(int64_t id) = 0;
  // Newest first, those with ids below `before`; 0 is no bound.
  virtual absl::StatusOr<std::vector<v1::Refresh>> List(int64_t before, int limit) = 0;
  // The last one that succeeded.
  virtual absl::StatusOr<std::optional<RefreshRecord>> LastSucceeded() = 0;
  // The last refresh of each tiering that has had one.
  virtual absl::StatusOr<std::vector<TieringRefresh>> LastOfTierings() = 0;

  // Calls `consume` with runs of columns, in no order; the spans are valid during the call only.
  virtual absl::Status ScanMoves(const MoveScan& scan, absl::FunctionRef<void(const MoveColumns&)> consume) = 0;

  // Every tier that a user was ever in, by index into `tiers`, later ones after earlier ones; those that are pending
  // now. Tiers that `tiers` does not have are left out.
  virtual absl::Status ScanTiers(const std::string& tiering, const std::vector<std::string>& tiers,
                                 absl::FunctionRef<void(const StoredTier&)> consume) = 0;
  virtual absl::StatusOr<std::vector<PendingTier>> Pending(const std::string& tiering,
                                                           const std::vector<std::string>& tiers) = 0;

  virtual absl::StatusOr<std::vector<v1::Move>> ListMoves(const MoveQuery& query) = 0;
  virtual absl::StatusOr<std::vector<v1::Transition>> Transitions(const std::string& tiering, absl::Time from,
                                                                  absl::Time to) = 0;
  // Sizes after each refresh whose as_of is in [begin, end], the latest 1,000 by as_of; values of `value_event` (empty:
  // none) by tier since the refresh before, each event once.
  virtual absl::StatusOr<std::vector<v1::TierHistoryEntry>> Sizes(const std::string& tiering, absl::Time begin,
                                                                  absl::Time end, const std::string& value_event) = 0;
  // One user's tiers as of a time.
  virtual absl::StatusOr<std::vector<v1::TierMembership>> TiersOf(const std::string& user_id, absl::Time as_of) = 0;

  // The id of the last refresh that succeeded: equal ids mean equal moves, but for users who were erased.
  virtual int64_t last_refresh() const = 0;
};

}  // namespace tierwise
