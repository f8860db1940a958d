// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/user_scan.h"

#include <atomic>
#include <shared_mutex>
#include <thread>

#include "experiments/base/fact_rows.h"

namespace tierwise {

UserScan::UserScan(const UserTable& table) : table_(table) {
  // Once more where a refresh was committed in between.
  do {
    info_ = table.info();
    versions_.clear();
    for (const UserShard& shard : *table.shards_) {
      const std::shared_lock lock(shard.readers);
      versions_.push_back(shard.SharedVersionAt(info_->number));
      if (versions_.back()->info->number > info_->number) break;
    }
  } while (versions_.back()->info->number > info_->number);
}

UserScan::UserScan(const TableRefresh& refresh)
    : table_(refresh.table_), info_(refresh.info_), versions_(refresh.shards_.begin(), refresh.shards_.end()) {}

std::shared_ptr<const TieringStanding> UserScan::StandingOf(int tiering) const {
  const auto index = static_cast<size_t>(tiering);
  return index < info_->tierings.size() ? info_->tierings[index] : nullptr;
}

int UserScan::TierOf(UserRow user, int tiering) const {
  const ShardVersion& version = *versions_[static_cast<size_t>(user.shard)];
  const auto index = static_cast<size_t>(tiering);
  if (index >= version.tierings.size() || version.tierings[index] == nullptr) return kNoTier;
  return version.tierings[index]->TierOf(user.row);
}

void UserScan::ForEach(int shard, const ReadPlan& plan, UserAttributes& attributes,
                       absl::FunctionRef<void(const ScannedUser&)> f) const {
  const UserShard& users = (*table_.shards_)[static_cast<size_t>(shard)];
  const ShardVersion& version = *versions_[static_cast<size_t>(shard)];
  std::vector<TierNow> tiers(plan.tierings().size());
  const std::shared_lock lock(users.readers);
  for (uint32_t row = 0; row < users.rows(); ++row) {
    if (!users.IsKnown(row, version)) continue;
    attributes.Clear();
    users.ReadRow(row, version, plan.columns(), attributes);
    for (size_t i = 0; i < tiers.size(); ++i) {
      const size_t tiering = plan.tierings()[i];
      const int tier = TierOf({.shard = shard, .row = row}, static_cast<int>(tiering));
      tiers[i] = {.tier = tier, .revision = tier == kNoTier ? 0 : info_->tierings[tiering]->revision};
    }
    f({.key = UserKeyOf(users.OrderOf(row)),
       .row = {.shard = shard, .row = row},
       .attributes = attributes,
       .tiers = tiers});
  }
}

void ForEachShard(int threads, absl::FunctionRef<void(int shard, int worker)> f) {
  std::atomic<int> next{0};
  const auto work = [&](int worker) {
    for (int shard = next++; shard < kUserShards; shard = next++) f(shard, worker);
  };
  std::vector<std::thread> others;
  for (int worker = 1; worker < threads; ++worker) others.emplace_back(work, worker);
  work(0);
  for (std::thread& other : others) other.join();
}

}  // namespace tierwise
