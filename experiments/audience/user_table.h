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

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "experiments/audience/attribute_schema.h"
#include "experiments/audience/table_columns.h"
#include "experiments/audience/user_attributes.h"
#include "experiments/audience/user_shard.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

class TableRefresh;
class UserTable;

// What is to be read of each user: some attributes, some tiers. Immutable; made once for a snapshot.
class ReadPlan {
 public:
  ReadPlan() = default;
  // `slots` are those of `schema` that are wanted, `tierings` ids. What the table does not have reads as missing, also
  // if it is declared later. Strings and lists that are read stay valid as long as the table.
  ReadPlan(const UserTable& table, const AttributeSchema& schema, absl::Span<const int> slots,
           absl::Span<const std::string> tierings = {});

  absl::Span<const PlannedColumn> columns() const { return columns_; }
  // Indexes in the table, kNoTiering for those that it does not have.
  absl::Span<const size_t> tierings() const { return tierings_; }

  static constexpr size_t kNoTiering = ~size_t{0};

 private:
  std::vector<PlannedColumn> columns_;
  std::vector<size_t> tierings_;
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
  // was declared anew with another type or derivation, is dropped with all its values. A tiering keeps its memberships
  // whatever its revision.
  void Declare(const Definitions& definitions);
  // Never given twice, so that those of what was dropped read as missing.
  std::optional<int> ColumnOf(absl::string_view attribute) const;
  std::optional<int> TieringOf(absl::string_view tiering) const;

  // Reads what `plan` asks for, of one version of the table. Attributes that are set already are left as they are;
  // `tiers` are in the plan's order. False, and nothing is read, where the user is not known.
  // REQUIRES: `attributes` was made for the plan's schema; tiers.size() == plan.tierings().size().
  bool Read(uint64_t user_key, const ReadPlan& plan, UserAttributes& attributes, absl::Span<TierNow> tiers) const;
  // The tier alone: one access of memory for the first four tierings that were declared. No tier where `tiering` is
  // none of the table's.
  TierNow TierOf(uint64_t user_key, int tiering) const;
  // The same with what a refresh needs to know; kNoTier where there is none.
  TierState TierStateOf(uint64_t user_key, int tiering) const;
  // Begins to fetch what Read and TierOf need first, and does not wait: for batches.
  void Prefetch(uint64_t user_key) const;

  // What the memberships of a tiering are of; null before the first refresh.
  std::shared_ptr<const TieringStanding> StandingOf(int tiering) const;
  // The moment as of which derived attributes are; 0 before the first refresh.
  int64_t derived_time_micros() const;
  // Users who have had a value supplied, or whom the last refresh found. Time in proportion to them.
  int64_t users() const;
  // Of memory that the table holds, dictionaries included. Time in proportion to shards and columns.
  int64_t bytes() const;

  // Merges supplied values into a user's: each sets one attribute, or forgets it where it holds no value. Values of
  // attributes that are derived or not declared are left out. REQUIRES: UserAttributes::Set would take the values.
  void Upsert(uint64_t user_key, const google::protobuf::RepeatedPtrField<v1::AttributeValue>& values);
  // Forgets all of a user, also in a refresh that is under way: that cannot bring the user back. Whether the user was
  // known.
  bool Remove(uint64_t user_key);

 private:
  friend class ReadPlan;
  friend class TableRefresh;
  friend class UserScan;

  // One attribute as it was declared; kept when it is dropped, for what was read may still be in use.
  struct Column {
    std::string attribute;
    ColumnKind kind;
    std::string derivation;  // serialized; empty for a supplied one
    bool is_declared = true;
    std::unique_ptr<ValueDictionary> dictionary;  // null where the kind has none
  };
  struct Tiering {
    std::string id;
    bool is_declared = true;
  };
  // A supplied value ready to be written.
  struct Write;
  struct Changes;

  UserShard& ShardOf(uint64_t user_key) const { return (*shards_)[static_cast<size_t>(ShardOfUser(user_key))]; }
  uint64_t visible() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const VersionInfo> info() const;
  // With `mutex_`.
  size_t Declared(absl::string_view attribute) const;
  size_t DeclaredTiering(absl::string_view id) const;
  std::vector<Write> WritesOf(const google::protobuf::RepeatedPtrField<v1::AttributeValue>& values) const;
  void DeclareColumns(const Definitions& definitions, Changes& changes);
  void DeclareTierings(const Definitions& definitions, Changes& changes);

  std::unique_ptr<std::array<UserShard, kUserShards>> shards_;
  std::atomic<uint64_t> version_{0};  // the number of the version that is seen

  std::mutex declaring_;      // one Declare at a time, none while a refresh begins or commits; taken before any other
  mutable std::mutex mutex_;  // guards what follows; no lock of a shard is taken while it is held
  std::vector<std::unique_ptr<Column>> columns_;
  absl::flat_hash_map<std::string, size_t> declared_;  // of columns_, by attribute
  std::vector<Tiering> tierings_;
  std::shared_ptr<const VersionInfo> info_;
  bool is_refreshing_ = false;
};

}  // namespace tierwise
