// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/follow_up.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/base/tier_plans.h"
#include "experiments/tuning/thompson.h"

namespace tierwise {
namespace {

constexpr size_t kMaxIdBytes = 63;
constexpr size_t kMaxTitleBytes = 180;  // what is put behind it fits into the 200 of a display name
constexpr uint32_t kTotalWeight = 10'000;

std::string FreeId(const std::string& campaign, absl::FunctionRef<bool(absl::string_view)> is_taken) {
  for (int number = 1;; ++number) {
    const std::string suffix = number == 1 ? "-next" : absl::StrCat("-next-", number);
    const std::string id = absl::StrCat(campaign.substr(0, kMaxIdBytes - suffix.size()), suffix);
    if (!is_taken(id)) return id;
  }
}

// What a tier is to get: variants with an offer, and how they share what the control leaves.
struct TierShares {
  std::vector<std::string> variants;
  std::vector<double> shares;  // of the tier; with that of dose 0 they sum to 1
};

TierShares SharesOf(const v1::TierOffer& offer) {
  TierShares planned;
  if (offer.shares().empty()) {
    if (offer.dose() > 0.0) planned = {{offer.variant()}, {1.0}};
    return planned;
  }
  for (int i = 0; i < std::min(offer.shares_size(), offer.doses_size()); ++i) {
    const v1::DoseResult& dose = offer.doses(i);
    if (dose.dose() == 0.0 || dose.variants().empty() || !(offer.shares(i) > 0.0)) continue;
    planned.variants.push_back(dose.variants(0));
    planned.shares.push_back(offer.shares(i));
  }
  return planned;
}

const google::protobuf::Struct* OverridesOf(const v1::Campaign& campaign, const std::string& tier,
                                            const std::string& variant) {
  const v1::TierPlan* plan = PlanForTier(campaign, tier);
  if (plan == nullptr) return nullptr;
  for (const v1::Arm& arm : plan->arms()) {
    if (arm.variant() == variant && arm.has_parameter_overrides()) return &arm.parameter_overrides();
  }
  return nullptr;
}

void AddTierPlan(const v1::Campaign& from, const std::string& tier, TierShares planned, double control_share,
                 v1::Campaign& campaign) {
  double offered = 0.0;
  for (const double share : planned.shares) offered += share;
  // The control keeps what the plan leaves without an offer, but never less than it needs to confirm.
  const double kept = std::max(control_share, 1.0 - offered);
  for (double& share : planned.shares) share *= (1.0 - kept) / offered;
  planned.variants.insert(planned.variants.begin(), from.variants(ControlIndex(from)).id());
  planned.shares.insert(planned.shares.begin(), kept);
  const std::vector<uint32_t> weights = WeightsOf(planned.shares, kTotalWeight);
  v1::TierPlan& plan = *campaign.add_tier_plans();
  plan.set_tier(tier);
  for (size_t i = 0; i < weights.size(); ++i) {
    v1::Arm& arm = *plan.add_arms();
    arm.set_variant(planned.variants[i]);
    arm.set_weight(weights[i]);
    const google::protobuf::Struct* overrides = OverridesOf(from, tier, arm.variant());
    if (overrides != nullptr) *arm.mutable_parameter_overrides() = *overrides;
  }
}

v1::Campaign WithoutTiers(const v1::Campaign& from, std::string id) {
  v1::Campaign campaign;
  const bool is_short = !from.display_name().empty() && from.display_name().size() <= kMaxTitleBytes;
  campaign.set_display_name(absl::StrCat(is_short ? from.display_name() : from.id(), ": the plan"));
  campaign.set_description(
      absl::StrCat("Carries out the offer plan that rests on the results of campaign ", from.id(), "."));
  campaign.set_id(std::move(id));
  campaign.set_tiering(from.tiering());
  if (from.has_audience()) *campaign.mutable_audience() = from.audience();
  *campaign.mutable_metrics() = from.metrics();
  if (from.has_analysis()) {
    *campaign.mutable_analysis() = from.analysis();
    // It needs a schedule with an end, which the new campaign does not have yet.
    if (from.analysis().sequential_rule() == v1::SEQUENTIAL_RULE_ALPHA_SPENDING) {
      campaign.mutable_analysis()->clear_sequential_rule();
    }
  }
  *campaign.mutable_economics() = from.economics();
  if (from.has_layer()) {
    *campaign.mutable_layer() = from.layer();
    campaign.mutable_layer()->clear_ranges();
  }
  return campaign;
}

}  // namespace

std::optional<v1::Campaign> FollowUpCampaign(const v1::Campaign& campaign, const v1::OfferPlan& plan,
                                             double control_share,
                                             absl::FunctionRef<bool(absl::string_view id)> is_taken) {
  v1::Campaign next = WithoutTiers(campaign, FreeId(campaign.id(), is_taken));
  for (const v1::TierOffer& offer : plan.tiers()) {
    TierShares planned = SharesOf(offer);
    if (!planned.variants.empty()) AddTierPlan(campaign, offer.tier(), std::move(planned), control_share, next);
  }
  if (next.tier_plans().empty()) return std::nullopt;
  std::set<std::string> used;
  for (const v1::TierPlan& tier_plan : next.tier_plans()) {
    for (const v1::Arm& arm : tier_plan.arms()) used.insert(arm.variant());
  }
  for (const v1::Variant& variant : campaign.variants()) {
    if (used.count(variant.id()) > 0) *next.add_variants() = variant;
  }
  return next;
}

}  // namespace tierwise
