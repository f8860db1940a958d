// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/cli/text_plot.h"
#include "tierwise/v1/offer_plan.pb.h"
#include "tierwise/v1/tuning_service.pb.h"

namespace tierwise {

// For a terminal: what a rule would have brought per user, three ways, beside what was done.
std::string RenderPolicyReport(const v1::PolicyReport& report, const PlotStyle& style);

// For a terminal: the rule that was learnt, its value on users that it was not learnt from, and that of the best
// variant for each tier on the same users.
std::string RenderLearntPolicy(const v1::LearnPolicyResponse& learnt, const PlotStyle& style);

}  // namespace tierwise
