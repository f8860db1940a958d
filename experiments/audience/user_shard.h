// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "experiments/audience/table_columns.h"
#include "experiments/base/fact_rows.h"

namespace tierwise {

// Users are kept in so many parts, by the leading bits of UserOrder.
inline constexpr int kUserShards = 1 << kPartitionBits;
inline int ShardOfUser(uint64_t user_key) { return static_cast<int>(PartitionOf(UserOrder(user_key))); }

// What all shards of one version of the table have in common.
struct VersionInfo {
  uint64_t number = 0;
  int64_t derived_time_micros = 0;
  std::vector<std::shared_ptr<const TieringStanding>> tierings;  // by index; null where not refreshed
};

// Derived attributes and tiers of the users of one shard in one version of the table, by row. It may have fewer rows
// than the shard: later users have nothing. Null where a column or tiering has no values.
struct ShardVersion {
  std::shared_ptr<const VersionInfo> info;
  std::vector<uint8_t> known;                         // whether the refresh found the user
  std::vector<std::shared_ptr<TableColumn>> columns;  // by index
  std::vector<std::shared_ptr<TierColumn>> tierings;  // by index; shared with the version before where not refreshed

  bool Knows(size_t row) const { return row < known.size() && known[row] != 0; }
  void Forget(size_t row);
  int64_t bytes() const;
};

// Which column goes into which slot.
struct PlannedColumn {
  int slot;
  size_t column;
  bool is_derived;
  const ValueDictionary* dictionary;  // null where the kind has none
};

// One part of the users: an index from user to row by open addressing, with the tiers of four tierings beside the user,
// so that a look-up of a tier is one access of memory; columns of supplied values; and the version that is seen.
//
// Locks are the caller's: `writer` for whatever changes something. Functions that change what readers see take
// `readers` themselves, for as long as one user takes, and build larger arrays before that: nobody but the holder of
// `writer` writes, so that it reads without `readers`.
class UserShard {
 public:
  static constexpr uint32_t kNoRow = 0xffff'ffff;

  UserShard();

  // With `readers`, shared, or `writer`. `order` is the UserOrder of a key; `number` that of the version to be seen.
  uint32_t RowOf(uint64_t order) const;
  size_t rows() const { return orders_.size(); }
  uint64_t OrderOf(uint32_t row) const { return orders_[row]; }
  const ShardVersion& VersionAt(uint64_t number) const {
    return next_ != nullptr && next_->info->number <= number ? *next_ : *present_;
  }
  std::shared_ptr<const ShardVersion> SharedVersionAt(uint64_t number) const {
    return next_ != nullptr && next_->info->number <= number ? next_ : present_;
  }
  bool IsKnown(uint32_t row, const ShardVersion& version) const {
    return (rows_[row] & kSupplied) != 0 || ((rows_[row] & kUsed) != 0 && version.Knows(row));
  }
  TierNow TierOf(uint64_t order, size_t tiering, uint64_t number) const;
  void ReadRow(uint32_t row, const ShardVersion& version, absl::Span<const PlannedColumn> columns,
               UserAttributes& attributes) const;
  int64_t bytes() const;

  // With no lock.
  void Prefetch(uint64_t order) const;

  // With `writer`. The user's row; a new one where there is none.
  uint32_t RowOrNew(uint64_t order);
  // Calls `change` with the supplied columns by index, while no reader reads; from then on the user is known.
  template <typename F>
  void ChangeSupplied(uint32_t row, F change) {
    const std::lock_guard lock(readers);
    rows_[row] |= kSupplied;
    change(absl::MakeSpan(supplied_));
  }
  // Forgets a user. While a version is being staged, the row is not given to another, and WasRemoved. False where the
  // user was not known.
  bool Remove(uint64_t order);
  bool WasRemoved(uint64_t order) const { return !removed_.empty() && removed_.contains(order); }

  // Makes room for columns up to `size`; sets one, which may be null, or has rows of its own number.
  void SetSupplied(size_t column, std::unique_ptr<TableColumn> values);
  void DropDerived(size_t column);
  void DropTiering(size_t tiering);

  // The steps by which a version comes to be seen. A copy of the present one begins it: `is_staged` from then on.
  const ShardVersion& present() const { return *present_; }
  void BeginStaging() { is_staged_ = true; }
  void EndStaging();
  void SetNext(std::shared_ptr<ShardVersion> next);  // not yet seen; users removed meanwhile are left out
  void ReplacePresent();                             // by the next one, which is seen already

  mutable std::shared_mutex readers;
  std::mutex writer;

 private:
  static constexpr size_t kTiersInIndex = 4;
  static constexpr uint8_t kNoTierByte = 0xff;
  static constexpr uint8_t kUsed = 1;      // of a row: it is a user's
  static constexpr uint8_t kSupplied = 2;  // and something was supplied

  struct Slot {
    uint64_t order = 0;
    uint32_t row = kNoRow;  // kNoRow: empty
    std::array<uint8_t, kTiersInIndex> tiers = {kNoTierByte, kNoTierByte, kNoTierByte, kNoTierByte};
  };

  size_t HomeOf(uint64_t order) const { return static_cast<size_t>((order << kPartitionBits) >> shift_); }
  size_t Next(size_t place) const { return (place + 1) & (slots_.size() - 1); }
  const Slot* Find(uint64_t order) const;
  void GrowIndex();
  void GrowRows();
  void Erase(uint64_t order);
  void CopyTiersToIndex();

  std::vector<Slot> slots_;  // a power of two, never full
  int shift_ = 0;            // of HomeOf: 64 less the bits of a place
  size_t used_slots_ = 0;
  uint64_t index_number_ = 0;                     // of the version whose tiers are in the index
  std::atomic<const Slot*> first_slot_{nullptr};  // the same as slots_ and shift_, for Prefetch
  std::atomic<int> prefetch_shift_{0};

  std::vector<uint64_t> orders_;  // by row
  std::vector<uint8_t> rows_;     // by row: kUsed, kSupplied
  size_t capacity_ = 0;           // rows that all columns have room for
  std::vector<uint32_t> free_rows_;
  std::vector<std::unique_ptr<TableColumn>> supplied_;  // by index; null where the attribute is derived or dropped
  std::shared_ptr<ShardVersion> present_;
  std::shared_ptr<ShardVersion> next_;

  bool is_staged_ = false;
  absl::flat_hash_set<uint64_t> removed_;  // while is_staged_
};

}  // namespace tierwise
