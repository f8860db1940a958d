// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/cli/offer_plan_text.h"

namespace tierwise {

// Incremental profit per user over the doses of `tier`, with its band and a mark at the dose planned; empty where the
// tier has fewer than two doses, or nothing is known of them.
std::string PlotProfit(const OfferPlanView& view, const v1::TierOffer& tier, const PlotStyle& style);

// The value of the best plan over the budget, with a mark at the plan's; empty with fewer than two budgets.
std::string PlotFrontier(const OfferPlanView& view, const PlotStyle& style);

}  // namespace tierwise
