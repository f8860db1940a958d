// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/table_refresh.h"

#include <algorithm>
#include <shared_mutex>
#include <utility>

#include "absl/status/status.h"
#include "experiments/base/fact_rows.h"

namespace tierwise {

TableRefresh::TableRefresh(UserTable& table, int64_t as_of_micros)
    : table_(table), info_(std::make_shared<VersionInfo>()) {
  const std::lock_guard lock(table.mutex_);
  *info_ = *table.info_;
  ++info_->number;
  info_->derived_time_micros = as_of_micros;
  for (const std::unique_ptr<UserTable::Column>& column : table.columns_) {
    const bool is_derived = column->is_declared && !column->derivation.empty();
    kinds_.push_back(is_derived ? std::optional(column->kind) : std::nullopt);
  }
  info_->tierings.resize(table.tierings_.size());
}

absl::StatusOr<std::unique_ptr<TableRefresh>> TableRefresh::Begin(UserTable& table, int64_t as_of_micros,
                                                                  Derived derived) {
  const std::lock_guard declaring(table.declaring_);
  {
    const std::lock_guard lock(table.mutex_);
    if (std::exchange(table.is_refreshing_, true)) {
      return absl::FailedPreconditionError("another refresh is under way: wait for its end, or cancel it");
    }
  }
  auto refresh = std::unique_ptr<TableRefresh>(new TableRefresh(table, as_of_micros));
  refresh->Stage(derived);
  return refresh;
}

void TableRefresh::Stage(Derived derived) {
  for (UserShard& shard : *table_.shards_) {
    const std::lock_guard lock(shard.writer);
    shard.BeginStaging();
    shards_.push_back(Staged(shard, derived));
  }
}

std::shared_ptr<ShardVersion> TableRefresh::Staged(UserShard& shard, Derived derived) const {
  const ShardVersion& present = shard.present();
  auto staged = std::make_shared<ShardVersion>();
  staged->info = info_;
  staged->tierings = present.tierings;
  staged->tierings.resize(info_->tierings.size());
  staged->columns.resize(kinds_.size());
  staged->known.resize(shard.rows());
  if (derived == Derived::kAnew) return staged;
  std::copy(present.known.begin(), present.known.end(), staged->known.begin());
  for (size_t i = 0; i < std::min(present.columns.size(), kinds_.size()); ++i) {
    if (kinds_[i].has_value() && present.columns[i] != nullptr) {
      staged->columns[i] = std::make_shared<TableColumn>(*present.columns[i]);
    }
  }
  return staged;
}

TableRefresh::~TableRefresh() {
  for (UserShard& shard : *table_.shards_) {
    const std::lock_guard lock(shard.writer);
    shard.EndStaging();
  }
  const std::lock_guard lock(table_.mutex_);
  table_.is_refreshing_ = false;
}

std::optional<UserRow> TableRefresh::Add(uint64_t user_key) {
  const uint64_t order = UserOrder(user_key);
  const int index = ShardOfUser(user_key);
  UserShard& shard = table_.ShardOf(user_key);
  const std::lock_guard lock(shard.writer);
  if (shard.WasRemoved(order)) return std::nullopt;
  const UserRow user{.shard = index, .row = shard.RowOrNew(order)};
  std::vector<uint8_t>& known = shards_[static_cast<size_t>(index)]->known;
  if (user.row >= known.size()) known.resize(shard.rows());
  known[user.row] = 1;
  return user;
}

void TableRefresh::ClearDerived(UserRow user) {
  for (const std::shared_ptr<TableColumn>& column : shards_[static_cast<size_t>(user.shard)]->columns) {
    if (column != nullptr) column->Clear(user.row);
  }
}

TableColumn* TableRefresh::ColumnFor(UserRow user, int column) {
  const auto index = static_cast<size_t>(column);
  if (index >= kinds_.size() || !kinds_[index].has_value()) return nullptr;
  ShardVersion& version = *shards_[static_cast<size_t>(user.shard)];
  std::shared_ptr<TableColumn>& values = version.columns[index];
  if (values == nullptr) values = std::make_shared<TableColumn>(*kinds_[index]);
  if (user.row >= values->rows()) values->Resize(std::max<size_t>(version.known.size(), user.row + 1));
  return values.get();
}

void TableRefresh::SetInteger(UserRow user, int column, int64_t value) {
  TableColumn* const values = ColumnFor(user, column);
  if (values == nullptr) return;
  if (values->kind() == ColumnKind::kBool) {
    values->SetBool(user.row, value != 0);
  } else {
    values->SetInteger(user.row, value);
  }
}

void TableRefresh::SetDouble(UserRow user, int column, double value) {
  if (TableColumn* const values = ColumnFor(user, column); values != nullptr) values->SetDouble(user.row, value);
}

void TableRefresh::SetText(UserRow user, int column, uint32_t code) {
  if (TableColumn* const values = ColumnFor(user, column); values != nullptr) values->SetCode(user.row, code);
}

uint32_t TableRefresh::CodeOf(int column, absl::string_view text) {
  const std::lock_guard lock(table_.mutex_);
  return table_.columns_[static_cast<size_t>(column)]->dictionary->CodeOf(text);
}

void TableRefresh::UseZeroWhereMissing(int column) {
  const auto index = static_cast<size_t>(column);
  if (index >= kinds_.size() || !kinds_[index].has_value()) return;
  for (const std::shared_ptr<ShardVersion>& version : shards_) {
    std::shared_ptr<TableColumn>& values = version->columns[index];
    if (values == nullptr) values = std::make_shared<TableColumn>(*kinds_[index]);
    values->UseZeroWhereMissing();
  }
}

void TableRefresh::BeginTiering(int tiering, int64_t revision, std::vector<std::string> tiers) {
  const auto index = static_cast<size_t>(tiering);
  if (index >= info_->tierings.size()) return;
  // By the tier of the present revision: that of the next one.
  std::vector<int> next;
  if (info_->tierings[index] != nullptr) {
    for (const std::string& tier : info_->tierings[index]->tiers) {
      const auto same = std::find(tiers.begin(), tiers.end(), tier);
      next.push_back(same == tiers.end() ? kNoTier : static_cast<int>(same - tiers.begin()));
    }
  }
  const auto next_of = [&](int tier) { return tier == kNoTier ? kNoTier : next[static_cast<size_t>(tier)]; };
  for (size_t i = 0; i < shards_.size(); ++i) {
    const std::shared_lock lock((*table_.shards_)[i].readers);
    const std::shared_ptr<TierColumn> present = shards_[i]->tierings[index];
    auto staged = std::make_shared<TierColumn>();
    staged->Resize(shards_[i]->known.size());
    for (size_t row = 0; present != nullptr && row < std::min(present->rows(), staged->rows()); ++row) {
      TierState state = present->StateOf(row);
      state.tier = next_of(state.tier);
      state.pending = next_of(state.pending);
      if (state.pending == kNoTier) state.confirmations = 0;
      if (state.tier != kNoTier) staged->Set(row, state);
    }
    shards_[i]->tierings[index] = std::move(staged);
  }
  info_->tierings[index] = std::make_shared<const TieringStanding>(
      TieringStanding{.revision = revision, .as_of_micros = info_->derived_time_micros, .tiers = std::move(tiers)});
}

TierState TableRefresh::TierStateOf(UserRow user, int tiering) const {
  const ShardVersion& version = *shards_[static_cast<size_t>(user.shard)];
  const auto index = static_cast<size_t>(tiering);
  if (index >= version.tierings.size() || version.tierings[index] == nullptr) return {};
  return version.tierings[index]->StateOf(user.row);
}

void TableRefresh::SetTier(UserRow user, int tiering, const TierState& state) {
  const ShardVersion& version = *shards_[static_cast<size_t>(user.shard)];
  const auto index = static_cast<size_t>(tiering);
  if (index >= version.tierings.size() || version.tierings[index] == nullptr) return;
  TierColumn& tiers = *version.tierings[index];
  if (user.row >= tiers.rows()) tiers.Resize(std::max<size_t>(version.known.size(), user.row + 1));
  tiers.Set(user.row, state);
}

void TableRefresh::Commit() {
  const std::lock_guard declaring(table_.declaring_);
  std::array<UserShard, kUserShards>& shards = *table_.shards_;
  for (size_t i = 0; i < shards_.size(); ++i) {
    const std::lock_guard lock(shards[i].writer);
    shards[i].SetNext(std::move(shards_[i]));
  }
  // The moment: whoever reads a shard from now on takes the next version.
  {
    const std::lock_guard lock(table_.mutex_);
    table_.info_ = info_;
    table_.version_.store(info_->number, std::memory_order_release);
  }
  for (UserShard& shard : shards) {
    const std::lock_guard lock(shard.writer);
    shard.ReplacePresent();
  }
}

}  // namespace tierwise
