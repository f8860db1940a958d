// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/offer_cost.h"

namespace tierwise {

v1::OfferCost CostWithDefaults(const v1::Offer& offer) {
  v1::OfferCost cost = offer.cost();
  if (!offer.has_cost()) {
    if (offer.unit() == v1::DOSE_UNIT_PERCENT_OFF) cost.set_basket_share(offer.dose() / 100.0);
    if (offer.unit() == v1::DOSE_UNIT_AMOUNT_OFF) cost.set_per_redemption(offer.dose());
  }
  if (cost.per_message() > 0.0 && cost.messages_per_user() == 0.0) cost.set_messages_per_user(1.0);
  return cost;
}

}  // namespace tierwise
