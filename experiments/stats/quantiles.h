// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// One arm's quantile of event values, several of which may belong to one user.
struct QuantileEstimate {
  // kTooFewUsers where a Woodruff limit falls outside the sample, kZeroVariance where ties leave no width: `se` is then
  // +inf.
  Gap gap = Gap::kNone;
  int64_t values = 0;
  int64_t users = 0;
  double value = 0.0;         // linear interpolation between order statistics, Hyndman & Fan's type 7
  double inverse_ecdf = 0.0;  // the smallest value that at least the share `quantile` does not exceed, type 1

  // Distribution-free interval between order statistics, taking values as independent; unbounded where no order
  // statistic is far enough out. Ranks count from 1; 0 and values + 1 stand for the unbounded ends.
  Interval order_interval = {};
  int64_t lower_rank = 0;
  int64_t upper_rank = 0;
  double order_coverage = 0.0;

  // Woodruff's limits: the quantiles at the shares lower_share and upper_share, quantile -+ z sqrt(quantile (1 -
  // quantile) / values).
  double lower_share = 0.0;
  double upper_share = 0.0;
  double lower_value = 0.0;
  double upper_value = 0.0;
  double se_independent = 0.0;  // (upper_value - lower_value) / 2z, values as independent

  // The share of values up to `value`, as a ratio of users' totals, varies `design_effect` times as much as independent
  // values would (Deng, Knoblich & Lu 2018).
  double share_variance = 0.0;
  double independent_share_variance = 0.0;
  double design_effect = 1.0;
  double se = 0.0;  // se_independent * sqrt(design_effect); se_independent where each user has one value
};

// `users[i]` is the user of `values[i]`; an empty `users` says that each value has its own. 0 < quantile < 1.
// InvalidArgument names the field: no values, a value that is not finite, sizes that differ.
absl::StatusOr<QuantileEstimate> EstimateQuantile(absl::Span<const double> values, absl::Span<const int64_t> users,
                                                  double quantile, double confidence);

// The same of values that stand user by user, `user_values[u]` of them belonging to user u: without a pass to sort them
// by user. InvalidArgument also where those do not add up to the values, or one is not above 0.
absl::StatusOr<QuantileEstimate> EstimateQuantileByUser(absl::Span<const double> values,
                                                        absl::Span<const int64_t> user_values, double quantile,
                                                        double confidence);

// treatment quantile - control quantile, normal. Where either arm has a gap, the effect stands without test and
// interval.
Estimate CompareQuantiles(const QuantileEstimate& control, const QuantileEstimate& treatment, double confidence);

// The arms' quantiles with squared standard errors. REQUIRES: neither has a gap.
ArmMeans MeansOf(const QuantileEstimate& control, const QuantileEstimate& treatment);

}  // namespace tierwise
