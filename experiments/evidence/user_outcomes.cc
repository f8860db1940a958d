// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/user_outcomes.h"

#include <algorithm>

namespace tierwise {
namespace {

// REQUIRES: `events` have one user and one name, and are ascending.
double OutcomeOf(const OutcomeRule& rule, int64_t first_exposure_micros, absl::Span<const EventRow> events) {
  const int64_t begin = first_exposure_micros + rule.begin_micros;
  const int64_t end = first_exposure_micros + rule.end_micros;
  double outcome = 0.0;
  const EventRow* counted = nullptr;
  for (const EventRow& row : events) {
    if (row.time_micros < begin || row.time_micros >= end) continue;
    if (counted != nullptr && counted->event == row.event) continue;
    counted = &row;
    if (rule.kind == OutcomeKind::kConversion) return 1.0;
    outcome += rule.kind == OutcomeKind::kCount ? 1.0 : row.value;
  }
  return std::min(outcome, rule.cap);
}

}  // namespace

UserOutcomes::UserOutcomes(const MetricPlan& plan) : rules_of_event_(plan.event_names.size()) {
  for (const PlannedMetric& metric : plan.metrics) {
    for (const OutcomeRule& rule : metric.variables) {
      rules_of_event_[rule.event].push_back(rules_.size());
      rules_.push_back(rule);
    }
  }
}

void UserOutcomes::Compute(int64_t first_exposure_micros, absl::Span<const EventRow> events,
                           absl::Span<double> outcomes) const {
  std::fill(outcomes.begin(), outcomes.end(), 0.0);
  for (size_t begin = 0, end = 0; begin < events.size(); begin = end) {
    while (end < events.size() && events[end].name == events[begin].name) ++end;
    for (const size_t rule : rules_of_event_[events[begin].name]) {
      outcomes[rule] = OutcomeOf(rules_[rule], first_exposure_micros, events.subspan(begin, end - begin));
    }
  }
}

}  // namespace tierwise
