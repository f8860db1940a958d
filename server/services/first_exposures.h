// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/storage/event_log.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/event.pb.h"
#include "tierwise/v1/tiering.pb.h"

namespace tierwise {

// A user's first exposure in one campaign: what freezes the tier, and, in an adaptive campaign, the arm. The names live
// as long as the FirstExposures they come from.
struct FirstExposure {
  int64_t time_micros = 0;
  absl::string_view tier;
  absl::string_view variant;
  uint32_t phase = 0;
};

// The first exposures of one campaign by user: 24 bytes a user and a byte of the hash table's, in a table that is 7/16
// to 7/8 full: 29 to 57 bytes a user. Thread-safe; readers of different users rarely wait for each other.
class CampaignFirstExposures {
 public:
  CampaignFirstExposures() = default;
  CampaignFirstExposures(const CampaignFirstExposures&) = delete;
  CampaignFirstExposures& operator=(const CampaignFirstExposures&) = delete;

  // `user_key` is KeyOf(user_id).
  std::optional<FirstExposure> Find(uint64_t user_key) const;
  // The earliest exposure of a user is kept; of several at one time the least by phase, tier and variant, so that the
  // order of adding does not matter.
  void Add(uint64_t user_key, const FirstExposure& exposure);
  // Forgets a user; adding an exposure again makes it known again.
  void Erase(uint64_t user_key);
  int64_t users() const;

 private:
  static constexpr size_t kShards = 64;

  struct Entry {
    int64_t time_micros;
    uint32_t phase;
    uint16_t tier;  // index into names_
    uint16_t variant;
  };
  struct Shard {
    mutable std::mutex mutex;
    absl::flat_hash_map<uint64_t, Entry> by_user;
  };

  Shard& ShardOf(uint64_t user_key) { return shards_[user_key % kShards]; }
  const Shard& ShardOf(uint64_t user_key) const { return shards_[user_key % kShards]; }
  bool IsBefore(const Entry& a, const Entry& b) const;
  uint16_t CodeOf(absl::string_view name);
  absl::string_view NameOf(uint16_t code) const;

  std::array<Shard, kShards> shards_;
  mutable std::shared_mutex naming_;  // guards names_
  // Of tiers and variants; few, and never freed.
  std::vector<std::unique_ptr<const std::string>> names_;
};

// The first exposures of every campaign, in memory. Thread-safe. Forced users' exposures are none.
class FirstExposures {
 public:
  // Adds what `events` has of `campaign`, whose tiering of the pinned version is `tiering`. Call it before exposures
  // come in, for each campaign that is running or paused.
  absl::Status Load(EventLog& events, const v1::Campaign& campaign, const v1::Tiering& tiering, absl::Time now);

  // Call it once the exposures are on disk. REQUIRES: time, tier and phase are filled in.
  void Add(absl::Span<const v1::Exposure> exposures);

  // Null where no exposure of it is known; otherwise it lives as long as this.
  const CampaignFirstExposures* Of(absl::string_view campaign) const;

  // Forgets a user in every campaign.
  void Erase(uint64_t user_key);

 private:
  CampaignFirstExposures& Make(absl::string_view campaign);

  mutable std::shared_mutex mutex_;  // guards the map, not what it points to
  std::map<std::string, std::unique_ptr<CampaignFirstExposures>, std::less<>> by_campaign_;
};

}  // namespace tierwise
