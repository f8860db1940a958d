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
// (ShardOfUser) may be written by different threads at the same time; those of one shard by one thread. The table
// outlives it, and can be read and written meanwhile.
class TableRefresh {
 public:
  // What the next version begins with.
  enum class Derived {
    kKeep,  // present derived values: for a refresh that computes changed users only
    kAnew,  // none: users who get no value in this refresh have none, and are unknown unless a value was supplied
  };

  // FailedPrecondition while another refresh of the table exists.
  static absl::StatusOr<std::unique_ptr<TableRefresh>> Begin(UserTable& table, int64_t as_of_micros, Derived derived);
  // Leaves the table as it was, unless Commit() was called.
  ~TableRefresh();
  TableRefresh(const TableRefresh&) = delete;
  TableRefresh& operator=(const TableRefresh&) = delete;

  int64_t as_of_micros() const { return info_.derived_time_micros; }

  // The row of a user who has events; added, so that the user is known from the commit on. Nothing for one that was
  // removed since the refresh began.
  std::optional<UserRow> Add(uint64_t user_key);
  // Forgets every derived value of the user.
  void ClearDerived(UserRow user);

  // REQUIRES, of each: `column` is that of a derived attribute (UserTable::ColumnOf) of that type. A value of a column
  // that was dropped since is lost.
  void SetBool(UserRow user, int column, bool value);
  void SetInt(UserRow user, int column, int64_t value);
  void SetDouble(UserRow user, int column, double value);  // finite
  // Of a TIMESTAMP; and of RECENCY_DAYS and TENURE_DAYS, which read as days from then to as_of_micros().
  void SetTime(UserRow user, int column, int64_t micros);
  void SetText(UserRow user, int column, uint32_t code);
  // The code of a text, valid for as long as the table. Any thread.
  uint32_t CodeOf(int column, absl::string_view text);

  // From now on SetTier and TierStateOf of `tiering` are of this revision, whose tiers have these ids. Present
  // memberships are carried over to the tiers of the same id; those of a tier that is gone are dropped.
  // REQUIRES: at most 64 tiers; called before any SetTier of the tiering.
  void BeginTiering(int tiering, int64_t revision, std::vector<std::string> tiers);
  TierState TierStateOf(UserRow user, int tiering) const;
  void SetTier(UserRow user, int tiering, const TierState& state);

  // All of it becomes visible at one moment. Called once; nothing else may be called after it.
  void Commit();

 private:
  friend class UserScan;
  friend class UserTable;

  TableRefresh(UserTable& table, int64_t as_of_micros) : table_(table) { info_.derived_time_micros = as_of_micros; }
  void Stage(Derived derived);
  TableColumn* Staged(UserRow user, int column);

  UserTable& table_;
  VersionInfo info_;
  std::vector<std::unique_ptr<ShardVersion>> shards_;
  bool is_committed_ = false;
};

}  // namespace tierwise
