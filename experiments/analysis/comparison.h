// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "experiments/analysis/campaign_data.h"
#include "experiments/analysis/sequential_test.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/mean_contrast.h"
#include "experiments/stats/rate_contrast.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// The statistic that a comparison's tests and intervals invert: unadjusted rates have their own.
using Contrast = std::variant<MeanContrast, RateContrast>;

// A variant against the control: as reports show it, and what claims rest on.
struct ArmComparison {
  v1::Comparison shown;
  std::optional<ArmMeans> means;     // nullopt where an arm has too few users for an error
  std::optional<Contrast> contrast;  // there where `means` are
};

// Mean and error of one arm's outcomes, by the metric's kind of outcome. `moments` may be empty.
v1::ArmSummary SummarizeArm(Estimand estimand, const JointMoments& moments);

// What carries the variance of an arm's outcomes: for a rate, users who converted or users who did not, whichever are
// fewer; for a sum the effective number of users who contribute, (sum x)^2 / sum x^2, or a 500th of the users where
// that is more; for a ratio the lesser of its two sides; for a quantile that of the users' numbers of values.
double EventsOf(Estimand estimand, const JointMoments& moments);

// Treatment against control, unadjusted, at a fixed horizon: difference and lift by the estimator of the metric's kind,
// with the intervals that docs/statistics.md names. Tier and variant are left for the caller to fill in.
// InvalidArgument: impossible moments. REQUIRES: no kQuantile, which quantile_comparison.h compares.
absl::StatusOr<ArmComparison> CompareArms(Estimand estimand, const JointMoments& control, const JointMoments& treatment,
                                          double confidence);

// The same adjusted for the variables after the outcome. nullopt where an arm has too few users for that.
// REQUIRES: CompareArms is ok with the same arms; has covariates.
absl::StatusOr<std::optional<ArmComparison>> CompareAdjusted(Estimand estimand, const JointMoments& control,
                                                             const JointMoments& treatment, double confidence);

// Variant `treatment` against control over all tiers: the tiers' differences weighted by the tiers' shares of users.
// `tier_means`: per tier, adjusted or not, as `estimator` says. Tiers without are left out, and named in `reason`.
absl::StatusOr<ArmComparison> ComparePostStratified(const CampaignData& data, const MetricData& metric,
                                                    size_t treatment,
                                                    absl::Span<const std::optional<ArmMeans>> tier_means,
                                                    v1::Estimator estimator, double confidence);

// Standard errors, as the normal sees them, of treatment - ratio * control from 0.
double StatisticOf(const Contrast& contrast, double ratio);

// The effects within `critical` standard errors of what was measured: by the linear contrasts T - (1 + r) C, of which
// the difference is the one with r = 0 and the set of lifts inverts them all. Unbounded with `critical` +inf.
struct ContrastIntervals {
  Interval difference = {};
  Interval lift = {};
};
ContrastIntervals IntervalsOf(const Contrast& contrast, double critical);

// Puts `intervals`, of the sequential rule, in front of the others.
void AddSequentialIntervals(const Contrast& contrast, const ContrastIntervals& intervals, v1::IntervalKind kind,
                            double confidence, v1::Comparison& shown);

}  // namespace tierwise
