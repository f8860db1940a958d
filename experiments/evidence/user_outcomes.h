// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/base/fact_rows.h"
#include "experiments/evidence/metric_plan.h"

namespace tierwise {

// One analysed user with the facts that outcomes are made of.
struct UserFacts {
  int64_t first_exposure_micros = 0;
  uint16_t first_tier = 0;            // below kOtherName
  absl::Span<const EventRow> events;  // ascending
  absl::Span<const MoveRow> moves;    // ascending
};

// The rules of a plan laid out by event, to turn one user's facts into that user's outcomes. Immutable.
class UserOutcomes {
 public:
  explicit UserOutcomes(const MetricPlan& plan);

  // How many numbers one user has: the variables of every metric, one metric after the other.
  size_t size() const { return rules_.size(); }
  // Whether a user without any event has the outcomes 0.
  bool HasMovements() const { return !movements_.empty(); }

  // Writes them to `outcomes`. An event counts once in each of them: the earliest of its copies that lie in the window,
  // and of several at that time the one with the least value. REQUIRES: each event's name is below the plan's number of
  // names; outcomes.size() == size().
  void Compute(const UserFacts& user, absl::Span<double> outcomes) const;

 private:
  std::vector<OutcomeRule> rules_;
  std::vector<std::vector<size_t>> rules_of_event_;  // indexes into rules_, by event name
  std::vector<size_t> movements_;                    // indexes into rules_
};

// The user's events of one name.
absl::Span<const EventRow> EventsOfName(absl::Span<const EventRow> events, uint16_t name);

// One outcome. REQUIRES: `events` have one user and the rule's name, and are ascending; no movement.
double OutcomeOf(const OutcomeRule& rule, int64_t first_exposure_micros, absl::Span<const EventRow> events);

// Appends the values that a rule of kind kValues counts, in the order of the events.
void AppendValues(const OutcomeRule& rule, const UserFacts& user, std::vector<double>& values);

}  // namespace tierwise
