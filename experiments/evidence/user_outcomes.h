// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/base/fact_rows.h"
#include "experiments/evidence/metric_plan.h"

namespace tierwise {

// The rules of a plan laid out by event, to turn one user's events into that user's outcomes. Immutable.
class UserOutcomes {
 public:
  explicit UserOutcomes(const MetricPlan& plan);

  // How many numbers one user has: the variables of every metric, one metric after the other.
  size_t size() const { return rules_.size(); }

  // Writes them to `outcomes`. An event counts once in each of them: the earliest of its copies that lie in the window,
  // and of several at that time the one with the least value. REQUIRES: `events` are one user's, ascending, each name
  // below the plan's number of names; outcomes.size() == size().
  void Compute(int64_t first_exposure_micros, absl::Span<const EventRow> events, absl::Span<double> outcomes) const;

 private:
  std::vector<OutcomeRule> rules_;
  std::vector<std::vector<size_t>> rules_of_event_;  // indexes into rules_, by event name
};

}  // namespace tierwise
