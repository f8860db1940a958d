// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
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

// One metric over the users analysed. Cells are numbered as by Evidence::Cell.
struct MetricEvidence {
  std::vector<JointMoments> moments;   // per cell, of the PlannedMetric's variables; n is the cell's users
  std::vector<double> totals;          // per cell, sum of the first variable
  int64_t users_with_open_window = 0;  // whose window had not ended by `as_of`
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

  size_t Cell(int tier, int variant) const { return static_cast<size_t>(tier * variants + variant); }
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
  // At most this many are used by Finish.
  int threads = 1;
};

// Joins exposures with events: first exposure, window, outcome per user, moments per (tier, variant); docs/evidence.md
// has the rules. The evidence depends on the set of facts alone: bit for bit the same in whatever order and runs they
// were added, and with any number of threads. Holds 24 bytes an exposure and 40 an event. Not thread-safe.
class EvidenceJoin {
 public:
  // REQUIRES: spec.variants >= 0, spec.threads >= 1.
  explicit EvidenceJoin(EvidenceSpec spec);
  EvidenceJoin(const EvidenceJoin&) = delete;
  EvidenceJoin& operator=(const EvidenceJoin&) = delete;

  // In any order; events may come before exposures. REQUIRES: times from year 1970 to 9999; values finite.
  void AddExposures(const ExposureColumns& columns);
  void AddEvents(const EventColumns& columns);

  // Events outside of it cannot count for any user added so far. Unset where no exposure was added, or no metric is
  // planned.
  std::optional<TimeRange> EventsNeeded() const;

  // REQUIRES: called once, and nothing after it.
  Evidence Finish();

 private:
  EvidenceSpec spec_;
  std::vector<RowPartition<ExposureRow>> exposures_;
  std::vector<RowPartition<EventRow>> events_;
  std::optional<TimeRange> exposure_times_;  // of all exposures added
};

}  // namespace tierwise
