// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/analysis/interval_proto.h"
#include "experiments/analysis/words.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/adjustment.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/means.h"
#include "experiments/stats/post_stratification.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/ratios.h"
#include "experiments/stats/relative_lift.h"

namespace tierwise {
namespace {

Proportion RateOf(const JointMoments& moments) {
  return {std::llround(moments.mean(0) * static_cast<double>(moments.n())), moments.n()};
}

void AddInterval(absl::string_view method, double confidence, const Interval& interval, v1::Effect& effect) {
  *effect.add_intervals() = ToProto(interval, method, v1::INTERVAL_KIND_FIXED_HORIZON, confidence);
}

void FillDifference(const Estimate& estimate, absl::string_view interval_method, v1::Comparison& comparison) {
  if (estimate.gap == Gap::kNoUsers || estimate.gap == Gap::kZeroDenominator) {
    comparison.set_reason(std::string(ReasonWords(estimate.gap)));
    return;
  }
  v1::Effect& difference = *comparison.mutable_difference();
  difference.set_estimate(estimate.effect);
  if (std::isfinite(estimate.se)) difference.set_standard_error(estimate.se);
  if (estimate.gap != Gap::kNone) comparison.set_reason(std::string(ReasonWords(estimate.gap)));
  if (std::isfinite(estimate.interval.lower) || std::isfinite(estimate.interval.upper)) {
    AddInterval(interval_method, estimate.confidence, estimate.interval, difference);
  }
  // Where nothing varies there is no test; a p of 1 would claim that there was one.
  if (estimate.gap != Gap::kNone) return;
  comparison.set_p_value(estimate.test.p);
  comparison.set_ln_p_value(estimate.test.log_p);
  comparison.set_test(std::string(TestWords(estimate.method)));
}

void FillLift(const RelativeLift& lift, v1::Comparison& comparison) {
  if (lift.gap == Gap::kNoUsers) return;
  v1::Effect& out = *comparison.mutable_lift();
  if (lift.gap != Gap::kZeroControl && std::isfinite(lift.lift)) out.set_estimate(lift.lift);
  AddInterval(IntervalWords(lift.method), lift.confidence, lift.interval, out);
  if (lift.gap != Gap::kNone && comparison.reason().empty()) comparison.set_reason(std::string(ReasonWords(lift.gap)));
}

absl::Status CompareRates(const JointMoments& control, const JointMoments& treatment, double confidence,
                          v1::Comparison& comparison) {
  const Proportion c = RateOf(control);
  const Proportion t = RateOf(treatment);
  // Checks the counts, and has the exact test where they are small.
  TIERWISE_ASSIGN_OR_RETURN(const Estimate classical, CompareProportions(c, t, confidence));
  const RateContrast contrast({{c, t}});
  TIERWISE_ASSIGN_OR_RETURN(Estimate estimate, CompareContrast(contrast, confidence));
  if (classical.method == Method::kFisherMidP) {
    estimate.method = classical.method;
    estimate.gap = classical.gap;
    estimate.test = classical.test;
  }
  FillDifference(estimate, IntervalWords(Method::kSkewnessScore), comparison);
  const ProportionTest wald = WaldTest(c, t);
  const double half = CriticalValue(confidence, std::numeric_limits<double>::infinity()) * wald.se;
  AddInterval(IntervalWords(Method::kWald), confidence, {estimate.effect - half, estimate.effect + half},
              *comparison.mutable_difference());
  TIERWISE_ASSIGN_OR_RETURN(const RelativeLift lift, ContrastLift(contrast, confidence));
  FillLift(lift, comparison);
  return absl::OkStatus();
}

// The arms' means as far as there are any: what effects over tiers and lifts are made of.
std::optional<ArmMeans> ArmMeansOf(Estimand estimand, const JointMoments& control, const JointMoments& treatment) {
  if (control.n() < 2 || treatment.n() < 2) return std::nullopt;
  switch (estimand) {
    case Estimand::kRate:
      return MeansOf(RateOf(control), RateOf(treatment));
    case Estimand::kMean:
      return MeansOf(control.Marginal(0), treatment.Marginal(0));
    case Estimand::kRatio:
      if (control.mean(1) == 0.0 || treatment.mean(1) == 0.0) return std::nullopt;
      return MeansOfRatios(control, treatment);
    case Estimand::kQuantile:
      break;  // see quantile_comparison.h
  }
  return std::nullopt;
}

// Difference and lift from the arms' means, by the statistic of `contrast`; `classical` names the method where it does
// not correct for skewness, and that of the interval beside it where it does.
absl::Status FillFromMeans(const MeanContrast& contrast, Method classical, double confidence,
                           v1::Comparison& comparison) {
  TIERWISE_ASSIGN_OR_RETURN(const Estimate estimate, CompareContrast(contrast, classical, confidence));
  FillDifference(estimate, IntervalWords(estimate.method), comparison);
  if (estimate.method == Method::kSkewnessCorrected) {
    const ArmMeans& means = contrast.means();
    const Estimate uncorrected = MakeEstimate(classical, estimate.effect, estimate.se, means.df, confidence);
    AddInterval(IntervalWords(classical), confidence, uncorrected.interval, *comparison.mutable_difference());
  }
  TIERWISE_ASSIGN_OR_RETURN(const RelativeLift lift, ContrastLift(contrast, confidence));
  FillLift(lift, comparison);
  return absl::OkStatus();
}

absl::Status CompareMeansOrRatios(Estimand estimand, const JointMoments& control, const JointMoments& treatment,
                                  double confidence, v1::Comparison& comparison) {
  // Checks the moments, and says what is missing where there are no errors.
  auto classical = estimand == Estimand::kRatio ? CompareRatios(control, treatment, confidence)
                                                : CompareMeans(control.Marginal(0), treatment.Marginal(0), confidence);
  TIERWISE_RETURN_IF_ERROR(classical.status());
  if (const std::optional<ArmMeans> means = ArmMeansOf(estimand, control, treatment)) {
    return FillFromMeans(MeanContrast(*means), classical->method, confidence, comparison);
  }
  FillDifference(*classical, IntervalWords(classical->method), comparison);
  return absl::OkStatus();
}

// The rates of the tiers that weigh anything.
RateContrast StratifiedRates(const CampaignData& data, const MetricData& metric, size_t treatment,
                             absl::Span<const double> weights) {
  const auto control = static_cast<size_t>(data.control);
  std::vector<RateStratum> strata;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    if (weights[tier] == 0.0) continue;
    strata.push_back({RateOf(metric.cells[data.CellOf(tier, control)]),
                      RateOf(metric.cells[data.CellOf(tier, treatment)]), weights[tier]});
  }
  return RateContrast(std::move(strata));
}

// (sum x)^2 / sum x^2: the users who convert, for outcomes of 0 and 1; fewer the more unequal contributions are.
// Outcomes of both signs may add up to nothing: a 500th of the users is then enough.
double EffectiveContributors(const Moments& moments) {
  const auto n = static_cast<double>(moments.n);
  const double squares = n * moments.mean * moments.mean + moments.m2;
  const double effective = squares > 0.0 ? n * moments.mean * (n * moments.mean / squares) : 0.0;
  return std::max(effective, n / 500.0);
}

void PutInFront(v1::Interval interval, v1::Effect& effect) {
  *effect.add_intervals() = std::move(interval);
  for (int i = effect.intervals_size() - 1; i > 0; --i) effect.mutable_intervals()->SwapElements(i, i - 1);
}

}  // namespace

