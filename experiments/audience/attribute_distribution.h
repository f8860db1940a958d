// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "experiments/audience/value_tally.h"

namespace tierwise {

// Users whose value is at least `lower` and below `upper`; the last step's `upper` is included.
struct HistogramStep {
  double lower = 0;
  double upper = 0;
  int64_t users = 0;

  friend bool operator==(const HistogramStep&, const HistogramStep&) = default;
};

// How an attribute is distributed over some users; v1::Distribution says what is set for which type.
struct AttributeDistribution {
  int64_t users = 0;
  int64_t missing = 0;
  std::optional<double> mean;
  std::vector<double> quantiles;  // at kDistributionQuantiles
  std::vector<HistogramStep> bins;
  std::vector<ValueUsers> values;
};

inline constexpr double kDistributionQuantiles[] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
inline constexpr int kHistogramSteps = 20;

// The steps of a histogram of several groups, equal, or of equal ratio where the greatest positive value is more than
// 1,000 times the least, and none is negative; zero has then a step of its own. `users` is 0. Empty without values.
std::vector<HistogramStep> StepsFor(absl::Span<const std::vector<double>> groups);

// Mean, quantiles (nearest rank) and histogram of the numbers of one group. Sorts `values`, which are finite.
AttributeDistribution DistributionOf(std::vector<double>& values, absl::Span<const HistogramStep> steps);

// The value at quantile `q` of `sorted` by nearest rank: the least one that at least this share of values do not
// exceed. REQUIRES: some values, ascending; 0 <= q <= 1.
double NearestRank(absl::Span<const double> sorted, double q);

}  // namespace tierwise
