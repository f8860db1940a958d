// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "experiments/stats/bayes_effects.h"
#include "experiments/stats/bayes_rates.h"
#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// P(T > C) as a finite sum, for a whole treatment.alpha (Miller 2014).
double ChanceByFiniteSum(const BetaPosterior& control, const BetaPosterior& treatment) {
  double sum = 0.0;
  for (double i = 0.0; i < treatment.alpha; i += 1.0) {
    sum += std::exp(LogBeta(control.alpha + i, control.beta + treatment.beta) - std::log(treatment.beta + i) -
                    LogBeta(1.0 + i, treatment.beta) - LogBeta(control.alpha, control.beta));
  }
  return sum;
}

TEST(CompareRatesTest, EqualsTheExactFiniteSum) {
  const BetaPosterior pairs[][2] = {
      {{1, 1}, {1, 1}}, {{3, 9}, {7, 2}}, {{1, 1000}, {4, 1000}}, {{120, 20}, {130, 25}}, {{51, 951}, {61, 941}}};
  for (const auto& [control, treatment] : pairs) {
    EXPECT_NEAR(CompareRates(control, treatment)->chance_to_beat_control, ChanceByFiniteSum(control, treatment), 1e-12);
  }
}

TEST(CompareRatesTest, LossesDifferByTheDifferenceOfTheMeansAtAnySize) {
  for (const double scale : {0.01, 1.0, 1e3, 1e6, 1e9}) {
    const BetaPosterior control{0.7 * scale, 9.3 * scale};
    const BetaPosterior treatment{0.71 * scale, 9.1 * scale};
    const RateComparison result = *CompareRates(control, treatment);
    EXPECT_NEAR(result.expected_loss_control - result.expected_loss_treatment, treatment.Mean() - control.Mean(),
                1e-12);
  }
}

TEST(CompareRatesTest, MirrorsWhenTheArmsSwap) {
  const BetaPosterior a{2.5, 38.5}, b{9.5, 51.5};
  const RateComparison ab = *CompareRates(a, b);
  const RateComparison ba = *CompareRates(b, a);
  EXPECT_NEAR(ab.chance_to_beat_control, 1.0 - ba.chance_to_beat_control, 1e-13);
  EXPECT_NEAR(ab.expected_loss_treatment, ba.expected_loss_control, 1e-14);
}

TEST(CompareRatesTest, ArmsOfVeryDifferentSizesAreBothResolved) {
  // A control known exactly leaves P(treatment > 0.05).
  const BetaPosterior control{5e7, 9.5e8}, treatment{4.0, 40.0};
  EXPECT_NEAR(CompareRates(control, treatment)->chance_to_beat_control, BetaSf(0.05, 4.0, 40.0), 1e-6);
}

TEST(CompareRatesTest, BillionsOfUsersAgreeWithTheNormalLimit) {
  const BetaPosterior control{5e7, 9.5e8}, treatment{5.001e7, 9.4999e8};
  const auto variance = [](const BetaPosterior& p) { return p.Mean() * (1.0 - p.Mean()) / (p.alpha + p.beta + 1.0); };
  const double z = (treatment.Mean() - control.Mean()) / std::sqrt(variance(control) + variance(treatment));
  EXPECT_NEAR(CompareRates(control, treatment)->chance_to_beat_control, NormalCdf(z), 1e-6);
}

TEST(CompareRatesTest, RefusesParametersThatAreNotPositive) {
  EXPECT_FALSE(CompareRates({0.0, 1.0}, {1.0, 1.0}).ok());
  EXPECT_FALSE(CompareRates({1.0, 1.0}, {1.0, kInf}).ok());
  EXPECT_FALSE(UpdateBeta({1.0, 1.0}, 3, 2).ok());
  EXPECT_FALSE(UpdateBeta({1.0, 1.0}, -1, 2).ok());
}

TEST(UpdateEffectTest, AFlatPriorLeavesTheEstimate) {
  const EffectPosterior posterior = *UpdateEffect(FlatPrior(), 0.03, 0.02, 0.95);
  EXPECT_DOUBLE_EQ(posterior.mean, 0.03);
  EXPECT_DOUBLE_EQ(posterior.sd, 0.02);
  EXPECT_NEAR(posterior.chance_to_beat_control, NormalCdf(1.5), 1e-15);
  EXPECT_NEAR(posterior.expected_loss_control - posterior.expected_loss_treatment, 0.03, 1e-15);
}

TEST(UpdateEffectTest, PrecisionsAdd) {
  const EffectPosterior posterior = *UpdateEffect({PriorKind::kChosen, 0.01, 0.05}, 0.1, 0.1, 0.95);
  const double precision = 1.0 / 0.0025 + 1.0 / 0.01;
  EXPECT_NEAR(posterior.sd, 1.0 / std::sqrt(precision), 1e-15);
  EXPECT_NEAR(posterior.mean, (0.01 / 0.0025 + 0.1 / 0.01) / precision, 1e-15);
}

TEST(UpdateEffectTest, NothingMeasuredLeavesThePrior) {
  const EffectPosterior posterior = *UpdateEffect(WeaklyInformativePrior(), 0.0, kInf, 0.95);
  EXPECT_EQ(posterior.mean, 0.0);
  EXPECT_EQ(posterior.sd, 0.1);
  EXPECT_FALSE(UpdateEffect(FlatPrior(), 0.0, kInf, 0.95).ok());
}

TEST(UpdateEffectTest, SmallLossesKeepTheirDigits) {
  // E[max(-X, 0)] of N(10, 1) from Mills' ratio in 40-digit arithmetic.
  EXPECT_NEAR(UpdateEffect(FlatPrior(), 10.0, 1.0, 0.95)->expected_loss_treatment / 7.474560254588569e-25, 1.0, 1e-6);
}

TEST(PastCampaignsTest, ThePriorIsThePredictiveDistributionOfANewEffect) {
  std::vector<TierEffect> past;
  for (const double effect : {-0.04, 0.00, 0.02, 0.06, 0.11}) past.push_back({.effect = effect, .se = 0.001});
  const EffectPrior prior = *PriorFromPastCampaigns(past);
  EXPECT_EQ(prior.kind, PriorKind::kPastCampaigns);
  EXPECT_NEAR(prior.mean, 0.03, 1e-4);
  // Sample variance of the effects and the variance of their mean.
  EXPECT_NEAR(prior.sd * prior.sd, 0.0033 * (1.0 + 1.0 / 5.0), 1e-5);
}

TEST(PastCampaignsTest, AgreeingCampaignsDoNotMakeThePriorCertain) {
  const std::vector<TierEffect> past(6, TierEffect{.effect = 0.02, .se = 0.03});
  EXPECT_NEAR(PriorFromPastCampaigns(past)->sd, 0.03 / std::sqrt(6.0), 1e-12);
}

TEST(PastCampaignsTest, NeedsFiveCampaigns) {
  const std::vector<TierEffect> past(4, TierEffect{.effect = 0.02, .se = 0.03});
  EXPECT_EQ(PriorFromPastCampaigns(past).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tierwise
