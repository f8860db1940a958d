// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "experiments/audience/user_attributes.h"
#include "experiments/audience/value_dictionary.h"

namespace tierwise {

// How a column keeps its values. An age is a moment that reads as the days from then to the last refresh.
enum class ColumnKind : uint8_t { kBool, kInt, kDouble, kTime, kText, kList, kAge };

// One attribute's values for the users of one shard, by row. What says that there is none is a value that the kind
// does not have; INT has every value, so that the few users with the one taken are listed apart. Not thread-safe.
class TableColumn {
 public:
  explicit TableColumn(ColumnKind kind);
  TableColumn(const TableColumn& other);
  TableColumn& operator=(const TableColumn&) = delete;

  ColumnKind kind() const { return kind_; }
  size_t rows() const;
  // New rows are missing.
  void Resize(size_t rows);
  // The same values with so many rows. REQUIRES: rows >= rows().
  std::unique_ptr<TableColumn> Resized(size_t rows) const;
  int64_t bytes() const;

  // Whether the row has a value of its own. Rows that are not there have none, and stay so.
  bool Has(size_t row) const;
  void Clear(size_t row);

  // Rows without a value, also those that are not there, read as false or 0. REQUIRES: kBool, kInt or kDouble.
  void UseZeroWhereMissing() { is_zero_where_missing_ = true; }

  // REQUIRES, of each: row < rows(), and the kind is one that is kept so.
  void SetBool(size_t row, bool value) { Values<uint8_t>()[row] = value ? 1 : 0; }
  void SetInteger(size_t row, int64_t value);  // kInt, kTime, kAge
  void SetDouble(size_t row, double value) { Values<double>()[row] = value; }
  void SetCode(size_t row, uint32_t code) { Values<uint32_t>()[row] = code; }  // kText, kList

  // Sets `slot` of `attributes` to the row's value, where there is one. `dictionary` is the column's, null where its
  // kind has none; `now_micros` is the moment that ages end at.
  void Read(size_t row, const ValueDictionary* dictionary, int64_t now_micros, int slot,
            UserAttributes& attributes) const;

 private:
  static constexpr uint8_t kNoBool = 2;
  static constexpr int64_t kNoInteger = std::numeric_limits<int64_t>::min();

  void ReadMissing(int slot, UserAttributes& attributes) const;

  template <typename T>
  std::vector<T>& Values() {
    return *std::get_if<std::vector<T>>(&values_);
  }
  template <typename T>
  const std::vector<T>& Values() const {
    return *std::get_if<std::vector<T>>(&values_);
  }

  // kBool; kInt, kTime and kAge; kDouble, where NaN is none; kText and kList.
  std::variant<std::vector<uint8_t>, std::vector<int64_t>, std::vector<double>, std::vector<uint32_t>> values_;
  ColumnKind kind_;
  bool is_zero_where_missing_ = false;
  std::unique_ptr<absl::flat_hash_set<size_t>> lowest_;  // kInt: rows whose value is kNoInteger; null: none
};

inline constexpr int kNoTier = -1;

// The tier of one user, as it is served.
struct TierNow {
  int tier = kNoTier;    // index into the tiers of the revision below
  int64_t revision = 0;  // of the tiering that was refreshed; 0 without a tier

  friend bool operator==(const TierNow&, const TierNow&) = default;
};

// Where a user stands in one tiering, as refreshes know it.
struct TierState {
  int tier = kNoTier;
  int64_t since_micros = 0;  // as of the refresh that put the user there
  bool has_moved = false;    // there from another tier; false for a user's first
  int pending = kNoTier;     // what the last refreshes found instead
  int confirmations = 0;     // how many of them in a row, at most 127

  friend bool operator==(const TierState&, const TierState&) = default;
};

// One tiering's memberships of the users of one shard, by row. Not thread-safe.
class TierColumn {
 public:
  size_t rows() const { return tiers_.size(); }
  void Resize(size_t rows);
  // kNoTier where there is no such row.
  int TierOf(size_t row) const { return row < rows() && tiers_[row] != kNone ? tiers_[row] : kNoTier; }
  TierState StateOf(size_t row) const;
  void Set(size_t row, const TierState& state);  // REQUIRES: row < rows()
  void Clear(size_t row);                        // does nothing where there is no such row
  int64_t bytes() const;

 private:
  static constexpr uint8_t kNone = 0xff;
  static constexpr uint8_t kHasMoved = 0x80;

  std::vector<uint8_t> tiers_;
  std::vector<uint8_t> pending_;
  std::vector<uint8_t> confirmations_;  // and kHasMoved
  std::vector<int64_t> since_micros_;
};

// What the memberships of one tiering are of.
struct TieringStanding {
  int64_t revision = 0;
  int64_t as_of_micros = 0;
  std::vector<std::string> tiers;  // ids by index
};

}  // namespace tierwise
