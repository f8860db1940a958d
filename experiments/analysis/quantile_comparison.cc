// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/quantile_comparison.h"

#include <cmath>
#include <string>

#include "experiments/analysis/interval_proto.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/relative_lift.h"

namespace tierwise {
namespace {

constexpr double kWidthConfidence = 0.95;

absl::string_view QuantileReason(Gap gap) {
  switch (gap) {
    case Gap::kNoUsers:
      return "an arm has no values";
    case Gap::kTooFewUsers:
      return "an arm has too few values for this quantile";
    case Gap::kZeroVariance:
      return "an arm's values around the quantile are all the same: ties have no error";
    default:
      return "";
  }
}

void AddInterval(absl::string_view method, const Interval& interval, double confidence, v1::Effect& effect) {
  *effect.add_intervals() = ToProto(interval, method, v1::INTERVAL_KIND_FIXED_HORIZON, confidence);
}

}  // namespace

absl::StatusOr<QuantileEstimate> ArmQuantile(absl::Span<const double> values, absl::Span<const int64_t> user_values,
                                             double probability) {
  if (!values.empty()) return EstimateQuantileByUser(values, user_values, probability, kWidthConfidence);
  QuantileEstimate none;
  none.gap = Gap::kNoUsers;
  return none;
}

absl::StatusOr<ArmComparison> CompareQuantileArms(const QuantileArms& arms, double confidence) {
  ArmComparison comparison;
  v1::Comparison& shown = comparison.shown;
  shown.set_estimator(v1::ESTIMATOR_UNADJUSTED);
  shown.set_users(arms.users);
  const Estimate estimate = CompareQuantiles(arms.control, arms.treatment, confidence);
  shown.set_reason(std::string(QuantileReason(estimate.gap)));
  if (arms.control.gap == Gap::kNoUsers || arms.treatment.gap == Gap::kNoUsers) {
    shown.set_reason(std::string(QuantileReason(Gap::kNoUsers)));
    return comparison;
  }
  v1::Effect& difference = *shown.mutable_difference();
  difference.set_estimate(estimate.effect);
  if (estimate.gap != Gap::kNone) return comparison;
  difference.set_standard_error(estimate.se);
  AddInterval("quantile z", estimate.interval, confidence, difference);
  shown.set_p_value(estimate.test.p);
  shown.set_ln_p_value(estimate.test.log_p);
  shown.set_test("quantile z");
  comparison.means = MeansOf(arms.control, arms.treatment);
  TIERWISE_ASSIGN_OR_RETURN(const RelativeLift lift, FiellerLift(*comparison.means, confidence));
  if (lift.gap == Gap::kNone || lift.gap == Gap::kUnbounded) {
    shown.mutable_lift()->set_estimate(lift.lift);
    AddInterval("Fieller", lift.interval, confidence, *shown.mutable_lift());
  }
  return comparison;
}

v1::ArmSummary SummarizeQuantile(const QuantileEstimate& quantile) {
  v1::ArmSummary arm;
  if (quantile.gap == Gap::kNoUsers) return arm;
  arm.set_mean(quantile.value);
  if (std::isfinite(quantile.se)) arm.set_standard_error(quantile.se);
  return arm;
}

}  // namespace tierwise
