// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "experiments/assignment/assign.h"
#include "experiments/assignment/snapshot.h"
#include "experiments/audience/user_table.h"
#include "server/tiers/first_exposures.h"

namespace tierwise {

// How one campaign's users get their tier.
struct ServedCampaign {
  const CompiledCampaign* campaign = nullptr;
  size_t tiering = 0;  // place among the tiers that the plan reads
  std::shared_ptr<const CampaignFirstExposures> exposures;
};

// What to read of a user for the campaigns of one snapshot that are launched: only attributes that they use. Immutable.
struct ServingPlan {
  // `table` must outlive it.
  ServingPlan(std::shared_ptr<const Snapshot> of, const UserTable& users, FirstExposures& exposures);

  std::shared_ptr<const Snapshot> snapshot;
  const UserTable& table;
  std::vector<int> slots;  // that are read
  ReadPlan reads;
  absl::flat_hash_map<const CompiledCampaign*, ServedCampaign> campaigns;
};

// Finds what is known of a user for some campaigns, user after user. Not thread-safe.
class ServedUser {
 public:
  // `plan` must outlive it; a campaign may be null, or not launched.
  ServedUser(const ServingPlan& plan, const std::vector<const CompiledCampaign*>& campaigns);

  // `attributes` holds what the request gives, and gets what it leaves out.
  void Read(absl::string_view user_id, UserAttributes& attributes);

  // In the campaign at that place. The tier comes, in this order, from the request's attributes, if it gave one that
  // the tier depends on; the user's first exposure; the membership, if that is of the tiering's revision that the
  // campaign was launched with; the stored attributes.
  UserStanding StandingIn(size_t campaign) const;

 private:
  struct Asked {
    const ServedCampaign* served;  // null: nothing is known beforehand
    bool is_overridden = false;    // by the request's attributes
  };

  bool NeedsTable(const UserAttributes& attributes) const;

  const ServingPlan& plan_;
  std::vector<Asked> asked_;
  std::vector<TierNow> tiers_;
  const UserAttributes* attributes_ = nullptr;
  uint64_t user_key_ = 0;
  bool is_known_ = false;
};

}  // namespace tierwise
