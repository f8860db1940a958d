// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "experiments/audience/table_refresh.h"
#include "experiments/audience/tier_movement.h"
#include "experiments/audience/user_scan.h"
#include "experiments/base/definitions.h"

namespace tierwise {

// What a tiering would do with the users of now.
struct TieringPreview {
  int64_t users = 0;
  std::vector<int64_t> sizes;                     // by index of its tiers
  std::vector<std::string> stored_tiers;          // ids of the tiers that are stored under its id; empty: none are
  std::vector<std::vector<int64_t>> transitions;  // users by index of the stored tier, then of the new one
  std::vector<int64_t> newcomers;                 // users without a stored tier, by index of the new one
  std::vector<std::string> attributes;            // that it depends on
  std::vector<int64_t> missing;                   // users without each of them
};

// `tiering` has its cuts (WithCuts). Its refresh policy is left out of account.
// REQUIRES: CheckTiering found nothing wrong; `schema` is that of `definitions`.
TieringPreview PreviewTiering(const UserScan& scan, const v1::Tiering& tiering, const AttributeSchema& schema,
                              const Definitions& definitions, int64_t now_micros, int threads);

// What deserves a look, for people: attributes that most users lack, tiers without users, quantiles that are far from
// what was asked, since many users have the same value.
std::vector<std::string> PreviewWarnings(const v1::Tiering& tiering, const TieringPreview& preview);

// One user who got a tier, or another one, in a refresh.
struct TierMove {
  uint64_t user_key;
  int from;  // index into the tiers of the table (UserTable::StandingOf) before the commit; kNoTier: the first one
  int to;    // index into those of the tiering that is refreshed to

  friend bool operator==(const TierMove&, const TierMove&) = default;
};

// How a refresh puts users into the tiers of one tiering.
struct MoveOptions {
  int64_t revision = 0;  // of the tiering, with its cuts
  int threads = 1;
  std::function<bool()> is_cancelled = nullptr;  // asked from several threads; null: never
};

// Puts every user whom the refresh knows into a tier of `tiering`, by its refresh policy, as of the refresh's moment.
// Calls `moved` with the moves of one shard after the other, in the order of shards, from the calling thread. False
// where it ended early since `is_cancelled` said so: the refresh is of no use then.
// REQUIRES: CheckTiering found nothing wrong; `schema` is that of `definitions`, which the table has been told of
// (UserTable::Declare); BeginTiering was not called for it.
bool MoveUsers(TableRefresh& refresh, const v1::Tiering& tiering, const AttributeSchema& schema,
               const Definitions& definitions, const MoveOptions& options,
               absl::FunctionRef<void(absl::Span<const TierMove>)> moved);

}  // namespace tierwise
