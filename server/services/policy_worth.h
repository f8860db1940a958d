// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/services/campaign_lookup.h"
#include "server/services/policy_users.h"
#include "tierwise/v1/metric.pb.h"

namespace tierwise {

// How a user's worth is measured.
struct PolicyWorth {
  v1::Metric metric;  // as GatherPolicyUsers takes it
  UserWorth worth;
};

// By one of the campaign's metrics, turned round where less is better; by the campaign's economics, as profit after the
// offer's cost, where `metric` is empty. Errors: InvalidArgument for a metric that is none of the campaign's, or has no
// one number per user; FailedPrecondition without economics.
absl::StatusOr<PolicyWorth> WorthOf(const LaunchedCampaign& launched, const std::string& metric);

}  // namespace tierwise
