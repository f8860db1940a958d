// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/moments.h"

namespace tierwise {

// Regression adjustment: the difference of means after removing what covariates measured before exposure explain.
// Variable 0 of the moments is the outcome, the others are covariates; a covariate that treatment could have changed
// biases the result.

// A difference of means adjusted with a slope per arm.
struct RegressionAdjustment {
  // For the population the users were drawn from: the covariates' means are then random too, which matters where slopes
  // differ.
  Estimate estimate = {};
  ArmMeans means = {};  // of both arms, predicted at the covariates' means over both
  // The covariates' means taken as given: what heteroscedasticity-robust (HC2) standard errors estimate.
  double conditional_se = 0.0;
  std::vector<double> control_slopes = {};  // one per covariate, 0 where dropped
  std::vector<double> treatment_slopes = {};
  std::vector<bool> is_dropped =
      {};  // collinear with earlier covariates in an arm, constant, or too many for the users
};

// Lin's (2013) estimator from moments: each arm's regression on the covariates predicts its mean at the covariates'
// common mean. Each arm has its own slopes and its own residual variance, so unbalanced arms with different variances
// keep the size of the test. Moments do not hold each user's leverage: the variance RSS / (n - k - 1) x (1 / n +
// distance of the covariate means) stands for HC2 and differs from it by terms of order n^-3/2; AdjustUsers has HC2
// itself. Without usable covariates this is CompareMeans. Gaps as CompareMeans. InvalidArgument names the field.
absl::StatusOr<RegressionAdjustment> AdjustMeans(const JointMoments& control, const JointMoments& treatment,
                                                 double confidence);

// The users of one arm, one row each.
struct UserRows {
  std::vector<double> outcome = {};
  std::vector<double> covariates = {};  // users x covariates, row by row
};

// Lin's estimator from users' rows.
struct UserAdjustment {
  Estimate estimate = {};  // with HC2
  double control_mean = 0.0;
  double treatment_mean = 0.0;
  std::vector<double> control_slopes = {};
  std::vector<double> treatment_slopes = {};
  double se_hc0 = 0.0;
  double se_hc2 = 0.0;
  double se_hc3 = 0.0;
};
// Gaps as CompareMeans; kTooFewUsers also where an arm has no more users than coefficients. InvalidArgument names the
// field.
absl::StatusOr<UserAdjustment> AdjustUsers(const UserRows& control, const UserRows& treatment, int covariates,
                                           double confidence);

// The original CUPED (Deng, Xu, Kohavi & Walker 2013): one slope, `theta`, over both arms and one covariate. Its slope
// is biased towards the arms' difference and shared by arms that may differ: AdjustMeans is preferred.
struct PooledCuped {
  Estimate estimate = {};  // Welch on outcome - theta * covariate
  // The control's raw mean, and that plus the adjusted difference: what a relative lift refers to.
  ArmMeans means = {};
  double theta = 0.0;
  double correlation = 0.0;            // of outcome and covariate over both arms; 0 where one does not vary
  double control_adjusted_mean = 0.0;  // of outcome - theta * covariate
  double treatment_adjusted_mean = 0.0;
};
// REQUIRES nothing but 2 variables. Gaps as CompareMeans. InvalidArgument names the field.
absl::StatusOr<PooledCuped> AdjustByPooledSlope(const JointMoments& control, const JointMoments& treatment,
                                                double confidence);

// Appends a covariate to a user's row: its value and 0, or, where it is missing, 0 and 1. The second number, the
// indicator of missing values, is a covariate of its own: users without the covariate keep their own mean.
void AppendCovariate(std::optional<double> value, std::vector<double>& row);

}  // namespace tierwise
