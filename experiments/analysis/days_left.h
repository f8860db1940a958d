// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "experiments/analysis/metric_analysis.h"

namespace tierwise {

// The time that a campaign has run, and the level at which it is judged.
struct Pace {
  absl::Time first_exposure;
  absl::Time as_of;
  double level = 0.05;
};

// How many days more, if users go on coming as they did, until the rule has four chances in five to answer: of showing
// a difference of `detectable` in the metric's units, or, where that is 0, one as large as is seen now. Until the fixed
// horizon where the rule waits for one; until there are kEventsToStart events where there are fewer. nullopt where
// nothing is measured yet or it would be more than ten years.
std::optional<double> DaysLeft(const DecidingEvidence& evidence, double detectable, const SequentialTest& test,
                               const Pace& pace);

}  // namespace tierwise
