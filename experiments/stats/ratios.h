// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// A ratio of totals, such as revenue per order, when users are randomised: variable 0 of the moments is a user's
// numerator, variable 1 the denominator, and users with denominator 0 count. Delta method (Deng, Knoblich & Lu 2018).
struct Ratio {
  double ratio = 0.0;
  double unit_variance = 0.0;  // of one user; the squared standard error is unit_variance / n
  double se = 0.0;
  std::optional<double> unit_third = std::nullopt;  // third central moment of one user, where the moments have it
};
// REQUIRES: at least 2 variables and 2 users, mean of the denominator not 0.
Ratio EstimateRatio(const JointMoments& arm);

// Which reference distribution a test and interval use.
enum class Reference { kStudentT, kNormal };

// treatment ratio - control ratio, with Welch's degrees of freedom (kStudentT) or the normal. kNoUsers where an arm is
// empty, kZeroDenominator where its denominators add up to 0, kTooFewUsers, kZeroVariance. InvalidArgument names the
// field.
absl::StatusOr<Estimate> CompareRatios(const JointMoments& control, const JointMoments& treatment, double confidence,
                                       Reference reference = Reference::kStudentT);

// The arms' ratios with squared standard errors and Welch's degrees of freedom. REQUIRES: as EstimateRatio, for both.
ArmMeans MeansOfRatios(const JointMoments& control, const JointMoments& treatment);

// The moments of the linearised ratio R + (m - R d) / mean(d) in place of variables 0 and 1, followed by the other
// variables: its mean is the arm's ratio and its variance the unit variance, so regression adjustment applies to it as
// to any mean. REQUIRES: as EstimateRatio.
JointMoments LinearizeRatio(const JointMoments& arm);

}  // namespace tierwise
