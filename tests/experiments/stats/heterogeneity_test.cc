// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/heterogeneity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "experiments/stats/pooling.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

// Log risk ratios of the 13 BCG vaccine trials of Colditz et al. (1994).
std::vector<TierEffect> BcgTrials() {
  // Vaccinated with and without tuberculosis, controls with and without.
  constexpr double kCounts[13][4] = {{4, 119, 11, 128},       {6, 300, 29, 274},        {3, 228, 11, 209},
                                     {62, 13536, 248, 12619}, {33, 5036, 47, 5761},     {180, 1361, 372, 1079},
                                     {8, 2537, 10, 619},      {505, 87886, 499, 87892}, {29, 7470, 45, 7232},
                                     {17, 1699, 65, 1600},    {186, 50448, 141, 27197}, {5, 2493, 3, 2338},
                                     {27, 16886, 29, 17825}};
  std::vector<TierEffect> trials;
  for (const auto& [a, b, c, d] : kCounts) {
    trials.push_back({.effect = std::log(a / (a + b) / (c / (c + d))),
                      .se = std::sqrt(1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d))});
  }
  return trials;
}

TEST(HeterogeneityTest, BcgTrialsAreAsPublished) {
  const std::vector<TierEffect> trials = BcgTrials();
  const Heterogeneity test = *TestHeterogeneity(trials, 0.95);
  EXPECT_NEAR(test.q, 152.23, 0.005);
  EXPECT_EQ(test.df, 12);
  EXPECT_NEAR(test.i2, 0.921, 0.0005);
  // Viechtbauer (2007), Table 3: tau^2 from 0.1197 to 1.1115 for REML's Q-profile.
  EXPECT_NEAR(test.tau.lower * test.tau.lower, 0.1197, 0.00006);
  EXPECT_NEAR(test.tau.upper * test.tau.upper, 1.1115, 0.00006);

  const RandomEffects dl = *PoolEffects(trials, TauMethod::kDerSimonianLaird, 0.95);
  EXPECT_NEAR(dl.tau2, 0.3088, 0.00005);
  EXPECT_NEAR(dl.mean, -0.7141, 0.00005);
  EXPECT_NEAR(dl.se, 0.1787, 0.00005);
  const RandomEffects reml = *PoolEffects(trials, TauMethod::kRestrictedLikelihood, 0.95);
  EXPECT_NEAR(reml.tau2, 0.3132, 0.00005);
  EXPECT_NEAR(reml.mean, -0.7145, 0.00005);
  EXPECT_NEAR(reml.se, 0.1798, 0.00005);
  EXPECT_NEAR(PoolEffects(trials, TauMethod::kPauleMandel, 0.95)->tau2, 0.3181, 0.00005);
}

// Efron & Morris (1975): batting averages after 45 at-bats of 1970 and for the rest of the season.
TEST(HeterogeneityTest, ShrinkingPredictsBattingAveragesBetterAsPublished) {
  constexpr double kEarly[] = {.400, .378, .356, .333, .311, .311, .289, .267, .244,
                               .244, .222, .222, .222, .222, .222, .200, .178, .156};
  constexpr double kRest[] = {.346, .298, .276, .222, .273, .270, .263, .210, .269,
                              .230, .264, .256, .303, .264, .226, .285, .316, .200};
  const auto stabilised = [](double average) { return std::sqrt(45.0) * std::asin(2.0 * average - 1.0); };
  std::vector<TierEffect> players;
  for (const double average : kEarly) players.push_back({.effect = stabilised(average), .se = 1.0});
  // James & Stein's factor of the paper is 1 - (k - 3) / Q.
  EXPECT_NEAR(1.0 - 15.0 / TestHeterogeneity(players, 0.95)->q, 0.209, 0.01);
  const RandomEffects pooled = *PoolEffects(players, TauMethod::kRestrictedLikelihood, 0.95);
  double raw = 0.0, shrunk = 0.0;
  for (size_t i = 0; i < players.size(); ++i) {
    raw += std::pow(players[i].effect - stabilised(kRest[i]), 2.0);
    shrunk += std::pow(pooled.shrunk[i] - stabilised(kRest[i]), 2.0);
  }
  EXPECT_NEAR(raw, 17.56, 0.3);
  EXPECT_GT(raw / shrunk, 3.3);
}

