// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/table_columns.h"

#include <cmath>
#include <type_traits>

namespace tierwise {
namespace {

constexpr double kMicrosPerDay = 86'400e6;

}  // namespace

TableColumn::TableColumn(ColumnKind kind) : kind_(kind) {
  switch (kind) {
    case ColumnKind::kBool:
      values_.emplace<std::vector<uint8_t>>();
      return;
    case ColumnKind::kInt:
    case ColumnKind::kTime:
    case ColumnKind::kAge:
      values_.emplace<std::vector<int64_t>>();
      return;
    case ColumnKind::kDouble:
      values_.emplace<std::vector<double>>();
      return;
    case ColumnKind::kText:
    case ColumnKind::kList:
      values_.emplace<std::vector<uint32_t>>();
      return;
  }
}

TableColumn::TableColumn(const TableColumn& other)
    : values_(other.values_), kind_(other.kind_), is_zero_where_missing_(other.is_zero_where_missing_) {
  if (other.lowest_ != nullptr) lowest_ = std::make_unique<absl::flat_hash_set<size_t>>(*other.lowest_);
}

size_t TableColumn::rows() const {
  return std::visit([](const auto& values) { return values.size(); }, values_);
}

void TableColumn::Resize(size_t rows) {
  std::visit(
      [rows](auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<T, uint8_t>) {
          values.resize(rows, kNoBool);
        } else if constexpr (std::is_same_v<T, int64_t>) {
          values.resize(rows, kNoInteger);
        } else if constexpr (std::is_same_v<T, double>) {
          values.resize(rows, std::numeric_limits<double>::quiet_NaN());
        } else {
          values.resize(rows, ValueDictionary::kNoCode);
        }
      },
      values_);
}

std::unique_ptr<TableColumn> TableColumn::Resized(size_t rows) const {
  auto resized = std::make_unique<TableColumn>(kind_);
  std::visit([&](auto& values) { values.reserve(rows); }, resized->values_);
  std::visit(
      [&](const auto& values) {
        using Vector = std::decay_t<decltype(values)>;
        Vector& copy = *std::get_if<Vector>(&resized->values_);
        copy.insert(copy.end(), values.begin(), values.end());
      },
      values_);
  resized->Resize(rows);
  if (lowest_ != nullptr) resized->lowest_ = std::make_unique<absl::flat_hash_set<size_t>>(*lowest_);
  return resized;
}

int64_t TableColumn::bytes() const {
  return std::visit(
      [](const auto& values) {
        return static_cast<int64_t>(values.capacity() * sizeof(values[0]) + sizeof(TableColumn));
      },
      values_);
}

bool TableColumn::Has(size_t row) const {
  if (row >= rows()) return false;
  switch (kind_) {
    case ColumnKind::kBool:
      return Values<uint8_t>()[row] != kNoBool;
    case ColumnKind::kInt:
      return Values<int64_t>()[row] != kNoInteger || (lowest_ != nullptr && lowest_->contains(row));
    case ColumnKind::kTime:
    case ColumnKind::kAge:
      return Values<int64_t>()[row] != kNoInteger;
    case ColumnKind::kDouble:
      return !std::isnan(Values<double>()[row]);
    case ColumnKind::kText:
    case ColumnKind::kList:
      return Values<uint32_t>()[row] != ValueDictionary::kNoCode;
  }
  return false;
}

void TableColumn::Clear(size_t row) {
  if (row >= rows()) return;
  switch (kind_) {
    case ColumnKind::kBool:
      Values<uint8_t>()[row] = kNoBool;
      return;
    case ColumnKind::kInt:
      if (lowest_ != nullptr) lowest_->erase(row);
      [[fallthrough]];
    case ColumnKind::kTime:
    case ColumnKind::kAge:
      Values<int64_t>()[row] = kNoInteger;
      return;
    case ColumnKind::kDouble:
      Values<double>()[row] = std::numeric_limits<double>::quiet_NaN();
      return;
    case ColumnKind::kText:
    case ColumnKind::kList:
      Values<uint32_t>()[row] = ValueDictionary::kNoCode;
      return;
  }
}

void TableColumn::SetInteger(size_t row, int64_t value) {
  Values<int64_t>()[row] = value;
  if (kind_ != ColumnKind::kInt) return;
  if (value == kNoInteger) {
    if (lowest_ == nullptr) lowest_ = std::make_unique<absl::flat_hash_set<size_t>>();
    lowest_->insert(row);
  } else if (lowest_ != nullptr) {
    lowest_->erase(row);
  }
}

void TableColumn::ReadMissing(int slot, UserAttributes& attributes) const {
  if (!is_zero_where_missing_) return;
  if (kind_ == ColumnKind::kDouble) return attributes.SetDouble(slot, 0);
  attributes.SetInt(slot, 0);
}

void TableColumn::Read(size_t row, const ValueDictionary* dictionary, int64_t now_micros, int slot,
                       UserAttributes& attributes) const {
  if (!Has(row)) return ReadMissing(slot, attributes);
  switch (kind_) {
    case ColumnKind::kBool:
      return attributes.SetBool(slot, Values<uint8_t>()[row] != 0);
    case ColumnKind::kInt:
      return attributes.SetInt(slot, Values<int64_t>()[row]);
    case ColumnKind::kTime:
      return attributes.SetTimeMicros(slot, Values<int64_t>()[row]);
    case ColumnKind::kAge:
      return attributes.SetDouble(slot, static_cast<double>(now_micros - Values<int64_t>()[row]) / kMicrosPerDay);
    case ColumnKind::kDouble:
      return attributes.SetDouble(slot, Values<double>()[row]);
    case ColumnKind::kText:
      return attributes.SetString(slot, dictionary->TextOf(Values<uint32_t>()[row]));
    case ColumnKind::kList:
      return attributes.SetList(slot, dictionary->ListOf(Values<uint32_t>()[row]));
  }
}

void TierColumn::Resize(size_t rows) {
  tiers_.resize(rows, kNone);
  pending_.resize(rows, kNone);
  confirmations_.resize(rows, 0);
  since_micros_.resize(rows, 0);
}

TierState TierColumn::StateOf(size_t row) const {
  TierState state;
  if (row >= rows() || tiers_[row] == kNone) return state;
  state.tier = tiers_[row];
  state.since_micros = since_micros_[row];
  state.has_moved = (confirmations_[row] & kHasMoved) != 0;
  state.pending = pending_[row] == kNone ? kNoTier : pending_[row];
  state.confirmations = confirmations_[row] & ~kHasMoved;
  return state;
}

void TierColumn::Set(size_t row, const TierState& state) {
  const auto stored = [](int tier) { return tier == kNoTier ? kNone : static_cast<uint8_t>(tier); };
  tiers_[row] = stored(state.tier);
  pending_[row] = stored(state.pending);
  confirmations_[row] = static_cast<uint8_t>(state.confirmations | (state.has_moved ? kHasMoved : 0));
  since_micros_[row] = state.since_micros;
}

void TierColumn::Clear(size_t row) {
  if (row < rows()) Set(row, TierState());
}

int64_t TierColumn::bytes() const {
  return static_cast<int64_t>(tiers_.capacity() + pending_.capacity() + confirmations_.capacity() +
                              since_micros_.capacity() * sizeof(int64_t) + sizeof(TierColumn));
}

}  // namespace tierwise
