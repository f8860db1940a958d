// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "experiments/audience/user_table.h"

namespace tierwise {

// A user's place in the table; valid as long as the refresh that gave it.
struct UserRow {
  int shard = 0;
  uint32_t row = 0;
};

// The next version of a table's derived attributes and tiers, seen by nobody until Commit(). Users of different shards
// (ShardOfUser) may be written by different threads at the same time, those of one shard by one thread. The table,
// which outlives it, can be read and written meanwhile; columns declared since it began are not part of it.
class TableRefresh {
 public:
  // What the next version begins with.
  enum class Derived {
    kKeep,  // present derived values: for a refresh that computes some users only
    kAnew,  // none: users who get no value have none, and are unknown unless one was supplied
  };

  // Memory for derived values is taken twice while it exists. FailedPrecondition while another one does.
  static absl::StatusOr<std::unique_ptr<TableRefresh>> Begin(UserTable& table, int64_t as_of_micros, Derived derived);
  // Leaves the table as it was, unless Commit() was called.
  ~TableRefresh();
  TableRefresh(const TableRefresh&) = delete;
  TableRefresh& operator=(const TableRefresh&) = delete;

  int64_t as_of_micros() const { return info_->derived_time_micros; }

  // The row of a user who has events, or had a tier before a restart: known from the commit on. Nothing for one who was
  // removed since the refresh began.
  std::optional<UserRow> Add(uint64_t user_key);
  // Forgets every derived value of the user.
  void ClearDerived(UserRow user);

  // REQUIRES, of each: `column` (UserTable::ColumnOf) is that of a derived attribute of a type that is kept so.
  // BOOL as 0 or 1; INT; TIMESTAMP in microseconds; of RECENCY_DAYS and TENURE_DAYS the moment, which reads as the days
  // from then to as_of_micros().
  void SetInteger(UserRow user, int column, int64_t value);
  void SetDouble(UserRow user, int column, double value);  // finite
  void SetText(UserRow user, int column, uint32_t code);
  // The code of a text, valid as long as the table. Any thread. REQUIRES: a STRING column.
  uint32_t CodeOf(int column, absl::string_view text);
  // From now on users without a value of the BOOL, INT or DOUBLE column have false or 0, later users too.
  void UseZeroWhereMissing(int column);

  // From now on SetTier and TierStateOf are of this revision of `tiering` (UserTable::TieringOf), whose tiers have
  // these ids. Present memberships are carried over to the tiers of the same id; those of a tier that is gone are
  // dropped. REQUIRES: at most 64 tiers; called once for a tiering, while no other thread uses the refresh.
  void BeginTiering(int tiering, int64_t revision, std::vector<std::string> tiers);
  TierState TierStateOf(UserRow user, int tiering) const;
  void SetTier(UserRow user, int tiering, const TierState& state);

  // All of it becomes visible at one moment. Called once; nothing else may be called after it.
  void Commit();

 private:
  friend class UserScan;

  TableRefresh(UserTable& table, int64_t as_of_micros);
  void Stage(Derived derived);
  std::shared_ptr<ShardVersion> Staged(UserShard& shard, Derived derived) const;
  // The staged column with room for the row; null where it was dropped.
  TableColumn* ColumnFor(UserRow user, int column);

  UserTable& table_;
  std::shared_ptr<VersionInfo> info_;
  std::vector<std::optional<ColumnKind>> kinds_;  // of derived columns, by index
  std::vector<std::shared_ptr<ShardVersion>> shards_;
};

}  // namespace tierwise
