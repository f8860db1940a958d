// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "experiments/base/fact_rows.h"
#include "experiments/base/facts.h"
#include "experiments/evidence/metric_plan.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// How many users were exposed: each is in exactly one of these.
struct CohortCounts {
  int64_t users = 0;                    // analysed
  int64_t forced_users = 0;             // left out: with a forced exposure
  int64_t users_in_unknown_cells = 0;   // left out: first exposed in a variant, tier or phase that was not asked for
  int64_t users_of_earlier_phases = 0;  // left out: first exposed in a phase that is over
  int64_t users_in_two_variants = 0;    // left out: seen in two variants, in phases that are not over

  friend bool operator==(const CohortCounts&, const CohortCounts&) = default;
};

// The values of one cell's events, of a metric that keeps them.
struct CellValues {
  std::vector<double> values;        // user by user
  std::vector<int64_t> user_values;  // how many of them each user has; users without any are not here

  friend bool operator==(const CellValues&, const CellValues&) = default;
};

// One metric over the users analysed. Cells are numbered as by Evidence::Cell.
struct MetricEvidence {
  std::vector<JointMoments> moments;   // per cell, of the PlannedMetric's variables; n is the cell's users
  std::vector<double> totals;          // per cell, sum of the first variable
  int64_t users_with_open_window = 0;  // whose window had not ended by `as_of`
  // With PlannedMetric::cap_quantile: what it came to; unset where no covariate is above 0, and nothing is capped.
  std::optional<double> found_cap;
  std::vector<CellValues> values;  // with PlannedMetric::keeps_values: per cell
};

// What the statistics see of a campaign's facts.
struct Evidence {
  int tiers = 0;
  int variants = 0;
  CohortCounts cohort;
  std::vector<int64_t> users;  // analysed, per cell
  // Earliest and latest first exposure of the users analysed; unset where there are none.
  std::optional<int64_t> first_exposure_micros;
  std::optional<int64_t> last_exposure_micros;
  std::vector<MetricEvidence> metrics;  // in the plan's order
  // Per day of first exposure (UTC; per several days, where they are many), ascending: users analysed, per cell.
  std::vector<std::vector<int64_t>> daily_users;
  int64_t days_per_row = 1;          // of daily_users
  std::vector<int64_t> early_users;  // per cell: with EvidenceSpec::early's event; empty without it
  // [cell * tiers + tier]: users of the cell who are in `tier` afterwards. Empty where no moves were added.
  std::vector<int64_t> flows;
  // Per look of EvidenceSpec::path, per cell: its metric's moments as they stood. Empty where there are too many.
  std::vector<std::vector<JointMoments>> path;
  // More than EvidenceSpec::most_values were to be kept: the metrics that keep them have none.
  bool has_too_many_values = false;

  size_t Cell(int tier, int variant) const { return static_cast<size_t>(tier * variants + variant); }
};

// How one metric's moments grew: as they stood at each look, of exposures and events before it.
struct PathSpec {
  size_t metric = 0;                  // index into MetricPlan::metrics; of events, and without cap_quantile
  std::vector<int64_t> looks_micros;  // ascending
};

// Users with such an event before their first exposure, from `from_micros` on.
struct EarlyEventSpec {
  uint16_t event = 0;  // index into MetricPlan::event_names
  int64_t from_micros = 0;
};

// What to make of the facts.
struct EvidenceSpec {
  // ExposureColumns.variant from it on is a variant that was not asked for, like kOtherName.
  int variants = 0;
  // Per tier: the phase analysed. ExposureColumns.tier indexes it; from its size on it is a tier that was not asked
  // for.
  std::vector<uint32_t> current_phase;
  // EventColumns.name indexes its event_names; events of other names are passed over.
  MetricPlan plan;
  int64_t as_of_micros = 0;
  // Flows are counted so long after first exposure, or at `as_of` where that is earlier.
  int64_t flow_window_micros = std::numeric_limits<int64_t>::max();
  std::optional<PathSpec> path;
  std::optional<EarlyEventSpec> early;
  // Event values kept over all metrics; 8 bytes each.
  int64_t most_values = 20'000'000;
  // At most this many are used by Finish.
  int threads = 1;
};

struct JoinShared;

// Joins exposures with events and moves: first exposure, window, outcome per user, moments per (tier, variant);
// docs/evidence.md has the rules. The evidence depends on the set of facts alone: bit for bit the same in whatever
// order and runs they were added, and with any number of threads. Holds 24 bytes an exposure or a move and 40 an event,
// and in Finish 8 a value kept and 8 a number to be capped. Not thread-safe.
class EvidenceJoin {
 public:
  // REQUIRES: spec.variants >= 0, spec.threads >= 1.
  explicit EvidenceJoin(EvidenceSpec spec);
  EvidenceJoin(const EvidenceJoin&) = delete;
  EvidenceJoin& operator=(const EvidenceJoin&) = delete;

  // In any order; events may come before exposures. REQUIRES: times from year 1970 to 9999; values finite.
  void AddExposures(const ExposureColumns& columns);
  void AddEvents(const EventColumns& columns);
  // REQUIRES: moves of the refreshes up to `as_of`.
  void AddMoves(const MoveColumns& columns);

  // Events outside of it cannot count for any user added so far. Unset where no exposure was added, or no metric is
  // planned.
  std::optional<TimeRange> EventsNeeded() const;
  // The same of moves; unset where no exposure was added.
  std::optional<TimeRange> MovesNeeded() const;

  // REQUIRES: called once, and nothing after it.
  Evidence Finish();

 private:
  void LayOutDays(JoinShared& shared) const;

  EvidenceSpec spec_;
  std::vector<RowPartition<ExposureRow>> exposures_;
  std::vector<RowPartition<EventRow>> events_;
  std::vector<RowPartition<MoveRow>> moves_;
  bool has_moves_ = false;
  std::optional<TimeRange> exposure_times_;  // of all exposures added
};

}  // namespace tierwise
