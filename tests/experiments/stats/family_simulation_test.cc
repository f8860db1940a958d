// SPDX-License-Identifier: Apache-2.0
// Error rates of families of tests and coverage of pooled tiers, by simulation with fixed seeds. Bounds leave 3
// Monte-Carlo standard errors.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "experiments/stats/distributions.h"
#include "experiments/stats/dunnett.h"
#include "experiments/stats/gatekeeping.h"
#include "experiments/stats/heterogeneity.h"
#include "experiments/stats/multiplicity.h"
#include "experiments/stats/pooling.h"

namespace tierwise {
namespace {

double TwoSidedP(double z) { return 2.0 * NormalSf(std::abs(z)); }

// Mean and standard error of what each run adds.
class RunningMean {
 public:
  void Add(double x) {
    ++n_;
    sum_ += x;
    squares_ += x * x;
  }
  double Mean() const { return sum_ / n_; }
  double ThreeErrors() const { return 3.0 * std::sqrt(std::max(0.0, squares_ / n_ - Mean() * Mean()) / n_); }

 private:
  double n_ = 0.0;
  double sum_ = 0.0;
  double squares_ = 0.0;
};

struct ErrorRates {
  RunningMean any_false;         // family-wise error
  RunningMean false_share;       // false discovery proportion
  RunningMean missed_intervals;  // share of rejected effects whose interval misses
};

// Ten comparisons against a common control, three with an effect.
ErrorRates Simulate(Multiplicity method, int runs) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  ErrorRates rates;
  for (int run = 0; run < runs; ++run) {
    const double control = normal(random);
    std::vector<double> truth(10), z(10), p_values;
    for (size_t i = 0; i < z.size(); ++i) {
      truth[i] = i < 3 ? 3.0 : 0.0;
      z[i] = truth[i] + std::sqrt(0.5) * (normal(random) - control);
      p_values.push_back(TwoSidedP(z[i]));
    }
    const auto decisions = *DecideFamily(method, p_values, 0.05);
    double rejected = 0.0, wrong = 0.0, missed = 0.0;
    for (size_t i = 0; i < z.size(); ++i) {
      if (!decisions[i].is_rejected) continue;
      rejected += 1.0;
      wrong += truth[i] == 0.0 ? 1.0 : 0.0;
      missed += IntervalOf(decisions[i], z[i], 1.0).Contains(truth[i]) ? 0.0 : 1.0;
    }
    rates.any_false.Add(wrong > 0.0 ? 1.0 : 0.0);
    rates.false_share.Add(rejected > 0.0 ? wrong / rejected : 0.0);
    rates.missed_intervals.Add(rejected > 0.0 ? missed / rejected : 0.0);
  }
  return rates;
}

TEST(MultiplicitySimulation, FamilyWiseErrorIsKept) {
  for (const Multiplicity method : {Multiplicity::kBonferroni, Multiplicity::kHolm, Multiplicity::kHolmSidak,
                                    Multiplicity::kHochberg, Multiplicity::kHommel}) {
    const RunningMean error = Simulate(method, 10000).any_false;
    EXPECT_LE(error.Mean(), 0.05 + error.ThreeErrors());
  }
}

TEST(MultiplicitySimulation, FalseDiscoveryRateAndCoverageOfTheSelectedAreKept) {
  for (const Multiplicity method : {Multiplicity::kBenjaminiHochberg, Multiplicity::kBenjaminiYekutieli}) {
    const ErrorRates rates = Simulate(method, 10000);
    EXPECT_LE(rates.false_share.Mean(), 0.05 + rates.false_share.ThreeErrors());
    EXPECT_LE(rates.missed_intervals.Mean(), 0.05 + rates.missed_intervals.ThreeErrors());
  }
}

TEST(EBhSimulation, KeepsTheFalseDiscoveryRateUnderFullDependence) {
  std::mt19937_64 random(12);
  std::normal_distribution<double> normal;
  RunningMean false_share;
  for (int run = 0; run < 20000; ++run) {
    // Twenty copies of one null likelihood ratio: the worst dependence for Benjamini-Hochberg's kind of step-up.
    const double ln_e = 2.0 * normal(random) - 2.0;
    const auto adjusted = *AdjustLnEValues(std::vector<double>(20, ln_e));
    false_share.Add(adjusted[0] <= 0.05 ? 1.0 : 0.0);
  }
  EXPECT_LE(false_share.Mean(), 0.05 + false_share.ThreeErrors());
}

TEST(DunnettSimulation, SimultaneousCoverageIsExactForUnequalArms) {
  std::mt19937_64 random(13);
  std::normal_distribution<double> normal;
  const double truth[] = {0.0, 0.5, -0.2};
  const double variances[] = {0.5, 1.0, 4.0};
  RunningMean covered;
  for (int run = 0; run < 8000; ++run) {
    const double control = normal(random);
    std::vector<ManyToOne> variants;
    for (size_t i = 0; i < 3; ++i) {
      variants.push_back({truth[i] + std::sqrt(variances[i]) * normal(random) - control, variances[i]});
    }
    const DunnettResult result = *CompareWithControl(variants, 1.0, 0.05);
    bool all = true;
    for (size_t i = 0; i < 3; ++i) all = all && result.comparisons[i].interval.Contains(truth[i]);
    covered.Add(all ? 1.0 : 0.0);
  }
  EXPECT_NEAR(covered.Mean(), 0.95, covered.ThreeErrors());
}

TEST(GatekeepingSimulation, FalseClaimsOfAnyKindStayBelowAlphaUnderNoEffect) {
  for (const double share : {0.0, 0.2}) {
    std::mt19937_64 random(14);
    std::normal_distribution<double> normal;
    RunningMean any_claim;
    for (int run = 0; run < 20000; ++run) {
      std::vector<TierEffect> tiers;
      std::vector<double> p_values;
      for (int k = 0; k < 5; ++k) {
        tiers.push_back({.effect = normal(random), .se = 1.0});
        p_values.push_back(TwoSidedP(tiers.back().effect));
      }
      const double overall_p = PoolEffects(tiers, TauMethod::kCommonEffect, 0.95)->test.p;
      const double heterogeneity_p = TestHeterogeneity(tiers, 0.95)->p;
      const Claims claims = *GatekeepClaims(overall_p, heterogeneity_p, p_values, {.heterogeneity_share = share});
      bool has_claim = claims.has_overall_effect || claims.tiers_differ;
      for (const FamilyDecision& tier : claims.tiers) has_claim = has_claim || tier.is_rejected;
      any_claim.Add(has_claim ? 1.0 : 0.0);
    }
    EXPECT_LE(any_claim.Mean(), 0.05 + any_claim.ThreeErrors()) << share;
  }
}

TEST(PoolingSimulation, PooledTierIntervalsCoverAndAreShorterThanRawOnes) {
  std::mt19937_64 random(15);
  std::normal_distribution<double> normal;
  constexpr double kTauScale = 0.05;
  const double ses[] = {0.01, 0.02, 0.03, 0.05, 0.06};
  RunningMean covered, width, raw_width;
  for (int run = 0; run < 3000; ++run) {
    const double tau = kTauScale * std::abs(normal(random));
    PartialPoolingInput input{.tau_scale = kTauScale};
    std::vector<double> truth;
    for (const double se : ses) {
      truth.push_back(0.03 + tau * normal(random));
      input.effects.push_back({.effect = truth.back() + se * normal(random), .se = se});
    }
    const PartialPooling pooled = *PoolPartially(input);
    double share = 0.0;
    for (size_t k = 0; k < truth.size(); ++k) {
      const Interval& interval = pooled.tiers[k].interval;
      share += interval.Contains(truth[k]) ? 0.2 : 0.0;
      width.Add(interval.upper - interval.lower);
      raw_width.Add(2.0 * 1.96 * ses[k]);
    }
    covered.Add(share);
  }
  EXPECT_NEAR(covered.Mean(), 0.95, covered.ThreeErrors());
  EXPECT_LT(width.Mean(), 0.85 * raw_width.Mean());
}

TEST(PoolingSimulation, KnappHartungCoversTheMeanOfFewUnequalTiers) {
  std::mt19937_64 random(16);
  std::normal_distribution<double> normal;
  const double ses[] = {0.01, 0.02, 0.02, 0.04};
  RunningMean knapp_hartung, plain;
  for (int run = 0; run < 10000; ++run) {
    std::vector<TierEffect> tiers;
    for (const double se : ses) {
      tiers.push_back({.effect = 0.03 + 0.03 * normal(random) + se * normal(random), .se = se});
    }
    const RandomEffects pooled = *PoolEffects(tiers, TauMethod::kPauleMandel, 0.95);
    const KnappHartung floored = *KnappHartungMean(tiers, pooled.tau2, true, 0.95);
    plain.Add(pooled.interval.Contains(0.03) ? 1.0 : 0.0);
    knapp_hartung.Add(floored.interval.Contains(0.03) ? 1.0 : 0.0);
  }
  EXPECT_GE(knapp_hartung.Mean(), 0.94);
  EXPECT_LT(plain.Mean(), 0.92);
}

TEST(HeterogeneitySimulation, TheTauIntervalCovers) {
  std::mt19937_64 random(17);
  std::normal_distribution<double> normal;
  const double ses[] = {0.01, 0.02, 0.02, 0.04, 0.03};
  RunningMean covered;
  for (int run = 0; run < 4000; ++run) {
    std::vector<TierEffect> tiers;
    for (const double se : ses) {
      tiers.push_back({.effect = 0.03 * normal(random) + se * normal(random), .se = se});
    }
    covered.Add(TestHeterogeneity(tiers, 0.95)->tau.Contains(0.03) ? 1.0 : 0.0);
  }
  EXPECT_NEAR(covered.Mean(), 0.95, covered.ThreeErrors());
}

}  // namespace
}  // namespace tierwise
