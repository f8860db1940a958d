// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "experiments/base/fact_rows.h"
#include "experiments/evidence/evidence.h"
#include "experiments/evidence/outcome_path.h"
#include "experiments/evidence/user_outcomes.h"

namespace tierwise {

// What all blocks of a join share.
struct JoinShared {
  const EvidenceSpec& spec;
  const UserOutcomes& user_outcomes;
  bool has_moves = false;
  // Day d of EvidenceJoin's exposures is at `daily_users[(d - first_day) / days_per_row]`.
  int64_t first_day = 0;
  int64_t days_per_row = 1;
  size_t day_rows = 0;
  mutable std::atomic<int64_t> values_kept = 0;
};

inline constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;
// The UTC day of a time, from 1970 on.
inline int64_t DayOf(int64_t time_micros) { return time_micros / kDayMicros; }

// Users' numbers of a metric whose cap is not known yet, in UserOrder; not those whose numbers are all 0.
struct UncappedOutcomes {
  std::vector<uint32_t> cells;
  std::vector<double> numbers;  // of each user, its variables
};

// The evidence of a part of the users. Moments are of those users only whose outcomes are not all 0, and of metrics
// with a cap_quantile there are none yet.
struct BlockEvidence {
  Evidence evidence;
  std::optional<OutcomePath> path;
  std::vector<UncappedOutcomes> uncapped;  // per metric
};

// The evidence of nobody.
BlockEvidence EmptyBlock(const JoinShared& shared);

// Joins some of the partitions, one after the other. Not thread-safe; several may share `shared`.
class BlockJoin {
 public:
  // `shared` must outlive it.
  explicit BlockJoin(const JoinShared& shared);

  // Leaves the partitions empty.
  void Join(RowPartition<ExposureRow>& exposures, RowPartition<EventRow>& events, RowPartition<MoveRow>& moves);

  BlockEvidence Take() { return std::move(block_); }

 private:
  void AddUser(absl::Span<const ExposureRow> exposures, absl::Span<const EventRow> events,
               absl::Span<const MoveRow> moves);
  void AddTimes(int64_t time_micros, size_t cell);
  void AddEarlyEvent(const UserFacts& user, size_t cell);
  void AddFlow(const UserFacts& user, size_t cell);
  void AddOutcomes(const UserFacts& user, size_t cell);
  void AddValues(size_t metric, const UserFacts& user, size_t cell);

  const JoinShared& shared_;
  const EvidenceSpec& spec_;
  int64_t longest_window_micros_ = 0;
  std::vector<ExposureRow> exposures_;
  std::vector<EventRow> events_;
  std::vector<MoveRow> moves_;
  std::vector<double> outcomes_;
  BlockEvidence block_;
};

}  // namespace tierwise
