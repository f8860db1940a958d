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

namespace tierwise {

// The arm of a user's first exposure in an adaptive campaign, which the user keeps however the weights change. The
// variant's name lives as long as the FirstArms that it comes from.
struct FirstArm {
  int64_t time_micros = 0;
  absl::string_view variant;
  uint32_t phase = 0;
};

// The first arms of one campaign by user: 24 bytes a user and a byte of the hash table's, in a table that is 7/16 to
// 7/8 full: 29 to 57 bytes a user. Thread-safe; readers of different users rarely wait for each other.
class CampaignFirstArms {
 public:
  CampaignFirstArms() = default;
  CampaignFirstArms(const CampaignFirstArms&) = delete;
  CampaignFirstArms& operator=(const CampaignFirstArms&) = delete;

  // `user_key` is KeyOf(user_id).
  std::optional<FirstArm> Find(uint64_t user_key) const;
  // The earliest exposure of a user is kept; of several at one time the least by phase and variant, so that the order
  // of adding does not matter.
  void Add(uint64_t user_key, const FirstArm& arm);
  // Forgets a user; adding an exposure again makes it known again.
  void Erase(uint64_t user_key);
  int64_t users() const;

 private:
  static constexpr size_t kShards = 64;

  struct Entry {
    int64_t time_micros;
    uint32_t phase;
    uint32_t variant;  // index into names_
  };
  struct Shard {
    mutable std::mutex mutex;
    absl::flat_hash_map<uint64_t, Entry> by_user;
  };

  Shard& ShardOf(uint64_t user_key) { return shards_[user_key % kShards]; }
  const Shard& ShardOf(uint64_t user_key) const { return shards_[user_key % kShards]; }
  bool IsBefore(const Entry& a, const Entry& b) const;
  uint32_t CodeOf(absl::string_view name);
  absl::string_view NameOf(uint32_t code) const;

  std::array<Shard, kShards> shards_;
  mutable std::shared_mutex naming_;  // guards names_
  // Of variants; few, and never freed.
  std::vector<std::unique_ptr<const std::string>> names_;
};

// The first arms of every adaptive campaign, in memory. Thread-safe. Forced users have none.
class FirstArms {
 public:
  // From now on the campaign's exposures are kept; adds those that `events` has. Does nothing where it was done before.
  absl::Status Keep(EventLog& events, const v1::Campaign& campaign, absl::Time now);

  // Adds those of campaigns that are kept. Call it once the exposures are on disk. REQUIRES: time and phase are filled
  // in.
  void Add(absl::Span<const v1::Exposure> exposures);

  // Null where the campaign is not kept; otherwise it lives as long as this.
  const CampaignFirstArms* Of(absl::string_view campaign) const;

  // Forgets a user in every campaign.
  void Erase(uint64_t user_key);

 private:
  struct Kept {
    std::unique_ptr<CampaignFirstArms> arms;
    bool is_loaded = false;
  };

  mutable std::shared_mutex mutex_;  // guards the map, not what it points to
  std::map<std::string, Kept, std::less<>> by_campaign_;
};

}  // namespace tierwise
