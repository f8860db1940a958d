// SPDX-License-Identifier: Apache-2.0
#include "server/services/phase_history.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"
#include "experiments/base/tier_plans.h"

namespace tierwise {
namespace {

constexpr int kPageSize = 1000;
constexpr char kEveryOtherTier[] = "*";

std::string NameOf(const std::string& campaign) { return absl::StrCat("campaigns/", campaign); }

}  // namespace

absl::Status PhaseHistory::ReadNew(const std::string& campaign, Known& known) {
  std::vector<int64_t> versions;
  for (int64_t offset = 0;; offset += kPageSize) {
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Change> changes,
                              storage_.ListChanges(NameOf(campaign), offset, kPageSize));
    for (const v1::Change& change : changes) {
      if (change.catalog_version() > known.up_to_version) versions.push_back(change.catalog_version());
    }
    if (changes.size() < kPageSize || changes.back().catalog_version() <= known.up_to_version) break;
  }
  for (const int64_t version : versions) {
    TIERWISE_ASSIGN_OR_RETURN(const Definitions definitions, storage_.ReadAt(version));
    const v1::Campaign* then = definitions.FindCampaign(campaign);
    if (then == nullptr) continue;
    for (const v1::TierPlan& plan : then->tier_plans()) {
      Shares& shares = known.shares[{plan.tier(), plan.phase()}];
      const std::vector<double> all = SharesOfVariants(*then, plan);
      for (int i = 0; i < then->variants_size(); ++i) shares[then->variants(i).id()] = all[static_cast<size_t>(i)];
    }
  }
  for (const int64_t version : versions) known.up_to_version = std::max(known.up_to_version, version);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<std::vector<double>>>> PhaseHistory::SharesOf(
    const v1::Campaign& campaign, absl::Span<const std::string> tiers) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[campaign.id()];
  TIERWISE_RETURN_IF_ERROR(ReadNew(campaign.id(), known));
  std::vector<std::vector<std::vector<double>>> all;
  for (const std::string& tier : tiers) {
    std::vector<std::vector<double>>& phases = all.emplace_back();
    const v1::TierPlan* plan = PlanForTier(campaign, tier);
    for (uint32_t phase = 1; plan != nullptr && phase <= plan->phase(); ++phase) {
      std::vector<double>& shares = phases.emplace_back();
      auto found = known.shares.find({tier, phase});
      if (found == known.shares.end()) found = known.shares.find({kEveryOtherTier, phase});
      if (found == known.shares.end()) continue;
      for (const v1::Variant& variant : campaign.variants()) {
        const auto share = found->second.find(variant.id());
        shares.push_back(share == found->second.end() ? 0.0 : share->second);
      }
    }
  }
  return all;
}

absl::StatusOr<absl::Time> PhaseHistory::LastChangeBy(const std::string& actor, const std::string& campaign) {
  for (int64_t offset = 0;; offset += kPageSize) {
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Change> changes,
                              storage_.ListChanges(NameOf(campaign), offset, kPageSize));
    for (const v1::Change& change : changes) {
      if (change.actor() == actor) return FromProto(change.time());
    }
    if (changes.size() < kPageSize) return absl::InfinitePast();
  }
}

}  // namespace tierwise
