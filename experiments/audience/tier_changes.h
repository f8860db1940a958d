// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "experiments/audience/table_refresh.h"
#include "experiments/audience/tier_movement.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/audience/user_scan.h"

namespace tierwise {

// What a tiering would do with the users of now.
struct TieringPreview {
  std::vector<int64_t> sizes;  // by index of its tiers
  // From the stored tiers (in their order) to those of this tiering. Empty where nothing is stored.
  std::vector<std::string> stored_tiers;
  std::vector<std::vector<int64_t>> transitions;  // [stored][new]
  std::vector<int64_t> without_tier;              // users without a stored tier, by index of the new one
  // Attributes that it depends on, and for how many users each is missing.
  std::vector<std::string> attributes;
  std::vector<int64_t> missing;
  int64_t users = 0;
};

// `tiering` has its cuts (WithCuts); what is stored is under its id. Movement rules are not applied.
// REQUIRES: CheckTiering found nothing wrong; `schema` is that of `definitions`.
TieringPreview PreviewTiering(const UserScan& scan, const v1::Tiering& tiering, const AttributeSchema& schema,
                              const Definitions& definitions, int64_t now_micros, int threads);
// For people: attributes that most users lack, tiers without users, quantiles far from what was asked since many users
// share a value.
std::vector<std::string> PreviewWarnings(const v1::Tiering& tiering, const TieringPreview& preview);

// One user who got a tier, or another one, in a refresh.
struct TierMove {
  uint64_t user_key;
  int from;  // index into the tiers of now, kNoTier where it is the first one, or was a tier that is gone
  int to;
};

// Puts every known user of the refresh into a tier of `tiering`, which has its cuts and its next revision, by the rules
// of its refresh policy; calls `moved` with the moves of one shard after another's, in the order of shards, from the
// calling thread. Ends early, with what is staged useless, where `is_cancelled` returns true; false then.
// REQUIRES: CheckTiering found nothing wrong; `schema` is that of `definitions`; BeginTiering was not called for it.
bool MoveUsers(TableRefresh& refresh, const v1::Tiering& tiering, int64_t revision, const AttributeSchema& schema,
               const Definitions& definitions, int threads, absl::FunctionRef<void(absl::Span<const TierMove>)> moved,
               absl::FunctionRef<bool()> is_cancelled);

}  // namespace tierwise
