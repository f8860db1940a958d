// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "experiments/assignment/snapshot.h"
#include "experiments/audience/table_columns.h"
#include "experiments/base/facts.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {

// The tier that each user was in at the first exposure in one campaign: 20 to 40 bytes a user. Thread-safe.
class CampaignFirstExposures {
 public:
  // An index into the tiers of the campaign's tiering; kNoTier for a user who was not exposed.
  int TierOf(uint64_t user_key) const;
  // Keeps the earlier of two exposures; of equals the one in the better tier. REQUIRES: 0 <= tier < 256.
  void Add(uint64_t user_key, int64_t time_micros, int tier);
  void Remove(uint64_t user_key);

 private:
  static constexpr size_t kParts = 64;
  static constexpr int kTierBits = 8;

  struct Part {
    mutable std::shared_mutex mutex;
    absl::flat_hash_map<uint64_t, int64_t> first;  // time and, in the low bits, the tier
  };
  Part& PartOf(uint64_t user_key) { return parts_[user_key % kParts]; }
  const Part& PartOf(uint64_t user_key) const { return parts_[user_key % kParts]; }

  std::array<Part, kParts> parts_;
};

// The same of all campaigns that were launched and are not concluded. Thread-safe.
class FirstExposures {
 public:
  // Those of a campaign; empty ones where there were none yet.
  std::shared_ptr<CampaignFirstExposures> Of(const std::string& campaign);
  // Adds exposures that are on disk. Forced ones, and those of campaigns that the snapshot does not have, freeze no
  // tier.
  void Add(const Snapshot& snapshot, const std::vector<v1::Exposure>& exposures);
  void Remove(uint64_t user_key);
  // Forgets campaigns that are not launched.
  void KeepLaunched(const Snapshot& snapshot);

 private:
  std::mutex mutex_;  // guards campaigns_, not what they point to
  std::map<std::string, std::shared_ptr<CampaignFirstExposures>> campaigns_;
};

// Whether a compiled campaign was launched and is not concluded.
bool IsLaunched(const CompiledCampaign& campaign);

}  // namespace tierwise
