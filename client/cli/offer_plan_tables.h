// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/cli/offer_plan_text.h"

namespace tierwise {

// One row a tier: offer, likely range, users, value, cost.
std::string RenderOffers(const OfferPlanView& view, const PlotStyle& style);

// One row a dose of `tier`: users, response, cost, profit, chance to be best.
std::string RenderDoses(const OfferPlanView& view, const v1::TierOffer& tier, const PlotStyle& style);

// One row a budget of the frontier: value and the doses of all tiers.
std::string RenderFrontierTable(const OfferPlanView& view, const PlotStyle& style);

// The straight line and the logistic curve of each tier of a file.
std::string RenderTrends(const OfferPlanView& view, const PlotStyle& style);

}  // namespace tierwise
