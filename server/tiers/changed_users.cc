// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/changed_users.h"

#include <algorithm>

#include "experiments/audience/user_scan.h"
#include "experiments/audience/user_shard.h"
#include "experiments/base/fact_rows.h"

namespace tierwise {
namespace {

constexpr int kBits = 26;

uint64_t BitOf(uint64_t user_key) { return UserOrder(user_key) >> (64 - kBits); }

}  // namespace

ChangedUsers::ChangedUsers() : by_shard_(kUserShards), bits_((size_t{1} << kBits) / 64) {}

void ChangedUsers::Add(absl::Span<const uint64_t> user_keys) {
  for (const uint64_t key : user_keys) by_shard_[static_cast<size_t>(ShardOfUser(key))].push_back(key);
}

void ChangedUsers::Seal(int threads) {
  ForEachShard(threads, [this](int shard, int) {
    std::vector<uint64_t>& keys = by_shard_[static_cast<size_t>(shard)];
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    // The leading bits of a shard's users are its own, so that no two threads share a word.
    for (const uint64_t key : keys) bits_[BitOf(key) / 64] |= uint64_t{1} << BitOf(key) % 64;
  });
}

bool ChangedUsers::Has(uint64_t user_key) const {
  if ((bits_[BitOf(user_key) / 64] >> BitOf(user_key) % 64 & 1) == 0) return false;
  const std::vector<uint64_t>& keys = by_shard_[static_cast<size_t>(ShardOfUser(user_key))];
  return std::binary_search(keys.begin(), keys.end(), user_key);
}

int64_t ChangedUsers::size() const {
  int64_t users = 0;
  for (const std::vector<uint64_t>& keys : by_shard_) users += static_cast<int64_t>(keys.size());
  return users;
}

}  // namespace tierwise
