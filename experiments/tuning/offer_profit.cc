// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/offer_profit.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {

absl::Status CheckOffer(absl::string_view field, const Offer& offer) {
  Problems problems;
  const std::string cost = absl::StrCat(field, ".cost");
  CheckFinite(absl::StrCat(field, ".margin_per_conversion"), offer.margin_per_conversion, problems);
  CheckNonNegative(absl::StrCat(field, ".basket_value"), offer.basket_value, problems);
  CheckNonNegative(cost + ".per_redemption", offer.cost.per_redemption, problems);
  CheckProbability(cost + ".basket_share", offer.cost.basket_share, problems);
  CheckNonNegative(cost + ".per_user_reached", offer.cost.per_user_reached, problems);
  CheckNonNegative(cost + ".per_message", offer.cost.per_message, problems);
  CheckNonNegative(cost + ".messages_per_user", offer.cost.messages_per_user, problems);
  if (offer.cost.basket_share > 0.0 && offer.basket_value == 0.0) {
    problems.Add(absl::StrCat(field, ".basket_value"), "is 0 although the offer costs a share of the basket");
  }
  return problems.ToStatus();
}

LinearInResponse CostOf(const Offer& offer) {
  const OfferCost& cost = offer.cost;
  return {cost.per_redemption + cost.basket_share * offer.basket_value,
          cost.per_user_reached + cost.per_message * cost.messages_per_user};
}

LinearInResponse ProfitOf(const Offer& offer) {
  const LinearInResponse cost = CostOf(offer);
  return {offer.margin_per_conversion - cost.per_conversion, -cost.per_user};
}

}  // namespace tierwise
