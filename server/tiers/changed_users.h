// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace tierwise {

// A set of users by their keys: 8 bytes each and a bitmap of 8 MiB, by which nearly all others are told apart with one
// access. Filled first, then sealed, then read by any number of threads.
class ChangedUsers {
 public:
  ChangedUsers();

  void Add(absl::Span<const uint64_t> user_keys);
  void Seal(int threads);

  // REQUIRES, of each: sealed.
  bool Has(uint64_t user_key) const;
  int64_t size() const;
  // Those of one shard of a UserTable, in no order.
  absl::Span<const uint64_t> InShard(int shard) const { return by_shard_[static_cast<size_t>(shard)]; }

 private:
  std::vector<std::vector<uint64_t>> by_shard_;  // sorted, each once, when sealed
  std::vector<uint64_t> bits_;                   // by leading bits of UserOrder
};

}  // namespace tierwise
