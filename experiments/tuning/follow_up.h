// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// A draft of the campaign that carries `plan` out: each tier that gets an offer gets it against the control, which
// keeps `control_share` of the tier so that the plan's worth is confirmed; other tiers are not targeted. Its id is
// "<campaign>-next", with a number behind it where `is_taken`. Unset where no tier gets an offer. REQUIRES: `plan` is
// of `campaign`; control_share in (0, 1).
std::optional<v1::Campaign> FollowUpCampaign(const v1::Campaign& campaign, const v1::OfferPlan& plan,
                                             double control_share,
                                             absl::FunctionRef<bool(absl::string_view id)> is_taken);

}  // namespace tierwise