v1::ArmSummary SummarizeArm(Estimand estimand, const JointMoments& moments) {
  v1::ArmSummary arm;
  arm.set_users(moments.n());
  if (moments.n() == 0) return arm;
  const auto n = static_cast<double>(moments.n());
  const double mean = moments.mean(0);
  arm.set_total(estimand == Estimand::kRate ? static_cast<double>(RateOf(moments).conversions) : mean * n);
  switch (estimand) {
    case Estimand::kRate:
      arm.set_mean(mean);
      arm.set_standard_error(std::sqrt(mean * (1.0 - mean) / n));
      break;
    case Estimand::kMean:
      arm.set_mean(mean);
      if (moments.n() >= 2) arm.set_standard_error(std::sqrt(moments.Covariance(0, 0) / n));
      break;
    case Estimand::kRatio:
      if (moments.mean(1) == 0.0) break;
      arm.set_mean(mean / moments.mean(1));
      if (moments.n() >= 2) arm.set_standard_error(EstimateRatio(moments).se);
      break;
    case Estimand::kQuantile:
      break;  // see quantile_comparison.h
  }
  return arm;
}

double EventsOf(Estimand estimand, const JointMoments& moments) {
  if (moments.n() == 0) return 0.0;
  if (estimand == Estimand::kRate) {
    const Proportion rate = RateOf(moments);
    return static_cast<double>(std::min(rate.conversions, rate.users - rate.conversions));
  }
  const double events = EffectiveContributors(moments.Marginal(0));
  return estimand == Estimand::kRatio ? std::min(events, EffectiveContributors(moments.Marginal(1))) : events;
}

absl::StatusOr<ArmComparison> CompareArms(Estimand estimand, const JointMoments& control, const JointMoments& treatment,
                                          double confidence) {
  ArmComparison comparison;
  comparison.shown.set_estimator(v1::ESTIMATOR_UNADJUSTED);
  comparison.shown.set_users(control.n() + treatment.n());
  if (control.n() == 0 || treatment.n() == 0) {
    comparison.shown.set_reason(std::string(ReasonWords(Gap::kNoUsers)));
    return comparison;
  }
  TIERWISE_RETURN_IF_ERROR(estimand == Estimand::kRate
                               ? CompareRates(control, treatment, confidence, comparison.shown)
                               : CompareMeansOrRatios(estimand, control, treatment, confidence, comparison.shown));
  comparison.means = ArmMeansOf(estimand, control, treatment);
  if (!comparison.means.has_value()) return comparison;
  if (estimand == Estimand::kRate) {
    comparison.contrast = RateContrast({{RateOf(control), RateOf(treatment)}});
  } else {
    comparison.contrast = MeanContrast(*comparison.means);
  }
  return comparison;
}

