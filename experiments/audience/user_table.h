// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "experiments/audience/attribute_schema.h"
#include "experiments/audience/table_columns.h"
#include "experiments/audience/user_attributes.h"
#include "experiments/audience/user_shard.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

class UserTable;

// What is to be read of each user: some attributes, some tiers. Immutable; made once for a snapshot.
class ReadPlan {
 public:
  ReadPlan() = default;
  // `slots` are those of `schema` that are wanted, `tierings` ids. What the table does not have reads as missing, also
  // if it is declared later. Strings and lists that are read stay valid as long as the table.
  ReadPlan(const UserTable& table, const AttributeSchema& schema, absl::Span<const int> slots,
           absl::Span<const std::string> tierings = {});

  size_t tierings() const { return tierings_.size(); }

 private:
  friend class UserTable;
  friend class UserScan;

  std::vector<PlannedColumn> columns_;
  std::vector<int> tierings_;  // indexes in the table, or -1
};

// What is known of every user, in memory, by column: supplied attributes, and, as of the last refresh, derived
// attributes and tiers. Users are named by KeyOf(user_id). docs/tiers.md has the layout and the bytes per user.
//
// Thread-safe. Readers wait for no longer than the update of one user takes; writers of one user wait for scans of a
// 256th of the users. A refresh (table_refresh.h) is written aside and becomes visible at one moment: whoever has seen
// a value of it sees all of it.
class UserTable {
 public:
  UserTable();
  ~UserTable();
  UserTable(const UserTable&) = delete;
  UserTable& operator=(const UserTable&) = delete;

  // Makes columns and tierings those that `definitions` declare: new ones are empty; what is not declared any more, or
  // was declared anew with another type or derivation, is dropped with all its values. A tiering keeps its membership
  // whatever its revision.
  void Declare(const Definitions& definitions);
  // Indexes are never given twice.
  std::optional<int> ColumnOf(absl::string_view attribute) const;
  std::optional<int> TieringOf(absl::string_view tiering) const;

  // Reads what `plan` asks for, of one version of the table. Attributes that are set already are left as they are;
  // `tiers` are in the plan's order. False, and nothing is read, where the user is not known.
  // REQUIRES: `attributes` was made for the plan's schema; tiers.size() == plan.tierings().
  bool Read(uint64_t user_key, const ReadPlan& plan, UserAttributes& attributes, absl::Span<TierNow> tiers) const;
  // The tier alone: one access of memory for the first four tierings declared.
  TierNow TierOf(uint64_t user_key, int tiering) const;
  // The same with what a refresh needs to know; kNoTier where there is none.
  TierState TierStateOf(uint64_t user_key, int tiering) const;
  // Fetches what Read and TierOf will need first, without waiting for it: for batches.
  void Prefetch(uint64_t user_key) const;

  // What the memberships of a tiering are of; empty before the first refresh.
  std::shared_ptr<const TieringStanding> StandingOf(int tiering) const;
  // The moment as of which derived attributes are; 0 before the first refresh.
  int64_t derived_time_micros() const;
  // Users who have a supplied value, or were found by the last refresh.
  int64_t users() const;
  // What the table holds, dictionaries included.
  int64_t bytes() const;

  // Merges supplied values into a user's: each sets one attribute, or forgets it where it holds no value. Values of
  // attributes that are derived or not declared are left out. REQUIRES: UserAttributes::Set would take the values.
  void Upsert(uint64_t user_key, const google::protobuf::RepeatedPtrField<v1::AttributeValue>& values);
  // Forgets all of a user, in the refresh that is under way, too: that cannot bring the user back. Whether the user was
  // known.
  bool Remove(uint64_t user_key);

 private:
  friend class ReadPlan;
  friend class TableRefresh;
  friend class UserScan;

  struct Registry;

  UserShard& ShardOf(uint64_t user_key) const;
  // Of the version that readers see from now on.
  std::shared_ptr<const VersionInfo> info() const;
  void DropFromShards(const Registry& registry);

  std::unique_ptr<std::array<UserShard, kUserShards>> shards_;
  std::atomic<uint64_t> version_{0};

  mutable std::mutex mutex_;  // guards what follows; may be held while a shard is locked, never the other way round
  std::unique_ptr<Registry> registry_;
  std::shared_ptr<const VersionInfo> info_;
  TableRefresh* refresh_ = nullptr;             // the one under way
  absl::flat_hash_set<uint64_t> removed_keys_;  // since it began
};

}  // namespace tierwise
