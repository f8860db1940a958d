// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/analysis/comparison.h"
#include "experiments/stats/quantiles.h"

namespace tierwise {

// The quantile of one arm's values (docs/statistics.md#quantiles), for a metric whose report is read at any confidence:
// the density at the quantile is estimated over the width of a 95 % interval. `values` stand user by user. An arm
// without values has the gap kNoUsers. InvalidArgument as EstimateQuantileByUser.
absl::StatusOr<QuantileEstimate> ArmQuantile(absl::Span<const double> values, absl::Span<const int64_t> user_values,
                                             double probability);

// `users` of both arms, with or without values.
struct QuantileArms {
  const QuantileEstimate& control;
  const QuantileEstimate& treatment;
  int64_t users = 0;
};

// Treatment against control at a fixed horizon. `shown.reason` says what a gap means for a quantile.
absl::StatusOr<ArmComparison> CompareQuantileArms(const QuantileArms& arms, double confidence);

// The quantile with its error; `users` and `total`, here the number of values, are the caller's.
v1::ArmSummary SummarizeQuantile(const QuantileEstimate& quantile);

}  // namespace tierwise
