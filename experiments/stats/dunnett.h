// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// Several variants against one control (Dunnett 1955): the comparisons share the control's error, so their z-statistics
// correlate lambda_i lambda_j with lambda_i^2 = VC / (VC + VT_i), and the largest exceeds a bound less often than
// Bonferroni supposes. Large-sample: variances count as known.

// One variant's effect against the common control.
struct ManyToOne {
  double effect = 0.0;              // treatment - control
  double treatment_variance = 0.0;  // squared standard error of the variant's mean
};

struct DunnettComparison {
  double z = 0.0;
  double adjusted_p = 1.0;  // two-sided, of the largest |z| over the family
  Interval interval;        // simultaneous; excludes 0 exactly where adjusted_p < alpha
};

struct DunnettResult {
  double critical_z = 0.0;  // two-sided
  std::vector<DunnettComparison> comparisons;
};

// `control_variance`: squared standard error of the control's mean. InvalidArgument: no variant, a variance that is
// negative or not finite, or a comparison whose variances are both 0.
absl::StatusOr<DunnettResult> CompareWithControl(absl::Span<const ManyToOne> variants, double control_variance,
                                                 double alpha);

// P(max |Z_i| > z) for standard normal Z_i with correlations lambda_i lambda_j, 0 <= lambda_i <= 1, by one integral
// over the common error. Absolute error below 1e-12.
double LargestAbsoluteZSf(double z, absl::Span<const double> lambdas);

}  // namespace tierwise
