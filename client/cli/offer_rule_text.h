// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// A rule as people write it: branches parted by `;`, each "TIERS when CONDITION: VARIANT" with TIERS one tier or
// several parted by commas, or * for all. Both parts may be left out: "waist: ten; tail when orders_90d >= 2: fifteen;
// *: none". Errors: InvalidArgument that quotes the branch and says what is wrong.
absl::StatusOr<v1::OfferRule> ParseOfferRule(absl::string_view text);

// The same text again; canonical.
std::string OfferRuleText(const v1::OfferRule& rule);

}  // namespace tierwise
