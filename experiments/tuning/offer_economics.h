// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "experiments/base/offer_cost.h"
#include "experiments/base/problems.h"
#include "experiments/stats/moments.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// Money per user that is linear in what users do: conversions and revenue per user.
struct LinearInOutcome {
  double per_conversion = 0.0;
  double per_revenue = 0.0;
  double per_user = 0.0;

  double At(double conversions, double revenue) const {
    return per_conversion * conversions + per_revenue * revenue + per_user;
  }
};

// What an offer costs per user. A share of the basket is a share of `economics.basket_value` for each conversion where
// that is set, else of the revenue.
LinearInOutcome CostPerUser(const v1::OfferCost& cost, const v1::OfferEconomics& economics);

// Money earned per user before the offer's cost.
LinearInOutcome MarginPerUser(const v1::OfferEconomics& economics);

// Revenue per user: as measured where there is a revenue metric, else conversions times the basket's value.
LinearInOutcome RevenuePerUser(const v1::OfferEconomics& economics);

// `a` less `b`.
LinearInOutcome Difference(const LinearInOutcome& a, const LinearInOutcome& b);

// The variance of a linear function of one user's outcome: conversions, then revenue where there are two variables.
double VariancePerUser(const LinearInOutcome& linear, const JointMoments& outcome);

// Adds what is wrong with variants and economics as a base for tuning, each variant under "variants[i]" with its id.
void CheckEconomics(absl::Span<const v1::Variant> variants, const v1::OfferEconomics& economics, Problems& problems);

}  // namespace tierwise