TEST(HeterogeneityTest, EqualEffectsGiveNoVarianceByAnyMethod) {
  const std::vector<TierEffect> tiers = {{0.05, 0.01}, {0.05, 0.02}, {0.05, 0.04}};
  for (const TauMethod method : {TauMethod::kCommonEffect, TauMethod::kDerSimonianLaird, TauMethod::kPauleMandel,
                                 TauMethod::kRestrictedLikelihood}) {
    const RandomEffects pooled = *PoolEffects(tiers, method, 0.95);
    EXPECT_EQ(pooled.tau2, 0.0);
    for (const double shrunk : pooled.shrunk) EXPECT_NEAR(shrunk, 0.05, 1e-15);
  }
  const Heterogeneity test = *TestHeterogeneity(tiers, 0.95);
  EXPECT_NEAR(test.p, 1.0, 1e-12);
  EXPECT_EQ(test.tau.lower, 0.0);
}

TEST(HeterogeneityTest, OneTierTestsNothing) {
  const std::vector<TierEffect> tiers = {{0.05, 0.01}};
  const Heterogeneity test = *TestHeterogeneity(tiers, 0.95);
  EXPECT_EQ(test.df, 0);
  EXPECT_EQ(test.p, 1.0);
  const RandomEffects pooled = *PoolEffects(tiers, TauMethod::kPauleMandel, 0.95);
  EXPECT_EQ(pooled.mean, 0.05);
  EXPECT_NEAR(pooled.se, 0.01, 1e-17);
  EXPECT_EQ(KnappHartungMean(tiers, 0.0, true, 0.95)->test.p, 1.0);
}

TEST(HeterogeneityTest, WelchFOfTwoTiersIsTheWelchTTest) {
  const std::vector<TierEffect> tiers = {{.effect = 0.3, .se = 0.1, .df = 7.0}, {.effect = 0.0, .se = 0.2, .df = 4.0}};
  const Heterogeneity test = *TestHeterogeneity(tiers, 0.95);
  const double t = 0.3 / std::sqrt(0.05);
  const double df = SatterthwaiteDf(0.01, 7.0, 0.04, 4.0);
  EXPECT_NEAR(test.f, t * t, 1e-12);
  EXPECT_NEAR(test.f_df2, df, 1e-10);
  EXPECT_NEAR(test.f_p, TestOf(t, df).p, 1e-10);
  EXPECT_GT(test.f_p, test.p);
}

TEST(HeterogeneityTest, PValuesBelowTheSmallestDoubleKeepTheirLogarithm) {
  const Heterogeneity test = *TestHeterogeneity(std::vector<TierEffect>{{5.0, 0.1}, {-5.0, 0.1}}, 0.95);
  EXPECT_EQ(test.p, 0.0);
  EXPECT_NEAR(test.log_p, -2504.5, 1.0);
}

TEST(HeterogeneityTest, TheFloorKeepsAgreeingTiersFromLookingTooCertain) {
  const std::vector<TierEffect> tiers = {{0.050, 0.02}, {0.051, 0.02}, {0.049, 0.02}};
  EXPECT_LT(KnappHartungMean(tiers, 0.0, false, 0.95)->se, 0.001);
  EXPECT_NEAR(KnappHartungMean(tiers, 0.0, true, 0.95)->se, 0.02 / std::numbers::sqrt3, 1e-12);
}

TEST(HeterogeneityTest, NamesTheBadTier) {
  const std::vector<TierEffect> tiers = {{0.1, 0.1}, {std::nan(""), 0.0, -1.0}};
  const std::string message(TestHeterogeneity(tiers, 0.95).status().message());
  for (const char* field : {"effects[1].effect", "effects[1].se", "effects[1].df"})
    EXPECT_THAT(message, HasSubstr(field));
  EXPECT_FALSE(PoolEffects({}, TauMethod::kPauleMandel, 0.95).ok());
  EXPECT_FALSE(PoolEffects(tiers, TauMethod::kPauleMandel, 0.95).ok());
  EXPECT_FALSE(TestHeterogeneity(std::vector<TierEffect>{{0.1, 0.1}}, 1.0).ok());
}

