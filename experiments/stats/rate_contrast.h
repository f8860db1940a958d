// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/relative_lift.h"

namespace tierwise {

// Two arms' conversions within one tier, and what the tier weighs.
struct RateStratum {
  Proportion control;
  Proportion treatment;
  double weight = 1.0;  // the weights of all strata add up to 1
};

// Inference on treatment rate - ratio * control rate, weighted over strata: one statistic, of which the test and all
// intervals are inversions. It is the score statistic, with the variance of the rates of greatest likelihood under the
// hypothesis in each stratum (Miettinen & Nurminen 1985; Koopman 1984 for the ratio), corrected for skewness (Gart &
// Nam 1988). No case lacks an answer: arms without conversions, or with nothing but conversions, included.
class RateContrast {
 public:
  // REQUIRES: 0 <= conversions <= users and users > 0 in every arm; weights >= 0 that add up to 1.
  explicit RateContrast(std::vector<RateStratum> strata);

  // The rates with unpooled errors.
  const ArmMeans& means() const { return means_; }
  // Treatment rate - control rate.
  double difference() const { return difference_; }
  // Whether some users of a stratum convert and others do not: without, nothing can be tested.
  bool varies() const;
  // Standard errors, as the normal sees them, of treatment rate - ratio * control rate from 0; 0 where the hypothesis
  // leaves nothing to vary. REQUIRES: ratio > 0.
  double Statistic(double ratio = 1.0) const;
  // The differences, and the relative lifts, whose statistic is within `critical`. Differences stay within [-1, 1]; the
  // lift's lower end is -1 without conversions in the treatment and its upper end +inf without any in the control.
  // REQUIRES: critical > 0; +inf gives the widest interval.
  Interval Difference(double critical) const;
  Interval Lift(double critical) const;

 private:
  struct Score {
    double statistic;
    double skewness;
  };
  Score AtRatio(double cosine, double sine) const;
  Score AtDifference(double difference) const;

  std::vector<RateStratum> strata_;
  ArmMeans means_;
  double difference_;
};

// Treatment rate - control rate, kSkewnessScore. kZeroVariance where all users of all strata convert or none.
// InvalidArgument names the field.
absl::StatusOr<Estimate> CompareContrast(const RateContrast& contrast, double confidence);
// The relative lift, kSkewnessScore; kZeroControl, with an interval all the same, without conversions in the control.
// InvalidArgument names the field.
absl::StatusOr<RelativeLift> ContrastLift(const RateContrast& contrast, double confidence);

}  // namespace tierwise
