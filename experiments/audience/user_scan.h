// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "experiments/audience/table_refresh.h"
#include "experiments/audience/user_table.h"

namespace tierwise {

// A user as a scan meets it; valid during the call.
struct ScannedUser {
  uint64_t key;
  UserRow row;
  const UserAttributes& attributes;  // what the plan asks for
  absl::Span<const TierNow> tiers;   // in the plan's order
};

// All users of one version of a table: the present one, or the next one of a refresh. What it sees of derived
// attributes and tiers is of that version, whatever is committed meanwhile; supplied values are those of when it comes
// by. Thread-safe; over a refresh, as far as the refresh is.
class UserScan {
 public:
  explicit UserScan(const UserTable& table);
  // `refresh` must outlive this, and is not committed before.
  explicit UserScan(const TableRefresh& refresh);

  // Calls `f` for each known user of one shard. `f` must not write to the table; it may SetTier the user in the refresh
  // that is scanned. REQUIRES: 0 <= shard < kUserShards; `plan` is of this table; `attributes`, used as scratch, was
  // made for the plan's schema.
  void ForEach(int shard, const ReadPlan& plan, UserAttributes& attributes,
               absl::FunctionRef<void(const ScannedUser&)> f) const;

  // The tier in this version of a user whom ForEach, of a scan of whichever version, is at. kNoTier where there is
  // none.
  int TierOf(UserRow user, int tiering) const;

  // What the memberships of a tiering are of; null where it was not refreshed.
  std::shared_ptr<const TieringStanding> StandingOf(int tiering) const;
  int64_t derived_time_micros() const { return info_->derived_time_micros; }
  const UserTable& table() const { return table_; }

 private:
  const UserTable& table_;
  std::shared_ptr<const VersionInfo> info_;
  std::vector<std::shared_ptr<const ShardVersion>> versions_;  // by shard
};

// Calls `f` once for every shard, on so many threads, and returns when all are done. `worker` is below `threads`: calls
// with the same one come one after the other. REQUIRES: threads >= 1.
void ForEachShard(int threads, absl::FunctionRef<void(int shard, int worker)> f);

}  // namespace tierwise