absl::StatusOr<std::optional<ArmComparison>> CompareAdjusted(Estimand estimand, const JointMoments& control,
                                                             const JointMoments& treatment, double confidence) {
  if (!ArmMeansOf(estimand, control, treatment).has_value()) return std::nullopt;
  const bool is_ratio = estimand == Estimand::kRatio;
  TIERWISE_ASSIGN_OR_RETURN(const RegressionAdjustment adjustment,
                            is_ratio ? AdjustMeans(LinearizeRatio(control), LinearizeRatio(treatment), confidence)
                                     : AdjustMeans(control, treatment, confidence));
  if (adjustment.estimate.gap != Gap::kNone) return std::nullopt;
  ArmComparison comparison;
  comparison.shown.set_estimator(v1::ESTIMATOR_REGRESSION_ADJUSTED);
  comparison.shown.set_users(control.n() + treatment.n());
  comparison.means = adjustment.means;
  const MeanContrast contrast(adjustment.means);
  TIERWISE_RETURN_IF_ERROR(FillFromMeans(contrast, adjustment.estimate.method, confidence, comparison.shown));
  comparison.contrast = contrast;
  return comparison;
}

absl::StatusOr<ArmComparison> ComparePostStratified(const CampaignData& data, const MetricData& metric,
                                                    size_t treatment,
                                                    absl::Span<const std::optional<ArmMeans>> tier_means,
                                                    v1::Estimator estimator, double confidence) {
  const auto control = static_cast<size_t>(data.control);
  std::vector<Stratum> strata;
  ArmComparison comparison;
  v1::Comparison& shown = comparison.shown;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    strata.push_back({data.UsersOfTier(tier), tier_means[tier]});
    if (!tier_means[tier].has_value()) continue;
    shown.set_users(shown.users() + metric.cells[data.CellOf(tier, control)].n() +
                    metric.cells[data.CellOf(tier, treatment)].n());
  }
  TIERWISE_ASSIGN_OR_RETURN(const PostStratifiedEffect effect, PostStratify(strata, confidence));

  shown.set_estimator(estimator);
  if (effect.covered_users == 0) {
    FillDifference(effect.estimate, "", shown);
    return comparison;
  }
  comparison.means = effect.means;
  if (metric.estimand == Estimand::kRate && estimator == v1::ESTIMATOR_POST_STRATIFIED) {
    const RateContrast contrast = StratifiedRates(data, metric, treatment, effect.weights);
    TIERWISE_ASSIGN_OR_RETURN(const Estimate estimate, CompareContrast(contrast, confidence));
    FillDifference(estimate, IntervalWords(estimate.method), shown);
    TIERWISE_ASSIGN_OR_RETURN(const RelativeLift lift, ContrastLift(contrast, confidence));
    FillLift(lift, shown);
    comparison.contrast = contrast;
  } else {
    const MeanContrast contrast(effect.means);
    TIERWISE_RETURN_IF_ERROR(FillFromMeans(contrast, effect.estimate.method, confidence, shown));
    comparison.contrast = contrast;
  }

  std::vector<std::string> left_out;
  for (const size_t tier : effect.excluded) {
    if (strata[tier].users > 0) left_out.push_back(data.tiers[tier].id);
  }
  if (!left_out.empty()) {
    shown.set_reason(absl::StrCat(shown.reason(), shown.reason().empty() ? "" : "; ", "without ",
                                  absl::StrJoin(left_out, ", "), ", which lack users in an arm"));
  }
  return comparison;
}

double StatisticOf(const Contrast& contrast, double ratio) {
  return std::visit([ratio](const auto& each) { return each.Statistic(ratio); }, contrast);
}

ContrastIntervals IntervalsOf(const Contrast& contrast, double critical) {
  if (!std::isfinite(critical)) return {};
  return std::visit(
      [critical](const auto& each) {
        return ContrastIntervals{each.Difference(critical), each.Lift(critical)};
      },
      contrast);
}

void AddSequentialIntervals(const Contrast& contrast, const ContrastIntervals& intervals, v1::IntervalKind kind,
                            double confidence, v1::Comparison& shown) {
  absl::string_view difference = "normal", lift = "Fieller";
  if (std::holds_alternative<RateContrast>(contrast)) {
    difference = lift = IntervalWords(Method::kSkewnessScore);
  } else if (std::get<MeanContrast>(contrast).is_corrected()) {
    difference = lift = IntervalWords(Method::kSkewnessCorrected);
  }
  PutInFront(ToProto(intervals.difference, difference, kind, confidence), *shown.mutable_difference());
  if (shown.has_lift()) PutInFront(ToProto(intervals.lift, lift, kind, confidence), *shown.mutable_lift());
}

}  // namespace tierwise
