// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/metric.pb.h"

namespace tierwise {

// Adds a problem for everything in `metric` that metric.proto does not allow; `field` is the path of the metric. Reads
// nothing but the metric itself; `meta` is not looked at.
void CheckMetric(const v1::Metric& metric, absl::string_view field, Problems& problems);

// How events become a number.
enum class OutcomeKind : uint8_t {
  kConversion,  // 1 with at least one event, else 0
  kCount,       // how many events
  kSum,         // the sum of their values
};

// One number per user: from the user's events of one name inside [first exposure + begin, first exposure + end).
struct OutcomeRule {
  OutcomeKind kind = OutcomeKind::kConversion;
  uint16_t event = 0;  // index into MetricPlan::event_names
  int64_t begin_micros = 0;
  int64_t end_micros = 0;
  double cap = std::numeric_limits<double>::infinity();  // a number above it counts as the cap

  friend bool operator==(const OutcomeRule&, const OutcomeRule&) = default;
};

// One metric: the variables of its JointMoments.
struct PlannedMetric {
  // The outcome (a ratio's numerator); the denominator if it is a ratio; then, if it has a covariate, the covariate of
  // each of these, in the same order. 1, 2 or 4 variables.
  std::vector<OutcomeRule> variables;
  bool is_ratio = false;
  bool has_covariate = false;
  int64_t window_end_micros = 0;  // from first exposure to the end of the outcome's window

  friend bool operator==(const PlannedMetric&, const PlannedMetric&) = default;
};

// What a list of metrics needs of the events: an immutable value.
struct MetricPlan {
  std::vector<std::string> event_names;  // each once, in order of first use: what EventColumns.name indexes
  std::vector<PlannedMetric> metrics;    // in the order of the list
  // Only events in [first exposure + begin, first exposure + end) are ever counted; begin <= 0 <= end.
  int64_t events_begin_micros = 0;
  int64_t events_end_micros = 0;
};

// REQUIRES: CheckMetric finds no problem in any of `metrics`; together they name fewer than 65,535 events.
MetricPlan PlanMetrics(absl::Span<const v1::Metric* const> metrics);

}  // namespace tierwise
