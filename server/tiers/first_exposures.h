// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "experiments/assignment/snapshot.h"
#include "experiments/audience/table_columns.h"
#include "experiments/base/facts.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {

// A user's first exposure in one campaign.
struct FirstExposure {
  int64_t time_micros = 0;
  int tier = 0;  // index into the tiers of the campaign's tiering, below 256
  uint32_t phase = 0;
  absl::string_view variant;  // lives as long as what it was found in
};

// What froze each user's tier in one campaign, and, where the campaign keeps arms, the user's arm: 24 bytes a user and
// a byte of the hash table's, in a table that is 7/16 to 7/8 full: 29 to 57 bytes a user. Thread-safe; readers of
// different users rarely wait for each other.
class CampaignFirstExposures {
 public:
  // Of the first exposure; kNoTier for a user who was not exposed.
  int TierOf(uint64_t user_key) const;
  std::optional<FirstExposure> Find(uint64_t user_key) const;
  // Keeps the earliest exposure; of several at one time the one that is least by tier, phase and variant, so that the
  // order of adding does not matter.
  void Add(uint64_t user_key, const FirstExposure& exposure);
  void Remove(uint64_t user_key);
  int64_t users() const;

 private:
  static constexpr size_t kParts = 64;

  struct Entry {
    int64_t time_micros;
    uint32_t phase;
    uint16_t variant;  // index into names_
    uint8_t tier;
  };
  struct Part {
    mutable std::shared_mutex mutex;
    absl::flat_hash_map<uint64_t, Entry> first;
  };
  Part& PartOf(uint64_t user_key) { return parts_[user_key % kParts]; }
  const Part& PartOf(uint64_t user_key) const { return parts_[user_key % kParts]; }
  bool IsBefore(const Entry& a, const Entry& b) const;
  uint16_t CodeOf(absl::string_view variant);
  absl::string_view NameOf(uint16_t code) const;

  std::array<Part, kParts> parts_;
  mutable std::shared_mutex naming_;  // guards names_
  // Of variants; few, and never freed.
  std::vector<std::unique_ptr<const std::string>> names_;
};

// The same of all campaigns that were launched and are not concluded. Thread-safe.
class FirstExposures {
 public:
  // Those of a campaign; empty ones where there were none yet.
  std::shared_ptr<CampaignFirstExposures> Of(const std::string& campaign);
  // Adds exposures that are on disk. Forced ones, and those of campaigns that the snapshot does not have, freeze
  // nothing.
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
