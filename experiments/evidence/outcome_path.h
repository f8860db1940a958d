// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/evidence/metric_plan.h"
#include "experiments/evidence/user_outcomes.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// One metric's moments as they stood at each of a few moments, the looks: of the users first exposed before it, from
// their events before it. Adding a user costs one update of moments, and one more for each look between two of the
// user's events. Not thread-safe.
class OutcomePath {
 public:
  // Moments per look and cell are kept up to this many; it takes about 150 bytes each.
  static constexpr size_t kMostMoments = 8192;

  // `metric` must outlive it. REQUIRES: looks ascend; looks.size() * cells <= kMostMoments; variables are of events.
  OutcomePath(const PlannedMetric& metric, std::vector<int64_t> looks_micros, size_t cells);

  // Each analysed user once.
  void AddUser(size_t cell, const UserFacts& user);
  // REQUIRES: of the same metric, looks and cells.
  void Merge(const OutcomePath& other);

  // Per look, per cell.
  std::vector<std::vector<JointMoments>> Take() const;

 private:
  // Per look, per cell.
  template <typename T>
  using Table = std::vector<std::vector<T>>;

  size_t LookAfter(int64_t time_micros) const;
  // Looks at which the outcome may differ from that of the look before, ascending.
  std::vector<size_t> ChangesOf(const UserFacts& user) const;
  // Fills outcomes_; returns whether any is not 0.
  bool ComputeAt(size_t look, const UserFacts& user);
  void AddTo(JointMoments& moments) const;

  const PlannedMetric* metric_;
  std::vector<int64_t> looks_micros_;
  Table<int64_t> users_;          // first exposed since the look before
  Table<JointMoments> from_;      // outcomes that stay what they are from this look on, where not 0
  Table<JointMoments> at_;        // outcomes that are such at this look and will change, where not 0
  std::vector<double> outcomes_;  // of the user that is being added
};

}  // namespace tierwise
