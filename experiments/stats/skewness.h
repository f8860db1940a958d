// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "experiments/stats/estimate.h"

namespace tierwise {

// Skewness is what makes tests of a small arm one-sided: where large outcomes are rare, an arm that happens to lack
// them has a low mean and a low standard error together. These functions say where a statistic's quantiles are instead
// of the normal's. All are increasing, keep infinity, and do nothing at skewness 0; docs/statistics.md#skewness.

// Beyond this the expansions mean nothing; a larger skewness is taken as this.
inline constexpr double kMostSkewness = 2.0;

// The quantile of estimate / standard error, the standard error estimated from the same users, that stands for the
// normal quantile `w`: Cornish & Fisher's expansion of the studentised mean with the terms of the first and second
// order in `skewness`, that of the estimate (Hall 1983).
double StudentizedQuantile(double w, double skewness);
// Its inverse: the normal deviate for a studentised statistic.
double NormalizeStudentized(double statistic, double skewness);

// The quantile of estimate / standard error, the standard error that of the hypothesis, that stands for the normal
// quantile `w`: Wilson & Hilferty's cube. To the first order it is the correction of Gart & Nam (1988).
double ScoreQuantile(double w, double skewness);
// Its inverse.
double NormalizeScore(double statistic, double skewness);

// One arm's users, as a shape: n, variance and third central moment of a single user's outcome.
struct UserShape {
  double users = 0.0;
  double variance = 0.0;
  double third = 0.0;
};
// Third moments of the two arms' means, such that the skewness of their difference is that of two samples of one
// population, whose shape is both arms' together. That of the smaller arm by itself is too uncertain, and too low where
// tails are heavy; and whichever arm happens to have the large outcomes has the larger mean, variance and third moment
// at once, which would favour it. In equal arms the difference is not skewed at all. REQUIRES: users > 0.
ThirdMoments ThirdMomentsOfMeans(const UserShape& control, const UserShape& treatment);

}  // namespace tierwise
