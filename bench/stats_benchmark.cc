// SPDX-License-Identifier: Apache-2.0
// One tier x metric x variant, from moments, by each estimator: the target is under 50 microseconds each, pooling over
// tiers apart.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "experiments/stats/adjustment.h"
#include "experiments/stats/bayes_effects.h"
#include "experiments/stats/bayes_rates.h"
#include "experiments/stats/confidence_sequence.h"
#include "experiments/stats/exact_tests.h"
#include "experiments/stats/group_sequential.h"
#include "experiments/stats/mean_contrast.h"
#include "experiments/stats/means.h"
#include "experiments/stats/pooling.h"
#include "experiments/stats/post_stratification.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/rate_contrast.h"
#include "experiments/stats/ratios.h"
#include "experiments/stats/relative_lift.h"
#include "experiments/stats/srm.h"
#include "experiments/stats/stage_wise.h"

namespace tierwise {
namespace {

constexpr double kConfidence = 0.95;
constexpr Proportion kControl{5000, 100'000};
constexpr Proportion kTreatment{5200, 100'000};
constexpr Proportion kFewControl{3, 1000};
constexpr Proportion kFewTreatment{6, 1000};

// An arm of 2000 users: outcome, denominator and three covariates.
JointMoments DrawArm(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> spend(1.0, 1.0);
  std::normal_distribution<double> normal;
  JointMoments arm(5);
  for (int user = 0; user < 2000; ++user) {
    const double x = spend(random);
    arm.Add({x + spend(random), 1.0 + spend(random), x, normal(random), x + normal(random)});
  }
  return arm;
}

const JointMoments& ControlArm() {
  static const auto* const arm = new JointMoments(DrawArm(1));
  return *arm;
}
const JointMoments& TreatmentArm() {
  static const auto* const arm = new JointMoments(DrawArm(2));
  return *arm;
}

template <typename Estimator>
void Time(benchmark::State& state, Estimator estimate) {
  for (auto _ : state) benchmark::DoNotOptimize(estimate());
}

void BM_CompareProportions(benchmark::State& state) {
  Time(state, [] { return CompareProportions(kControl, kTreatment, kConfidence); });
}
BENCHMARK(BM_CompareProportions);

void BM_CompareProportionsAtSmallCounts(benchmark::State& state) {
  Time(state, [] { return CompareProportions(kFewControl, kFewTreatment, kConfidence); });
}
BENCHMARK(BM_CompareProportionsAtSmallCounts);

void BM_CompareProportionsWithMargin(benchmark::State& state) {
  Time(state, [] { return CompareProportions(kControl, kTreatment, kConfidence, -0.02); });
}
BENCHMARK(BM_CompareProportionsWithMargin);

void BM_MiettinenNurminen(benchmark::State& state) {
  Time(state, [] { return MiettinenNurminenInterval(kControl, kTreatment, kConfidence); });
}
BENCHMARK(BM_MiettinenNurminen);

void BM_ProportionLift(benchmark::State& state) {
  Time(state, [] { return ProportionLift(kControl, kTreatment, kConfidence); });
}
BENCHMARK(BM_ProportionLift);

void BM_CompareMeans(benchmark::State& state) {
  const Moments control = ControlArm().Marginal(0), treatment = TreatmentArm().Marginal(0);
  Time(state, [&] { return CompareMeans(control, treatment, kConfidence); });
}
BENCHMARK(BM_CompareMeans);

// Test and both intervals, corrected for skewness.
void BM_ContrastOfMeans(benchmark::State& state) {
  const Moments control = ControlArm().Marginal(0), treatment = TreatmentArm().Marginal(0);
  Time(state, [&] {
    const MeanContrast contrast(MeansOf(control, treatment));
    return std::pair(CompareContrast(contrast, Method::kWelch, kConfidence), ContrastLift(contrast, kConfidence));
  });
}
BENCHMARK(BM_ContrastOfMeans);

void BM_ContrastOfRates(benchmark::State& state) {
  Time(state, [] {
    const RateContrast contrast(std::vector<RateStratum>{{kControl, kTreatment}});
    return std::pair(CompareContrast(contrast, kConfidence), ContrastLift(contrast, kConfidence));
  });
}
BENCHMARK(BM_ContrastOfRates);

// The same over eight tiers.
void BM_ContrastOfRatesOverTiers(benchmark::State& state) {
  const std::vector<RateStratum> strata(8, {kControl, kTreatment, 0.125});
  Time(state, [&] {
    const RateContrast contrast(strata);
    return std::pair(CompareContrast(contrast, kConfidence), ContrastLift(contrast, kConfidence));
  });
}
BENCHMARK(BM_ContrastOfRatesOverTiers);

void BM_FiellerLift(benchmark::State& state) {
  const ArmMeans means = MeansOf(ControlArm().Marginal(0), TreatmentArm().Marginal(0));
  Time(state, [&] { return FiellerLift(means, kConfidence); });
}
BENCHMARK(BM_FiellerLift);

void BM_LinearContrast(benchmark::State& state) {
  const ArmMeans means = MeansOf(ControlArm().Marginal(0), TreatmentArm().Marginal(0));
  Time(state, [&] { return LinearContrast(means, 0.02, kConfidence); });
}
BENCHMARK(BM_LinearContrast);

void BM_CompareRatios(benchmark::State& state) {
  Time(state, [] { return CompareRatios(ControlArm(), TreatmentArm(), kConfidence); });
}
BENCHMARK(BM_CompareRatios);

// With four covariates.
void BM_AdjustMeans(benchmark::State& state) {
  Time(state, [] { return AdjustMeans(ControlArm(), TreatmentArm(), kConfidence); });
}
BENCHMARK(BM_AdjustMeans);

// The ratio linearised and adjusted for three covariates, with Fieller's lift.
void BM_AdjustedRatio(benchmark::State& state) {
  Time(state, [] {
    const auto adjusted = AdjustMeans(LinearizeRatio(ControlArm()), LinearizeRatio(TreatmentArm()), kConfidence);
    return FiellerLift(adjusted->means, kConfidence);
  });
}
BENCHMARK(BM_AdjustedRatio);

void BM_ConfidenceSequence(benchmark::State& state) {
  Time(state, [] {
    return AsymptoticConfidenceSequence({.estimate = 0.002, .std_error = 0.001, .n = 200'000.0, .n_star = 10'000.0});
  });
}
BENCHMARK(BM_ConfidenceSequence);

void BM_BayesianRates(benchmark::State& state) {
  Time(state, [] {
    return CompareRates(*UpdateBeta({}, kControl.conversions, kControl.users),
                        *UpdateBeta({}, kTreatment.conversions, kTreatment.users));
  });
}
BENCHMARK(BM_BayesianRates);

void BM_BayesianEffect(benchmark::State& state) {
  Time(state, [] { return UpdateEffect(WeaklyInformativePrior(), 0.04, 0.02, kConfidence); });
}
BENCHMARK(BM_BayesianEffect);

void BM_SampleRatio(benchmark::State& state) {
  const std::vector<int64_t> counts = {100'200, 99'800, 50'100, 49'900, 20'000};
  const std::vector<double> weights = {10.0, 10.0, 5.0, 5.0, 2.0};
  Time(state, [&] { return CheckSampleRatio(counts, weights); });
}
BENCHMARK(BM_SampleRatio);

// Once for a whole analysis, not for each cell.

void BM_SpendingBoundariesOf28Looks(benchmark::State& state) {
  std::vector<double> fractions;
  for (int day = 1; day <= 28; ++day) fractions.push_back(day / 28.0);
  Time(state, [&] { return SpendingBoundaries({}, fractions, true); });
}
BENCHMARK(BM_SpendingBoundariesOf28Looks)->Unit(benchmark::kMicrosecond);

void BM_StageWiseInferenceAtTheFourteenthLook(benchmark::State& state) {
  std::vector<double> fractions;
  for (int day = 1; day <= 14; ++day) fractions.push_back(day / 28.0);
  const auto boundaries = *SpendingBoundaries({}, fractions, false);
  Time(state, [&] { return InferStageWise(boundaries, 2, 0.03, 0.01, kConfidence); });
}
BENCHMARK(BM_StageWiseInferenceAtTheFourteenthLook)->Unit(benchmark::kMicrosecond);

void BM_PostStratifyEightTiers(benchmark::State& state) {
  const ArmMeans means = MeansOf(ControlArm().Marginal(0), TreatmentArm().Marginal(0));
  const std::vector<Stratum> strata(8, Stratum{4000, means});
  Time(state, [&] { return PostStratify(strata, kConfidence); });
}
BENCHMARK(BM_PostStratifyEightTiers)->Unit(benchmark::kMicrosecond);

void BM_PoolEightTiers(benchmark::State& state) {
  PartialPoolingInput input;
  for (int tier = 0; tier < 8; ++tier) input.effects.push_back({.effect = 0.01 * tier, .se = 0.02 + 0.005 * tier});
  Time(state, [&] { return PoolPartially(input); });
}
BENCHMARK(BM_PoolEightTiers)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tierwise
