// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "experiments/stats/estimate.h"
#include "experiments/tuning/tier_values.h"
#include "experiments/tuning/tuning_input.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// Dose `j` of a tier, with all that is known of it.
v1::DoseResult MakeDoseResult(const TierCells& tier, const TierValues& values, size_t j, double confidence);

// The share of dose `j`'s cost that goes to users who would have converted anyway: its cost at the response without it,
// by its cost. What is spent on every user counts as far as they would have. Absent where nothing is spent.
std::optional<double> GivenAnywayShare(const TierCells& tier, const TierValues& values, size_t j);

// A credible interval, as `method` made it.
v1::Interval CredibleInterval(const Interval& interval, absl::string_view method, double confidence);

}  // namespace tierwise
