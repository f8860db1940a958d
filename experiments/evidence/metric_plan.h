// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "experiments/base/facts.h"
#include "tierwise/v1/metric.pb.h"

namespace tierwise {

// How facts become a number.
enum class OutcomeKind : uint8_t {
  kConversion,  // 1 with at least one event, else 0
  kCount,       // how many events
  kSum,         // the sum of their values
  kValues,      // how many events with a value
  // Of the user's moves between tiers: 1 where it is so, else 0. Better is a smaller index.
  kMovedUp,      // in a better tier at the end than at first exposure
  kDidNotFall,   // in the same tier or a better one
  kReachedTier,  // in OutcomeRule::tier or a better one at some time
};
inline bool IsMovement(OutcomeKind kind) { return kind >= OutcomeKind::kMovedUp; }

// One number per user: from the user's events of one name, or the user's moves, inside [first exposure + begin, first
// exposure + end).
struct OutcomeRule {
  OutcomeKind kind = OutcomeKind::kConversion;
  uint16_t event = 0;          // index into MetricPlan::event_names; not for movements
  uint16_t tier = kOtherName;  // kReachedTier: index into the campaign's tiers, kOtherName where it has no such tier
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
  // The cap of all variables is this quantile of the covariates above 0: found in the join. Needs a covariate; no
  // ratio.
  std::optional<double> cap_quantile;
  // A metric about the values themselves: its one variable is of kind kValues, and the values are kept.
  bool keeps_values = false;
  int64_t window_end_micros = 0;  // from first exposure to the end of the outcome's window

  friend bool operator==(const PlannedMetric&, const PlannedMetric&) = default;
};

// What a list of metrics needs of the facts: an immutable value.
struct MetricPlan {
  std::vector<std::string> event_names;  // each once, in order of first use: what EventColumns.name indexes
  std::vector<PlannedMetric> metrics;    // in the order of the list
  // Only events in [first exposure + begin, first exposure + end) are ever counted; begin <= 0 <= end.
  int64_t events_begin_micros = 0;
  int64_t events_end_micros = 0;
};

// `tiers`: ids of the campaign's tiers, best first. REQUIRES: CheckMetric finds no problem in any of `metrics`;
// together they name fewer than 65,535 events.
MetricPlan PlanMetrics(absl::Span<const v1::Metric* const> metrics, absl::Span<const std::string> tiers);

}  // namespace tierwise
