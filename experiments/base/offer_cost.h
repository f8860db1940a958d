// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// What an offer costs, with the defaults of its unit where it names no cost: PERCENT_OFF that share of the basket,
// AMOUNT_OFF the amount for each conversion, anything else nothing; and one message a user where a message has a price.
v1::OfferCost CostWithDefaults(const v1::Offer& offer);

}  // namespace tierwise
