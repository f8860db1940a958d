// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/offer_check.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "experiments/assignment/field_checks.h"
#include "experiments/assignment/salts.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/proto_time.h"

namespace tierwise {
namespace {

constexpr double kMostDose = 1e9;
constexpr double kMostPercentOff = 100.0;
// Sums over a billion users stay far from the end of a double.
constexpr double kMostMoney = 1e12;
constexpr absl::Duration kLeastEvery = absl::Hours(1);
constexpr absl::Duration kMostEvery = absl::Hours(30 * 24);

void CheckAmount(double value, double most, absl::string_view field, Problems& problems) {
  // False for NaN.
  if (value >= 0.0 && value <= most) return;
  problems.Add(field, absl::StrCat("is ", value, ", allowed is 0 to ", most));
}

bool IsFree(const v1::OfferCost& cost) {
  return cost.per_redemption() == 0.0 && cost.basket_share() == 0.0 && cost.per_user_reached() == 0.0 &&
         cost.per_message() == 0.0;
}

void CheckCost(const v1::OfferCost& cost, const std::string& field, Problems& problems) {
  CheckAmount(cost.per_redemption(), kMostMoney, FieldPath(field, "per_redemption"), problems);
  CheckAmount(cost.basket_share(), 1.0, FieldPath(field, "basket_share"), problems);
  CheckAmount(cost.per_user_reached(), kMostMoney, FieldPath(field, "per_user_reached"), problems);
  CheckAmount(cost.per_message(), kMostMoney, FieldPath(field, "per_message"), problems);
  CheckAmount(cost.messages_per_user(), kMostMoney, FieldPath(field, "messages_per_user"), problems);
}

void CheckOffer(const v1::Offer& offer, bool is_control, const std::string& field, Problems& problems) {
  const std::string dose = FieldPath(field, "dose");
  const double most = offer.unit() == v1::DOSE_UNIT_PERCENT_OFF ? kMostPercentOff : kMostDose;
  CheckAmount(offer.dose(), most, dose, problems);
  if (offer.unit() == v1::DOSE_UNIT_UNSPECIFIED || !v1::DoseUnit_IsValid(offer.unit())) {
    problems.Add(FieldPath(field, "unit"), "is required: PERCENT_OFF, AMOUNT_OFF, POINTS, FREE_MONTHS or OTHER");
  }
  CheckCost(offer.cost(), FieldPath(field, "cost"), problems);
  if (!is_control) return;
  if (offer.dose() > 0.0) problems.Add(dose, absl::StrCat("is ", offer.dose(), ", but the control offers nothing"));
  if (!IsFree(offer.cost())) problems.Add(FieldPath(field, "cost"), "is not 0, but the control offers nothing");
}

// The metric of this id among the campaign's; null, with a problem, where there is none.
const v1::Metric* FindOwnMetric(const v1::Campaign& campaign, const Definitions& definitions, const std::string& id,
                                const std::string& field, Problems& problems) {
  const std::vector<absl::string_view> metrics(campaign.metrics().begin(), campaign.metrics().end());
  if (!CheckKnown(id, metrics, "metric of the campaign", field, problems)) return nullptr;
  return definitions.FindMetric(id);
}

void CheckSameWindow(const v1::Metric& conversions, const v1::Metric& revenue, const std::string& field,
                     Problems& problems) {
  if (FromProto(conversions.window()) == FromProto(revenue.window()) &&
      FromProto(conversions.delay()) == FromProto(revenue.delay())) {
    return;
  }
  problems.Add(field, absl::StrCat("\"", revenue.id(), "\" has another window or delay than \"", conversions.id(),
                                   "\"; both must measure the same time"));
}

// A share of the basket costs nothing that anybody could tell where no basket is known.
void CheckBasketKnown(const v1::Campaign& campaign, const std::string& field, Problems& problems) {
  if (!campaign.economics().revenue_metric().empty() || campaign.economics().has_basket_value()) return;
  for (const v1::Variant& variant : campaign.variants()) {
    if (variant.offer().cost().basket_share() == 0.0) continue;
    return problems.Add(FieldPath(field, "basket_value"), absl::StrCat("is needed, or revenue_metric: variant \"",
                                                                       variant.id(), "\" costs a share of the basket"));
  }
}

bool HasOneNumberPerUser(const v1::Metric& metric) { return !metric.has_ratio() && !metric.has_quantile(); }

// Arms that a tier gives users to.
int RunningArms(const v1::TierPlan& plan) {
  return static_cast<int>(
      std::count_if(plan.arms().begin(), plan.arms().end(), [](const v1::Arm& arm) { return arm.weight() > 0; }));
}

void CheckFloor(const v1::Campaign& campaign, const std::string& field, Problems& problems) {
  const uint32_t floor_bp = campaign.adaptive().floor_bp();
  for (const v1::TierPlan& plan : campaign.tier_plans()) {
    const int arms = RunningArms(plan);
    if (arms == 0 || floor_bp * static_cast<uint64_t>(arms) <= kBasisPoints) continue;
    return problems.Add(field, absl::StrCat(floor_bp, " basis points for each of the ", arms, " arms of tier \"",
                                            plan.tier(), "\" are more than everyone; at most ",
                                            kBasisPoints / static_cast<uint32_t>(arms), " are allowed"));
  }
}

}  // namespace

void CheckOffers(const v1::Campaign& campaign, absl::string_view field, Problems& problems) {
  const v1::Variant* first = nullptr;
  for (int i = 0; i < campaign.variants_size(); ++i) {
    const v1::Variant& variant = campaign.variants(i);
    if (!variant.has_offer()) continue;
    const std::string offer = FieldPath(FieldPath(field, "variants", i), "offer");
    CheckOffer(variant.offer(), variant.control(), offer, problems);
    if (first == nullptr) first = &variant;
    if (variant.offer().unit() != first->offer().unit()) {
      problems.Add(
          FieldPath(offer, "unit"),
          absl::StrCat("is ", v1::DoseUnit_Name(variant.offer().unit()), ", but that of variant \"", first->id(),
                       "\" is ", v1::DoseUnit_Name(first->offer().unit()), "; all must be the same"));
    }
  }
}

void CheckEconomics(const v1::Campaign& campaign, const Definitions& definitions, absl::string_view field,
                    Problems& problems) {
  if (!campaign.has_economics()) return;
  const v1::OfferEconomics& economics = campaign.economics();
  const std::string path = FieldPath(field, "economics");
  const std::string conversion = FieldPath(path, "conversion_metric");
  const v1::Metric* conversions =
      FindOwnMetric(campaign, definitions, economics.conversion_metric(), conversion, problems);
  if (conversions != nullptr && !conversions->has_conversion() && !conversions->has_count()) {
    problems.Add(conversion, absl::StrCat("\"", conversions->id(), "\" is not of kind conversion or count"));
  }
  if (!economics.revenue_metric().empty()) {
    const std::string revenue = FieldPath(path, "revenue_metric");
    const v1::Metric* spent = FindOwnMetric(campaign, definitions, economics.revenue_metric(), revenue, problems);
    if (spent != nullptr && !spent->has_sum()) {
      problems.Add(revenue, absl::StrCat("\"", spent->id(), "\" is not of kind sum"));
    } else if (spent != nullptr && conversions != nullptr) {
      CheckSameWindow(*conversions, *spent, revenue, problems);
    }
  }
  CheckAmount(economics.margin_per_conversion(), kMostMoney, FieldPath(path, "margin_per_conversion"), problems);
  CheckAmount(economics.margin_share(), 1.0, FieldPath(path, "margin_share"), problems);
  if (economics.has_basket_value()) {
    CheckAmount(economics.basket_value(), kMostMoney, FieldPath(path, "basket_value"), problems);
  }
  CheckBasketKnown(campaign, path, problems);
}

void CheckAdaptive(const v1::Campaign& campaign, const Definitions& definitions, absl::string_view field,
                   Problems& problems) {
  if (!campaign.has_adaptive()) return;
  const v1::AdaptivePlan& plan = campaign.adaptive();
  const std::string path = FieldPath(field, "adaptive");
  if (plan.rule() == v1::ALLOCATION_RULE_UNSPECIFIED || !v1::AllocationRule_IsValid(plan.rule())) {
    problems.Add(FieldPath(path, "rule"), "is required: THOMPSON or TOP_TWO");
  }
  const absl::Duration every = FromProto(plan.every());
  if (every < kLeastEvery || every > kMostEvery) {
    problems.Add(FieldPath(path, "every"),
                 absl::StrCat("is ", absl::FormatDuration(every), ", allowed is 1 hour to 30 days"));
  }
  CheckShare(plan.uniform_bp(), FieldPath(path, "uniform_bp"), problems);
  CheckFloor(campaign, FieldPath(path, "floor_bp"), problems);
  const v1::Metric* primary = campaign.metrics().empty() ? nullptr : definitions.FindMetric(campaign.metrics(0));
  if (primary != nullptr && !HasOneNumberPerUser(*primary)) {
    problems.Add(path, absl::StrCat("weights follow the primary metric's mean per user, which \"", primary->id(),
                                    "\" does not have; put another metric first"));
  }
}

}  // namespace tierwise
