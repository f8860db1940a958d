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
// attributes and tiers does not change, whatever is committed meanwhile; supplied values are those of when it comes by.
// Thread-safe, over a refresh as far as the refresh is (a thread for each shard).
class UserScan {
 public:
  explicit UserScan(const UserTable& table);
  explicit UserScan(const TableRefresh& refresh);

  // Calls `f` for each known user of one shard, in the order of rows. `f` must not write to the table, but may write
  // the user's row of the refresh that is scanned. REQUIRES: 0 <= shard < kUserShards; `plan` is of this table;
  // `attributes` was made for the plan's schema and is used as scratch.
  void ForEach(int shard, const ReadPlan& plan, UserAttributes& attributes,
               absl::FunctionRef<void(const ScannedUser&)> f) const;

  // Calls `f` once for every shard, on so many threads (at least one).
  static void ForEachShard(int threads, absl::FunctionRef<void(int shard)> f);

  const UserTable& table() const { return table_; }
  // What the memberships of a tiering are of; empty where it was not refreshed.
  const TieringStanding& StandingOf(int tiering) const;
  int64_t derived_time_micros() const { return info_->derived_time_micros; }

 private:
  const UserTable& table_;
  const VersionInfo* info_;
  std::shared_ptr<const VersionInfo> kept_info_;           // null for a refresh
  std::vector<std::shared_ptr<const ShardVersion>> kept_;  // empty for a refresh
  std::vector<const ShardVersion*> versions_;              // by shard
};

}  // namespace tierwise
