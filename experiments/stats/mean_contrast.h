// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/relative_lift.h"

namespace tierwise {

// Inference on treatment - ratio * control from two arms' means: one statistic, of which the test and all intervals are
// inversions, so that they never disagree. It is studentised, and corrected for skewness where the means' third moments
// are known; where they are not it is Welch's, and the lift's interval Fieller's.
class MeanContrast {
 public:
  // REQUIRES: CheckArmMeans(means) is ok.
  explicit MeanContrast(const ArmMeans& means) : means_(means) {}

  const ArmMeans& means() const { return means_; }
  bool is_corrected() const { return means_.thirds.has_value(); }
  // Standard errors, as Student's t at means().df sees them, of treatment - ratio * control from 0; 0 where nothing
  // varies.
  double Statistic(double ratio = 1.0) const;
  // The differences, and the relative lifts, whose statistic is within `critical`. The lift's is unbounded where the
  // control's mean is within `critical` of 0. REQUIRES: critical > 0; +inf gives the unbounded interval.
  Interval Difference(double critical) const;
  Interval Lift(double critical) const;

 private:
  // Treatment and control weigh cos(angle) and -sin(angle): the ratio is tan(angle), and +-inf is an angle like others.
  struct Studentized {
    double statistic;
    double skewness;
  };
  Studentized At(double cosine, double sine) const;
  double LiftEnd(double w) const;

  ArmMeans means_;
};

// Treatment - control with test and interval at a fixed horizon; `classical` names the method where there is no
// correction, else it is kSkewnessCorrected. Gaps as MakeEstimate. InvalidArgument names the field.
absl::StatusOr<Estimate> CompareContrast(const MeanContrast& contrast, Method classical, double confidence);
// The relative lift: kSkewnessCorrected, or FiellerLift where there is no correction. InvalidArgument names the field.
absl::StatusOr<RelativeLift> ContrastLift(const MeanContrast& contrast, double confidence);

}  // namespace tierwise
