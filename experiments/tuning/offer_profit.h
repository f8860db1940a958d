// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tierwise {

// What making an offer costs, in money. All >= 0.
struct OfferCost {
  double per_redemption = 0.0;    // for each conversion, e.g. the amount off
  double basket_share = 0.0;      // of the basket of each conversion, in [0, 1], e.g. 0.1 for 10 % off
  double per_user_reached = 0.0;  // fixed, converts or not
  double per_message = 0.0;
  double messages_per_user = 0.0;
};

// What an offer earns and costs per conversion. The control's offer costs nothing.
struct Offer {
  double margin_per_conversion = 0.0;  // before the offer's cost; in money
  double basket_value = 0.0;           // in money, >= 0; what basket_share is a share of
  OfferCost cost;
};

// Problems of `offer`, each field under `field`: negative, not finite, a share above 1, a share without a basket.
absl::Status CheckOffer(absl::string_view field, const Offer& offer);

// Cost and profit are linear in the response (conversions per user): `per_conversion` x response + `per_user`.
struct LinearInResponse {
  double per_conversion = 0.0;
  double per_user = 0.0;

  double At(double response) const { return per_conversion * response + per_user; }
};

LinearInResponse CostOf(const Offer& offer);
LinearInResponse ProfitOf(const Offer& offer);

}  // namespace tierwise
