// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/storage/catalog.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// The shares that were in force in each phase of a campaign's tiers: the propensities of the users first exposed in it.
// Read from the catalog's history, each revision once. The catalog must outlive it. Thread-safe.
class PhaseHistory {
 public:
  explicit PhaseHistory(Catalog& storage) : storage_(storage) {}

  // For each of `tiers` and each phase from 1 to the present one, the share of each of the campaign's variants, in
  // their order; empty where the tier was not targeted in that phase.
  absl::StatusOr<std::vector<std::vector<std::vector<double>>>> SharesOf(const v1::Campaign& campaign,
                                                                         absl::Span<const std::string> tiers);

  // When `actor` last changed the campaign; InfinitePast where it never did.
  absl::StatusOr<absl::Time> LastChangeBy(const std::string& actor, const std::string& campaign);

 private:
  // By variant.
  using Shares = std::map<std::string, double>;
  struct Known {
    int64_t up_to_version = 0;
    // By tier plan ("*" too) and phase. A tier's own plan goes before that of every other tier.
    std::map<std::pair<std::string, uint32_t>, Shares> shares;
  };

  absl::Status ReadNew(const std::string& campaign, Known& known);

  Catalog& storage_;
  std::mutex mutex_;                    // guards known_
  std::map<std::string, Known> known_;  // by campaign
};

}  // namespace tierwise
