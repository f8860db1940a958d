// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "experiments/audience/table_columns.h"

namespace tierwise {

// Users are kept in so many parts, by the leading bits of UserOrder (experiments/base/fact_rows.h).
inline constexpr int kUserShards = 256;

// What all shards of one version of the table have in common.
struct VersionInfo {
  uint64_t number = 0;
  int64_t derived_time_micros = 0;
  std::vector<std::shared_ptr<const TieringStanding>> tierings;  // by index; null where not refreshed
};

// Derived attributes and tiers of the users of one shard in one version of the table. Rows may be fewer than the
// shard's: later users have nothing. Null where a column or tiering has no values.
struct ShardVersion {
  std::shared_ptr<const VersionInfo> info;
  std::vector<uint8_t> known;                         // by row: whether the refresh found the user
  std::vector<std::shared_ptr<TableColumn>> columns;  // by index
  std::vector<std::shared_ptr<TierColumn>> tierings;  // by index

  void Resize(size_t rows);
  void Forget(size_t row);
  int64_t bytes() const;
};

// Which column goes into which slot.
struct PlannedColumn {
  int slot;
  int column;
  bool is_derived;
  const ValueDictionary* dictionary;  // null where the kind has none
};

// One part of the users: an index from key to row by open addressing, with the tiers of four tierings beside the key so
// that a look-up of a tier is one access of memory; and the columns of supplied values. Locks are the table's to take:
// `writer` for all that changes anything, and with it `readers`, exclusively, for as short as can be. What is only
// called with `writer` reads without `readers`, since nobody else writes.
class UserShard {
 public:
  static constexpr uint32_t kNoRow = 0xffff'ffff;
  static constexpr int kTiersInIndex = 4;

  UserShard();

  // Either lock. kNoRow where there is none.
  uint32_t RowOf(uint64_t order) const;
  // With a lock on readers: the version that is `present`, the highest number that is visible.
  const ShardVersion* VersionAt(uint64_t present) const;
  bool IsKnown(uint32_t row, const ShardVersion* version) const;
  TierNow TierAt(uint64_t order, int tiering, uint64_t present) const;
  void Prefetch(uint64_t order) const;

  // With `writer`; takes `readers` itself.
  uint32_t RowOrNew(uint64_t order, bool is_supplied);
  void Free(uint64_t order, bool may_reuse);
  void CopyTiersToIndex();

  mutable std::shared_mutex readers;
  std::mutex writer;

 private:
  friend class UserTable;
};

}  // namespace tierwise
