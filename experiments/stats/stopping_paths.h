// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "experiments/stats/continuation_density.h"
#include "experiments/stats/group_sequential.h"

namespace tierwise {

// All looks of one group-sequential test, worked out once under no effect and asked for any drift.
class StoppingPaths {
 public:
  // `boundaries` valid as for PowerOf; drifts up to `max_drift` in size will be asked.
  StoppingPaths(absl::Span<const LookBoundary> boundaries, int sided, double max_drift);

  size_t looks() const { return looks_.size(); }
  // Whether a look brought new information; one that did not cannot stop.
  bool IsLook(size_t look) const { return looks_[look].is_new; }
  // P(no rejection before `look` and Z >= z there), or Z <= z.
  double UpperTail(size_t look, double z, double drift) const;
  double LowerTail(size_t look, double z, double drift) const;
  // P(rejection at `look`, not before), on each side.
  double UpperExit(size_t look, double drift) const;
  double LowerExit(size_t look, double drift) const;

 private:
  struct Look {
    ContinuationDensity before;  // the paths that reach this look
    double information;
    double critical_z;
    bool is_new;
  };

  int sided_;
  std::vector<Look> looks_;
};

}  // namespace tierwise
