// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/stats/estimate.h"

namespace tierwise {

// A relative lift: (treatment - control) / |control|. Without a control mean it does not exist: +-inf or, for 0/0, 0,
// with gap kZeroControl.
struct RelativeLift {
  Method method = Method::kFieller;
  Gap gap = Gap::kNone;
  double lift = 0.0;
  Interval interval = {};
  double confidence = 0.95;
};

// The confidence set for numerator / denominator, two correlated means with squared standard errors, by Fieller's
// theorem with `critical` standard errors. Unbounded where the denominator is within `critical` standard errors of 0.
Interval FiellerInterval(double numerator, double numerator_variance, double denominator, double denominator_variance,
                         double covariance, double critical);

// Fieller's interval: right for any means, unbounded (kUnbounded) where the control mean is not told apart from zero.
// Student's t at means.df. InvalidArgument names the field.
absl::StatusOr<RelativeLift> FiellerLift(const ArmMeans& means, double confidence);

// Katz's interval: ln(treatment / control) is taken as normal, which suits rates and other means far from 0 (Katz et
// al. 1978). Unbounded (kUnbounded) where the means have different signs or one is 0.
absl::StatusOr<RelativeLift> KatzLift(const ArmMeans& means, double confidence);
// Standard error of ln(treatment / control). REQUIRES: both means non-zero.
double LogRatioSe(const ArmMeans& means);

// The delta-method interval, for comparison with other engines: it misses on one side until about a thousand
// conversions.
absl::StatusOr<RelativeLift> DeltaLift(const ArmMeans& means, double confidence);
// First-order standard error of the relative lift. REQUIRES: means.control non-zero.
double DeltaLiftSe(const ArmMeans& means);

}  // namespace tierwise