PartialPoolingInput EightSchools() {
  PartialPoolingInput input;
  input.effects = {{28, 15}, {8, 10}, {-3, 16}, {7, 11}, {-1, 9}, {1, 11}, {18, 10}, {12, 18}};
  input.tau_scale = 1e4;  // flat over all that matters, as in Gelman et al.
  return input;
}

// Gelman et al., Bayesian Data Analysis, section 5.5; posterior means as long runs of Stan give them.
TEST(PoolPartiallyTest, EightSchoolsAreAsPublished) {
  const PartialPooling result = *PoolPartially(EightSchools());
  EXPECT_NEAR(result.overall.mean, 7.95, 0.15);
  EXPECT_NEAR(result.tau_mean, 6.6, 0.2);
  constexpr double kMeans[] = {11.4, 7.9, 6.1, 7.6, 5.1, 6.1, 10.6, 8.4};
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(result.tiers[i].mean, kMeans[i], 0.3);
  EXPECT_NEAR(result.tiers[0].interval.lower, -2.0, 1.0);
  EXPECT_NEAR(result.tiers[0].interval.upper, 31.0, 1.5);
}

TEST(PoolPartiallyTest, UnitsDoNotMatter) {
  const PartialPooling plain = *PoolPartially(EightSchools());
  PartialPoolingInput scaled = EightSchools();
  for (TierEffect& tier : scaled.effects) tier = {1e-6 * tier.effect, 1e-6 * tier.se};
  scaled.tau_scale *= 1e-6;
  const PartialPooling result = *PoolPartially(scaled);
  for (size_t i = 0; i < plain.tiers.size(); ++i) {
    EXPECT_NEAR(result.tiers[i].interval.lower * 1e6, plain.tiers[i].interval.lower, 1e-6);
    EXPECT_NEAR(result.tiers[i].positive_probability, plain.tiers[i].positive_probability, 1e-9);
  }
}

TEST(PoolPartiallyTest, OneTierHasNothingToBorrow) {
  const PartialPooling result = *PoolPartially({.effects = {{0.04, 0.02}}});
  EXPECT_NEAR(result.tiers[0].mean, 0.04, 1e-12);
  EXPECT_NEAR(result.tiers[0].sd, 0.02, 1e-12);
  EXPECT_NEAR(result.tiers[0].interval.upper, 0.04 + 1.959963984540054 * 0.02, 1e-9);
}

TEST(PoolPartiallyTest, ATinyScaleIsCompletePoolingAndVeryPreciseTiersStayRaw) {
  const std::vector<TierEffect> tiers = {{0.0, 0.02}, {0.06, 0.03}, {0.03, 0.01}};
  const PartialPooling pooled = *PoolPartially({.effects = tiers, .tau_scale = 1e-9});
  const RandomEffects common = *PoolEffects(tiers, TauMethod::kCommonEffect, 0.95);
  for (const Posterior& tier : pooled.tiers) {
    EXPECT_NEAR(tier.mean, common.mean, 1e-9);
    EXPECT_NEAR(tier.sd, common.se, 1e-9);
  }
  const PartialPooling precise = *PoolPartially({.effects = {{0.0, 1e-6}, {0.06, 1e-6}, {-0.03, 1e-6}}});
  EXPECT_NEAR(precise.tiers[1].mean, 0.06, 1e-9);
  EXPECT_NEAR(precise.tiers[1].sd, 1e-6, 1e-9);
}

TEST(PoolPartiallyTest, EstimatesLieBetweenTheTierAndTheOverallMeanAndLoseError) {
  const std::vector<TierEffect> tiers = {{0.10, 0.05}, {0.02, 0.02}, {-0.08, 0.06}, {0.05, 0.03}};
  const PartialPooling result = *PoolPartially({.effects = tiers});
  for (size_t i = 0; i < tiers.size(); ++i) {
    const double raw = tiers[i].effect;
    EXPECT_LE(std::abs(result.tiers[i].mean - result.overall.mean), std::abs(raw - result.overall.mean) + 0.005);
    EXPECT_LT(result.tiers[i].sd, tiers[i].se);
  }
}

TEST(PoolPartiallyTest, RefusesABadScale) {
  EXPECT_FALSE(PoolPartially({.effects = {{0.0, 1.0}}, .tau_scale = 0.0}).ok());
  EXPECT_FALSE(PoolPartially({.effects = {}}).ok());
}

}  // namespace
}  // namespace tierwise
