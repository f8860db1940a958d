// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/planning_design.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// What a campaign's report says of the next one: per tier, the share of users and the control's mean and standard
// deviation; the users a day; how much of the variance its covariate takes away; its variants, rule and worthwhile
// lift, which is the lift where it is above 0. What it does not tell is NaN or 0. `metric` empty takes the primary one.
// InvalidArgument names a metric or tier without data.
absl::StatusOr<PlanningDesign> DesignOf(const v1::Report& report, const v1::Campaign& campaign, bool is_rate,
                                        const std::string& metric);

// DesignOf the report of a campaign on the server, or else of a summary file. Errors: the server's, the file's.
absl::StatusOr<PlanningDesign> ObservedDesign(const std::string& campaign, const std::string& file,
                                              const std::string& metric, const Invocation& invocation);

}  // namespace tierwise
