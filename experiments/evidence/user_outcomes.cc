// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/user_outcomes.h"

#include <algorithm>

#include "experiments/evidence/tier_moves.h"

namespace tierwise {
namespace {

// Calls `take` with each event that `rule` counts, until it returns false. Of an event's copies in the window only the
// first counts; where values are counted, those without one are not there.
template <typename F>
void ForEachCounted(const OutcomeRule& rule, int64_t first_exposure_micros, absl::Span<const EventRow> events, F take) {
  const int64_t begin = first_exposure_micros + rule.begin_micros;
  const int64_t end = first_exposure_micros + rule.end_micros;
  const bool needs_value = rule.kind == OutcomeKind::kValues;
  const EventRow* counted = nullptr;
  for (const EventRow& row : events) {
    if (row.time_micros < begin || row.time_micros >= end || (needs_value && !row.has_value)) continue;
    if (counted != nullptr && counted->event == row.event) continue;
    counted = &row;
    if (!take(row)) return;
  }
}

}  // namespace

double OutcomeOf(const OutcomeRule& rule, int64_t first_exposure_micros, absl::Span<const EventRow> events) {
  double outcome = 0.0;
  ForEachCounted(rule, first_exposure_micros, events, [&](const EventRow& row) {
    outcome += rule.kind == OutcomeKind::kSum ? row.value : 1.0;
    return rule.kind != OutcomeKind::kConversion;
  });
  return std::min(outcome, rule.cap);
}

absl::Span<const EventRow> EventsOfName(absl::Span<const EventRow> events, uint16_t name) {
  const auto begin =
      std::partition_point(events.begin(), events.end(), [name](const EventRow& row) { return row.name < name; });
  const auto end = std::partition_point(begin, events.end(), [name](const EventRow& row) { return row.name <= name; });
  return events.subspan(static_cast<size_t>(begin - events.begin()), static_cast<size_t>(end - begin));
}

void AppendValues(const OutcomeRule& rule, const UserFacts& user, std::vector<double>& values) {
  ForEachCounted(rule, user.first_exposure_micros, EventsOfName(user.events, rule.event), [&](const EventRow& row) {
    values.push_back(row.value);
    return true;
  });
}

UserOutcomes::UserOutcomes(const MetricPlan& plan) : rules_of_event_(plan.event_names.size()) {
  for (const PlannedMetric& metric : plan.metrics) {
    for (const OutcomeRule& rule : metric.variables) {
      (IsMovement(rule.kind) ? movements_ : rules_of_event_[rule.event]).push_back(rules_.size());
      rules_.push_back(rule);
    }
  }
}

void UserOutcomes::Compute(const UserFacts& user, absl::Span<double> outcomes) const {
  std::fill(outcomes.begin(), outcomes.end(), 0.0);
  const absl::Span<const EventRow> events = user.events;
  for (size_t begin = 0, end = 0; begin < events.size(); begin = end) {
    while (end < events.size() && events[end].name == events[begin].name) ++end;
    for (const size_t rule : rules_of_event_[events[begin].name]) {
      outcomes[rule] = OutcomeOf(rules_[rule], user.first_exposure_micros, events.subspan(begin, end - begin));
    }
  }
  for (const size_t rule : movements_) {
    outcomes[rule] = MovementOutcome(rules_[rule], {user.first_tier, user.first_exposure_micros, user.moves});
  }
}

}  // namespace tierwise
