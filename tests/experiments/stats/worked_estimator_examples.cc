// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "experiments/stats/adjustment.h"
#include "experiments/stats/exact_tests.h"
#include "experiments/stats/mean_contrast.h"
#include "experiments/stats/means.h"
#include "experiments/stats/moments.h"
#include "experiments/stats/post_stratification.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/quantiles.h"
#include "experiments/stats/rate_contrast.h"
#include "experiments/stats/ratios.h"
#include "experiments/stats/relative_lift.h"
#include "experiments/stats/srm.h"
#include "tests/experiments/stats/worked_examples.h"

namespace tierwise {
namespace {

constexpr double kConfidence = 0.95;

std::vector<double> Ends(const Interval& interval) { return {interval.lower, interval.upper}; }

std::vector<int64_t> Whole(const std::vector<double>& values) {
  std::vector<int64_t> whole;
  for (const double value : values) whole.push_back(std::llround(value));
  return whole;
}

// "conversions users".
Proportion ProportionOf(const Given& given, const char* arm) {
  const std::vector<int64_t> counts = Whole(given.List(arm));
  return {counts[0], counts[1]};
}

// "users mean variance".
Moments MomentsOf(const Given& given, const char* arm) {
  const std::vector<double>& values = given.List(arm);
  return {std::llround(values[0]), values[1], values[2] * (values[0] - 1.0)};
}

ArmMeans MeansOf(const Given& given) { return MeansOf(MomentsOf(given, "control"), MomentsOf(given, "treatment")); }

// "users mean mean variance covariance variance".
JointMoments JointMomentsOf(const Given& given, const char* arm) {
  const std::vector<double>& values = given.List(arm);
  const double df = values[0] - 1.0;
  return JointMoments::FromParts(std::llround(values[0]), {values[1], values[2]},
                                 {values[3] * df, values[4] * df, values[5] * df});
}

Results MomentsExample(const Given& given) {
  Moments all, part;
  for (const double x : given.List("part_a")) all.Add(x);
  for (const double x : given.List("part_b")) part.Add(x);
  all.Merge(part);
  return {{"mean", {all.mean}}, {"variance", {all.Variance()}}, {"third", {*all.m3}}};
}

Results OneRate(const Given& given) {
  const Proportion arm = ProportionOf(given, "arm");
  return {{"wilson", Ends(WilsonInterval(arm, kConfidence))},
          {"clopper_pearson", Ends(ClopperPearsonInterval(arm, kConfidence))}};
}

Results Newcombe(const Given& given) {
  const Estimate estimate =
      *CompareProportions(ProportionOf(given, "control"), ProportionOf(given, "treatment"), kConfidence);
  return {{"effect", {estimate.effect}},
          {"se", {estimate.se}},
          {"z", {estimate.test.statistic}},
          {"p", {estimate.test.p}},
          {"interval", Ends(estimate.interval)}};
}

Results MiettinenNurminen(const Given& given) {
  return {{"interval", Ends(MiettinenNurminenInterval(ProportionOf(given, "control"), ProportionOf(given, "treatment"),
                                                      kConfidence))}};
}

Results ExactTests(const Given& given) {
  const Proportion control = ProportionOf(given, "control"), treatment = ProportionOf(given, "treatment");
  return {{"fisher", {*FisherExactP(control, treatment)}},
          {"mid_p", {*FisherExactP(control, treatment, true)}},
          {"boschloo", {BoschlooP(control, treatment)}}};
}

// "users mean variance skewness".
Moments SkewedMomentsOf(const Given& given, const char* arm) {
  Moments moments = MomentsOf(given, arm);
  moments.m3 = static_cast<double>(moments.n) * given.List(arm)[3] * std::pow(moments.Variance(), 1.5);
  return moments;
}

Results Skewness(const Given& given) {
  const Moments control = SkewedMomentsOf(given, "control"), treatment = SkewedMomentsOf(given, "treatment");
  const ArmMeans means = MeansOf(control, treatment);
  const MeanContrast contrast(means);
  const Estimate estimate = *CompareContrast(contrast, Method::kWelch, kConfidence);
  const double third = means.thirds->treatment - means.thirds->control;
  return {{"effect", {estimate.effect}},
          {"se", {estimate.se}},
          {"skewness", {third / std::pow(estimate.se, 3.0)}},
          {"p", {estimate.test.p}},
          {"welch_p", {CompareMeans(control, treatment, kConfidence)->test.p}},
          {"interval", Ends(estimate.interval)},
          {"lift_interval", Ends(ContrastLift(contrast, kConfidence)->interval)}};
}

Results SkewedRates(const Given& given) {
  const Proportion control = ProportionOf(given, "control"), treatment = ProportionOf(given, "treatment");
  const RateContrast contrast(std::vector<RateStratum>{{control, treatment}});
  const Estimate estimate = *CompareContrast(contrast, kConfidence);
  const Proportion both{control.conversions + treatment.conversions, control.users + treatment.users};
  const auto n_c = static_cast<double>(control.users), n_t = static_cast<double>(treatment.users);
  const double rate = both.Rate();
  const double skewness = (1.0 - 2.0 * rate) / std::sqrt(rate * (1.0 - rate)) * (1.0 / n_t / n_t - 1.0 / n_c / n_c) /
                          std::pow(1.0 / n_t + 1.0 / n_c, 1.5);
  return {{"effect", {estimate.effect}},
          {"z", {ScoreTest(control, treatment).test.statistic}},
          {"skewness", {skewness}},
          {"p", {estimate.test.p}},
          {"interval", Ends(estimate.interval)},
          {"lift_interval", Ends(ContrastLift(contrast, kConfidence)->interval)}};
}

Results Welch(const Given& given) {
  const Estimate estimate = *CompareMeans(MomentsOf(given, "control"), MomentsOf(given, "treatment"), kConfidence);
  return {{"effect", {estimate.effect}}, {"se", {estimate.se}},    {"t", {estimate.test.statistic}},
          {"df", {estimate.test.df}},    {"p", {estimate.test.p}}, {"interval", Ends(estimate.interval)}};
}

Results LinearContrastExample(const Given& given) {
  const Estimate estimate = *LinearContrast(MeansOf(given), given.Number("margin"), kConfidence);
  return {{"effect", {estimate.effect}}, {"t", {estimate.test.statistic}}, {"p", {estimate.test.p}}};
}

Results Ratios(const Given& given) {
  const JointMoments control = JointMomentsOf(given, "control"), treatment = JointMomentsOf(given, "treatment");
  const Estimate estimate = *CompareRatios(control, treatment, kConfidence);
  return {{"control_ratio", {EstimateRatio(control).ratio}},
          {"treatment_ratio", {EstimateRatio(treatment).ratio}},
          {"effect", {estimate.effect}},
          {"se", {estimate.se}},
          {"p", {estimate.test.p}},
          {"interval", Ends(estimate.interval)}};
}

Results Quantiles(const Given& given) {
  const QuantileEstimate estimate =
      *EstimateQuantile(given.List("values"), Whole(given.List("users")), given.Number("quantile"), kConfidence);
  return {{"value", {estimate.value}},
          {"order_interval", Ends(estimate.order_interval)},
          {"independent_se", {estimate.se_independent}},
          {"design_effect", {estimate.design_effect}},
          {"se", {estimate.se}}};
}

Results LiftOf(const RelativeLift& lift) { return {{"lift", {lift.lift}}, {"interval", Ends(lift.interval)}}; }

Results RateLift(const Given& given) {
  return LiftOf(*ProportionLift(ProportionOf(given, "control"), ProportionOf(given, "treatment"), kConfidence));
}

Results Fieller(const Given& given) { return LiftOf(*FiellerLift(MeansOf(given), kConfidence)); }

Results Delta(const Given& given) { return {{"interval", Ends(DeltaLift(MeansOf(given), kConfidence)->interval)}}; }

Results Adjustment(const Given& given) {
  const JointMoments control = JointMomentsOf(given, "control"), treatment = JointMomentsOf(given, "treatment");
  const RegressionAdjustment adjusted = *AdjustMeans(control, treatment, kConfidence);
  return {{"effect", {adjusted.estimate.effect}},
          {"se", {adjusted.estimate.se}},
          {"conditional_se", {adjusted.conditional_se}},
          {"raw_se", {CompareMeans(control.Marginal(0), treatment.Marginal(0), kConfidence)->se}},
          {"control_slope", {adjusted.control_slopes[0]}},
          {"treatment_slope", {adjusted.treatment_slopes[0]}}};
}

Results RobustErrors(const Given& given) {
  const UserRows control{given.List("control_outcome"), given.List("control_covariate")};
  const UserRows treatment{given.List("treatment_outcome"), given.List("treatment_covariate")};
  const UserAdjustment adjusted = *AdjustUsers(control, treatment, 1, kConfidence);
  return {{"effect", {adjusted.estimate.effect}},
          {"hc0", {adjusted.se_hc0}},
          {"hc2", {adjusted.se_hc2}},
          {"hc3", {adjusted.se_hc3}}};
}

Results Cuped(const Given& given) {
  const PooledCuped cuped =
      *AdjustByPooledSlope(JointMomentsOf(given, "control"), JointMomentsOf(given, "treatment"), kConfidence);
  return {{"theta", {cuped.theta}},
          {"correlation", {cuped.correlation}},
          {"effect", {cuped.estimate.effect}},
          {"se", {cuped.estimate.se}}};
}

Results PostStratification(const Given& given) {
  std::vector<Stratum> strata;
  const std::vector<double>& users = given.List("users");
  for (size_t k = 0; k < users.size(); ++k) {
    strata.push_back({std::llround(users[k]), ArmMeans{.control = given.List("control_means")[k],
                                                       .control_variance = given.List("control_variances")[k],
                                                       .treatment = given.List("treatment_means")[k],
                                                       .treatment_variance = given.List("treatment_variances")[k]}});
  }
  const PostStratifiedEffect effect = *PostStratify(strata, kConfidence);
  return {{"effect", {effect.estimate.effect}},
          {"se", {effect.estimate.se}},
          {"population_se", {effect.superpopulation.se}},
          {"weights", effect.weights}};
}

// The cap's definition, by the quantile of type 1; the join that finds it is tested in tests/experiments/evidence.
Results Capping(const Given& given) {
  const double cap =
      EstimateQuantile(given.List("before"), {}, given.Number("cap_quantile"), kConfidence)->inverse_ecdf;
  Moments outcomes;
  for (const double outcome : given.List("outcomes")) outcomes.Add(std::min(outcome, cap));
  return {{"cap", {cap}}, {"capped_mean", {outcomes.mean}}};
}

Results EarlyEvents(const Given& given) {
  std::vector<Stratum> strata;
  const std::vector<int64_t> users = Whole(given.List("users"));
  const auto rate = [&](const std::string& arm, size_t tier) {
    return Proportion{Whole(given.List(arm + "_early"))[tier], Whole(given.List(arm + "_users"))[tier]};
  };
  for (size_t k = 0; k < users.size(); ++k) {
    strata.push_back({users[k], MeansOf(rate("control", k), rate("treatment", k))});
  }
  const Estimate difference = PostStratify(strata, kConfidence)->estimate;
  return {{"difference", {difference.effect}}, {"se", {difference.se}}, {"p", {difference.test.p}}};
}

Results SampleRatio(const Given& given) {
  const SampleRatioCheck check = *CheckSampleRatio(Whole(given.List("counts")), given.List("weights"));
  return {{"chi_squared", {check.chi_squared}},
          {"p", {check.p}},
          {"largest_share_deviation", {check.largest_share_deviation}}};
}

Results SequentialRatio(const Given& given) {
  SequentialSampleRatio test = *SequentialSampleRatio::Create(given.List("weights"));
  for (const char* look : {"look_1", "look_2"}) {
    if (!test.Look(Whole(given.List(look))).ok()) return {};
  }
  return {{"log_bayes_factor", {test.log_bayes_factor()}}, {"p", {test.p()}}};
}

}  // namespace

std::vector<WorkedExample> EstimatorExamples() {
  return {{"moments", MomentsExample},
          {"one-rate", OneRate},
          {"newcombe", Newcombe},
          {"miettinen-nurminen", MiettinenNurminen},
          {"exact-tests", ExactTests},
          {"skewness", Skewness},
          {"rates-corrected-for-skewness", SkewedRates},
          {"welch", Welch},
          {"linear-contrast", LinearContrastExample},
          {"ratios", Ratios},
          {"quantiles", Quantiles},
          {"katz", RateLift},
          {"donner-zou", RateLift},
          {"fieller", Fieller},
          {"delta-method", Delta},
          {"regression-adjustment", Adjustment},
          {"robust-errors", RobustErrors},
          {"cuped", Cuped},
          {"post-stratification", PostStratification},
          {"capping", Capping},
          {"events-before-exposure", EarlyEvents},
          {"sample-ratio", SampleRatio},
          {"sequential-sample-ratio", SequentialRatio}};
}

}  // namespace tierwise
