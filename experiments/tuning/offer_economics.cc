// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/offer_economics.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {
namespace {

constexpr double kLargestDose = 1e9;

// Whether offers of this unit have a cost without naming one.
bool HasDefaultCost(v1::DoseUnit unit) { return unit == v1::DOSE_UNIT_PERCENT_OFF || unit == v1::DOSE_UNIT_AMOUNT_OFF; }

void CheckCost(const std::string& field, const v1::OfferCost& cost, Problems& problems) {
  CheckNonNegative(field + ".per_redemption", cost.per_redemption(), problems);
  CheckProbability(field + ".basket_share", cost.basket_share(), problems);
  CheckNonNegative(field + ".per_user_reached", cost.per_user_reached(), problems);
  CheckNonNegative(field + ".per_message", cost.per_message(), problems);
  CheckNonNegative(field + ".messages_per_user", cost.messages_per_user(), problems);
}

bool CostsNothing(const v1::OfferCost& cost) {
  return cost.per_redemption() == 0.0 && cost.basket_share() == 0.0 && cost.per_user_reached() == 0.0 &&
         cost.per_message() == 0.0;
}

void CheckOffer(const std::string& field, const v1::Variant& variant, const v1::OfferEconomics& economics,
                Problems& problems) {
  const v1::Offer& offer = variant.offer();
  CheckNonNegative(field + ".dose", offer.dose(), problems);
  if (offer.dose() > kLargestDose) problems.Add(field + ".dose", "is above 1e9");
  if (offer.unit() == v1::DOSE_UNIT_UNSPECIFIED) problems.Add(field + ".unit", "is missing");
  if (!offer.has_cost() && !HasDefaultCost(offer.unit()) && offer.dose() > 0.0) {
    problems.Add(field + ".cost", "is missing; say what the offer costs, or give an empty cost where it costs nothing");
  }
  const v1::OfferCost cost = CostWithDefaults(offer);
  CheckCost(field + ".cost", cost, problems);
  if (offer.dose() == 0.0 && !CostsNothing(cost)) {
    problems.Add(field + ".cost", "is not 0 although dose 0 is no offer");
  }
  if (cost.basket_share() > 0.0 && economics.revenue_metric().empty() && !(economics.basket_value() > 0.0)) {
    problems.Add("economics.basket_value",
                 absl::StrCat("is missing: the offer of variant \"", variant.id(),
                              "\" costs a share of the basket; set it, or name a revenue_metric"));
  }
}

}  // namespace

LinearInOutcome CostPerUser(const v1::OfferCost& cost, const v1::OfferEconomics& economics) {
  LinearInOutcome result{cost.per_redemption(), 0.0,
                         cost.per_user_reached() + cost.per_message() * cost.messages_per_user()};
  if (economics.has_basket_value()) {
    result.per_conversion += cost.basket_share() * economics.basket_value();
  } else {
    result.per_revenue = cost.basket_share();
  }
  return result;
}

LinearInOutcome MarginPerUser(const v1::OfferEconomics& economics) {
  const LinearInOutcome revenue = RevenuePerUser(economics);
  return {economics.margin_per_conversion() + economics.margin_share() * revenue.per_conversion,
          economics.margin_share() * revenue.per_revenue, 0.0};
}

LinearInOutcome RevenuePerUser(const v1::OfferEconomics& economics) {
  if (!economics.revenue_metric().empty()) return {0.0, 1.0, 0.0};
  return {economics.basket_value(), 0.0, 0.0};
}

LinearInOutcome Difference(const LinearInOutcome& a, const LinearInOutcome& b) {
  return {a.per_conversion - b.per_conversion, a.per_revenue - b.per_revenue, a.per_user - b.per_user};
}

double VariancePerUser(const LinearInOutcome& linear, const JointMoments& outcome) {
  double variance = linear.per_conversion * linear.per_conversion * outcome.Covariance(0, 0);
  if (outcome.size() > 1) {
    variance += 2.0 * linear.per_conversion * linear.per_revenue * outcome.Covariance(0, 1) +
                linear.per_revenue * linear.per_revenue * outcome.Covariance(1, 1);
  }
  return std::max(0.0, variance);
}

void CheckEconomics(absl::Span<const v1::Variant> variants, const v1::OfferEconomics& economics, Problems& problems) {
  CheckNonNegative("economics.margin_per_conversion", economics.margin_per_conversion(), problems);
  CheckProbability("economics.margin_share", economics.margin_share(), problems);
  CheckNonNegative("economics.basket_value", economics.basket_value(), problems);
  if (economics.margin_share() > 0.0 && economics.revenue_metric().empty() && !(economics.basket_value() > 0.0)) {
    problems.Add("economics.margin_share", "needs a revenue_metric or a basket_value to be a share of");
  }
  int controls = 0;
  int offers = 0;
  const v1::Variant* first = nullptr;
  for (size_t i = 0; i < variants.size(); ++i) {
    const v1::Variant& variant = variants[i];
    controls += variant.control();
    if (variant.control() || !variant.has_offer()) {
      if (variant.control() && (variant.offer().dose() != 0.0 || !CostsNothing(variant.offer().cost()))) {
        problems.Add(absl::StrCat("variants[", i, "].offer"),
                     absl::StrCat("of the control \"", variant.id(), "\" must be nothing: dose 0 without cost"));
      }
      continue;
    }
    ++offers;
    Problems own;
    CheckOffer("offer", variant, economics, own);
    for (const Problem& problem : own.problems()) {
      const bool is_of_variant = problem.field.rfind("offer", 0) == 0;
      problems.Add(is_of_variant ? absl::StrCat("variants[", i, "].", problem.field) : problem.field,
                   is_of_variant ? absl::StrCat("of variant \"", variant.id(), "\" ", problem.description)
                                 : problem.description);
    }
    if (first == nullptr) first = &variant;
    if (variant.offer().unit() != first->offer().unit()) {
      problems.Add(absl::StrCat("variants[", i, "].offer.unit"),
                   absl::StrCat("of variant \"", variant.id(), "\" is not that of \"", first->id(),
                                "\"; all offers of a campaign count the same thing"));
    }
  }
  if (controls != 1) {
    problems.Add("variants", absl::StrCat(controls == 0 ? "have no control" : "have several controls",
                                          "; exactly one is what offers are compared with"));
  }
  if (offers == 0) problems.Add("variants", "have no offer; give at least one variant a dose");
}

}  // namespace tierwise
