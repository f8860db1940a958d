// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/user_shard.h"

#include <algorithm>
#include <utility>

namespace tierwise {
namespace {

constexpr int kFirstIndexBits = 4;
constexpr size_t kFirstCapacity = 16;
// While the index is written, readers wait for so many slots at most.
constexpr size_t kSlotsAtOnce = 32;

}  // namespace

void ShardVersion::Forget(size_t row) {
  if (row < known.size()) known[row] = 0;
  for (const std::shared_ptr<TableColumn>& column : columns) {
    if (column != nullptr) column->Clear(row);
  }
  for (const std::shared_ptr<TierColumn>& tiering : tierings) {
    if (tiering != nullptr) tiering->Clear(row);
  }
}

int64_t ShardVersion::bytes() const {
  auto total = static_cast<int64_t>(known.capacity());
  for (const std::shared_ptr<TableColumn>& column : columns) total += column == nullptr ? 0 : column->bytes();
  for (const std::shared_ptr<TierColumn>& tiering : tierings) total += tiering == nullptr ? 0 : tiering->bytes();
  return total;
}

UserShard::UserShard()
    : slots_(size_t{1} << kFirstIndexBits),
      shift_(64 - kFirstIndexBits),
      first_slot_(slots_.data()),
      prefetch_shift_(shift_),
      present_(std::make_shared<ShardVersion>()) {
  present_->info = std::make_shared<const VersionInfo>();
}

const UserShard::Slot* UserShard::Find(uint64_t order) const {
  for (size_t place = HomeOf(order);; place = Next(place)) {
    const Slot& slot = slots_[place];
    if (slot.row == kNoRow) return nullptr;
    if (slot.order == order) return &slot;
  }
}

uint32_t UserShard::RowOf(uint64_t order) const {
  const Slot* const slot = Find(order);
  return slot == nullptr ? kNoRow : slot->row;
}

void UserShard::Prefetch(uint64_t order) const {
  // Whatever the two say together: a prefetch of an address that is not there does nothing.
  const Slot* const first = first_slot_.load(std::memory_order_relaxed);
  __builtin_prefetch(first + ((order << kPartitionBits) >> prefetch_shift_.load(std::memory_order_relaxed)));
}

TierNow UserShard::TierOf(uint64_t order, size_t tiering, uint64_t number) const {
  const ShardVersion& version = VersionAt(number);
  const Slot* const slot = Find(order);
  if (slot == nullptr || tiering >= version.tierings.size() || version.tierings[tiering] == nullptr) return {};
  int tier = kNoTier;
  if (tiering < kTiersInIndex && version.info->number == index_number_) {
    if (slot->tiers[tiering] != kNoTierByte) tier = slot->tiers[tiering];
  } else {
    tier = version.tierings[tiering]->TierOf(slot->row);
  }
  if (tier == kNoTier) return {};
  return {.tier = tier, .revision = version.info->tierings[tiering]->revision};
}

void UserShard::ReadRow(uint32_t row, const ShardVersion& version, absl::Span<const PlannedColumn> columns,
                        UserAttributes& attributes) const {
  for (const PlannedColumn& planned : columns) {
    if (attributes.has(planned.slot)) continue;
    const TableColumn* column = nullptr;
    if (planned.is_derived) {
      if (planned.column < version.columns.size()) column = version.columns[planned.column].get();
    } else if (planned.column < supplied_.size()) {
      column = supplied_[planned.column].get();
    }
    if (column == nullptr) continue;
    column->Read(row, planned.dictionary, version.info->derived_time_micros, planned.slot, attributes);
  }
}

int64_t UserShard::bytes() const {
  size_t total = sizeof(UserShard) + slots_.capacity() * sizeof(Slot) + orders_.capacity() * sizeof(uint64_t) +
                 rows_.capacity() + free_rows_.capacity() * sizeof(uint32_t);
  int64_t columns = present_->bytes() + (next_ == nullptr ? 0 : next_->bytes());
  for (const std::unique_ptr<TableColumn>& column : supplied_) columns += column == nullptr ? 0 : column->bytes();
  return static_cast<int64_t>(total) + columns;
}

void UserShard::GrowIndex() {
  std::vector<Slot> larger(slots_.size() * 2);
  const int shift = shift_ - 1;
  for (const Slot& slot : slots_) {
    if (slot.row == kNoRow) continue;
    size_t place = static_cast<size_t>((slot.order << kPartitionBits) >> shift);
    while (larger[place].row != kNoRow) place = (place + 1) & (larger.size() - 1);
    larger[place] = slot;
  }
  const std::lock_guard lock(readers);
  slots_.swap(larger);
  shift_ = shift;
  first_slot_.store(slots_.data(), std::memory_order_relaxed);
  prefetch_shift_.store(shift, std::memory_order_relaxed);
}

void UserShard::GrowRows() {
  const size_t capacity = std::max(kFirstCapacity, capacity_ + capacity_ / 4);
  std::vector<uint64_t> orders;
  orders.reserve(capacity);
  orders = orders_;
  std::vector<uint8_t> rows;
  rows.reserve(capacity);
  rows = rows_;
  std::vector<std::unique_ptr<TableColumn>> supplied(supplied_.size());
  for (size_t i = 0; i < supplied.size(); ++i) {
    if (supplied_[i] != nullptr) supplied[i] = supplied_[i]->Resized(capacity);
  }
  const std::lock_guard lock(readers);
  orders_.swap(orders);
  rows_.swap(rows);
  supplied_.swap(supplied);
  capacity_ = capacity;
}

uint32_t UserShard::RowOrNew(uint64_t order) {
  if (const uint32_t known = RowOf(order); known != kNoRow) return known;
  // At most three quarters full: a user who is not there is told from three slots on average.
  if ((used_slots_ + 1) * 4 > slots_.size() * 3) GrowIndex();
  const bool may_reuse = !is_staged_ && !free_rows_.empty();
  if (!may_reuse && orders_.size() == capacity_) GrowRows();
  size_t place = HomeOf(order);
  while (slots_[place].row != kNoRow) place = Next(place);
  const std::lock_guard lock(readers);
  uint32_t row = static_cast<uint32_t>(orders_.size());
  if (may_reuse) {
    row = free_rows_.back();
    free_rows_.pop_back();
    orders_[row] = order;
    rows_[row] = kUsed;
  } else {
    orders_.push_back(order);
    rows_.push_back(kUsed);
  }
  slots_[place] = Slot{.order = order, .row = row};
  ++used_slots_;
  return row;
}

// The slots after the one that becomes empty move up where their search would end at it.
void UserShard::Erase(uint64_t order) {
  auto empty = static_cast<size_t>(Find(order) - slots_.data());
  const size_t mask = slots_.size() - 1;
  for (size_t place = Next(empty); slots_[place].row != kNoRow; place = Next(place)) {
    const size_t home = HomeOf(slots_[place].order);
    if (((place - home) & mask) >= ((place - empty) & mask)) {
      slots_[empty] = slots_[place];
      empty = place;
    }
  }
  slots_[empty] = Slot();
  --used_slots_;
}

bool UserShard::Remove(uint64_t order) {
  if (is_staged_) removed_.insert(order);
  const uint32_t row = RowOf(order);
  if (row == kNoRow) return false;
  const bool was_known = IsKnown(row, *present_);
  free_rows_.push_back(row);
  const std::lock_guard lock(readers);
  rows_[row] = 0;
  for (const std::unique_ptr<TableColumn>& column : supplied_) {
    if (column != nullptr) column->Clear(row);
  }
  present_->Forget(row);
  if (next_ != nullptr) next_->Forget(row);
  Erase(order);
  return was_known;
}

void UserShard::SetSupplied(size_t column, std::unique_ptr<TableColumn> values) {
  if (values != nullptr) values->Resize(capacity_);
  const std::lock_guard lock(readers);
  if (supplied_.size() <= column) supplied_.resize(column + 1);
  supplied_[column].swap(values);
}

void UserShard::DropDerived(size_t column) {
  std::shared_ptr<TableColumn> dropped;
  const std::lock_guard lock(readers);
  if (column < present_->columns.size()) dropped.swap(present_->columns[column]);
  if (next_ != nullptr && column < next_->columns.size()) next_->columns[column].reset();
}

void UserShard::DropTiering(size_t tiering) {
  std::shared_ptr<TierColumn> dropped;
  const std::lock_guard lock(readers);
  if (tiering < present_->tierings.size()) dropped.swap(present_->tierings[tiering]);
  if (next_ != nullptr && tiering < next_->tierings.size()) next_->tierings[tiering].reset();
}

void UserShard::EndStaging() {
  is_staged_ = false;
  removed_.clear();
}

void UserShard::SetNext(std::shared_ptr<ShardVersion> next) {
  for (const uint32_t row : free_rows_) next->Forget(row);
  const std::lock_guard lock(readers);
  next_ = std::move(next);
}

void UserShard::ReplacePresent() {
  std::shared_ptr<ShardVersion> old;
  {
    const std::lock_guard lock(readers);
    old = std::exchange(present_, std::move(next_));
    next_ = nullptr;
  }
  CopyTiersToIndex();
}

// Readers take tiers from their columns until all are in the index.
void UserShard::CopyTiersToIndex() {
  for (size_t begin = 0; begin < slots_.size(); begin += kSlotsAtOnce) {
    const size_t end = std::min(begin + kSlotsAtOnce, slots_.size());
    const std::lock_guard lock(readers);
    for (size_t place = begin; place < end; ++place) {
      Slot& slot = slots_[place];
      if (slot.row == kNoRow) continue;
      for (size_t i = 0; i < kTiersInIndex; ++i) {
        const bool is_there = i < present_->tierings.size() && present_->tierings[i] != nullptr;
        const int tier = is_there ? present_->tierings[i]->TierOf(slot.row) : kNoTier;
        slot.tiers[i] = tier == kNoTier ? kNoTierByte : static_cast<uint8_t>(tier);
      }
    }
  }
  const std::lock_guard lock(readers);
  index_number_ = present_->info->number;
}

}  // namespace tierwise
