// SPDX-License-Identifier: Apache-2.0
// Size and coverage of the estimators on data with known truth. Seeds are fixed; bounds are the nominal value with
// three Monte-Carlo standard errors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "experiments/stats/adjustment.h"
#include "experiments/stats/means.h"
#include "experiments/stats/post_stratification.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/ratios.h"
#include "experiments/stats/relative_lift.h"

namespace tierwise {
namespace {

using Random = std::mt19937_64;

constexpr double kConfidence = 0.95;
constexpr double kAlpha = 0.05;

double ThreeErrors(double probability, int runs) { return 3.0 * std::sqrt(probability * (1.0 - probability) / runs); }

// How often intervals miss the truth, on which side, and how often the test rejects.
struct Tally {
  int runs = 0;
  int above = 0;  // the interval lies above the truth
  int below = 0;
  int rejected = 0;
  int unbounded = 0;

  void Add(const Interval& interval, double truth) {
    ++runs;
    above += interval.lower > truth ? 1 : 0;
    below += interval.upper < truth ? 1 : 0;
    unbounded += interval.IsBounded() ? 0 : 1;
  }
  double Size() const { return static_cast<double>(rejected) / runs; }
  double Coverage() const { return 1.0 - static_cast<double>(above + below) / runs; }
  // The larger share of the misses over the smaller.
  double Imbalance() const {
    return static_cast<double>(std::max(above, below)) / static_cast<double>(std::max(1, std::min(above, below)));
  }
};

Tally Simulate(int runs, uint64_t seed, double truth, const std::function<Estimate(Random&)>& run) {
  Random random(seed);
  Tally tally;
  for (int i = 0; i < runs; ++i) {
    const Estimate estimate = run(random);
    tally.Add(estimate.interval, truth);
    tally.rejected += estimate.test.p < kAlpha ? 1 : 0;
  }
  return tally;
}

void ExpectNominal(const Tally& tally) {
  EXPECT_NEAR(tally.Size(), kAlpha, ThreeErrors(kAlpha, tally.runs));
  EXPECT_NEAR(tally.Coverage(), kConfidence, ThreeErrors(kAlpha, tally.runs));
}

Proportion DrawProportion(int64_t users, double rate, Random& random) {
  return {std::binomial_distribution<int64_t>(users, rate)(random), users};
}

TEST(ProportionsSimulation, ScoreTestAndNewcombeIntervalAreNominalAlsoUnbalanced) {
  for (const double rate : {0.02, 0.05, 0.3}) {
    for (const int64_t control_users : {5000, 9000}) {
      const Tally tally = Simulate(20'000, 1, 0.0, [&](Random& random) {
        const Proportion control = DrawProportion(control_users, rate, random);
        return *CompareProportions(control, DrawProportion(10'000 - control_users, rate, random), kConfidence);
      });
      // Counts are discrete: half a percentage point comes on top of the Monte-Carlo error.
      EXPECT_NEAR(tally.Size(), kAlpha, 0.005 + ThreeErrors(kAlpha, tally.runs)) << rate << " " << control_users;
      EXPECT_NEAR(tally.Coverage(), kConfidence, 0.005 + ThreeErrors(kAlpha, tally.runs))
          << rate << " " << control_users;
    }
  }
}

TEST(ProportionsSimulation, MidPKeepsItsSizeAtSmallCounts) {
  for (const double rate : {0.002, 0.005, 0.02}) {
    const Tally tally = Simulate(20'000, 2, 0.0, [&](Random& random) {
      const Proportion control = DrawProportion(400, rate, random);
      return *CompareProportions(control, DrawProportion(400, rate, random), kConfidence);
    });
    EXPECT_LE(tally.Size(), kAlpha + ThreeErrors(kAlpha, tally.runs)) << rate;
    EXPECT_GE(tally.Coverage(), kConfidence - ThreeErrors(kAlpha, tally.runs)) << rate;
  }
}

TEST(ProportionsSimulation, NonInferiorityTestHasItsSizeAtTheMargin) {
  const Tally tally = Simulate(20'000, 3, 0.0, [&](Random& random) {
    const Proportion control = DrawProportion(5000, 0.1, random);
    return *CompareProportions(control, DrawProportion(5000, 0.095, random), kConfidence, -0.05);
  });
  EXPECT_NEAR(tally.Size(), kAlpha, 0.002 + ThreeErrors(kAlpha, tally.runs));
  EXPECT_NEAR(tally.Coverage(), kConfidence, 0.002 + ThreeErrors(kAlpha, tally.runs));
}

TEST(RelativeLiftSimulation, IntervalsOfRatesMissOnBothSidesAlike) {
  constexpr int kRuns = 40'000;
  for (const double conversions : {10.0, 20.0, 50.0, 1000.0}) {
    Random random(4);
    Tally katz;
    Tally fieller;
    constexpr int64_t kUsers = 20'000;
    for (int i = 0; i < kRuns; ++i) {
      const Proportion control = DrawProportion(kUsers, conversions / kUsers, random);
      const Proportion treatment = DrawProportion(kUsers, conversions / kUsers, random);
      katz.Add(ProportionLift(control, treatment, kConfidence)->interval, 0.0);
      fieller.Add(FiellerLift(MeansOf(control, treatment), kConfidence)->interval, 0.0);
    }
    EXPECT_GE(katz.Coverage(), kConfidence - ThreeErrors(kAlpha, kRuns)) << conversions;
    EXPECT_LE(katz.Coverage(), kConfidence + 0.012) << conversions;
    EXPECT_LE(katz.Imbalance(), 1.5) << conversions << ": " << katz.above << " above, " << katz.below << " below";
    EXPECT_GE(fieller.Coverage(), kConfidence - 0.008) << conversions;
    EXPECT_LE(fieller.Imbalance(), 1.5) << conversions << ": " << fieller.above << " above, " << fieller.below
                                        << " below";
  }
}

Moments DrawSpend(int users, double lift, Random& random) {
  std::lognormal_distribution<double> draw(1.0, 1.0);
  Moments moments;
  for (int i = 0; i < users; ++i) moments.Add(draw(random) * lift);
  return moments;
}

TEST(MeansSimulation, WelchIsNominalWithUnequalVariances) {
  ExpectNominal(Simulate(10'000, 5, 0.0, [](Random& random) {
    std::normal_distribution<double> narrow(10.0, 1.0);
    std::normal_distribution<double> wide(10.0, 3.0);
    Moments control;
    Moments treatment;
    for (int i = 0; i < 90; ++i) control.Add(narrow(random));
    for (int i = 0; i < 10; ++i) treatment.Add(wide(random));
    return *CompareMeans(control, treatment, kConfidence);
  }));
}

TEST(MeansSimulation, FiellerCoversALiftOfFiftyPercentOfSkewedSpend) {
  Random random(6);
  Tally tally;
  for (int i = 0; i < 4000; ++i) {
    const ArmMeans means = MeansOf(DrawSpend(300, 1.0, random), DrawSpend(300, 1.5, random));
    tally.Add(FiellerLift(means, kConfidence)->interval, 0.5);
  }
  EXPECT_NEAR(tally.Coverage(), kConfidence, 0.005 + ThreeErrors(kAlpha, tally.runs));
  EXPECT_LE(tally.Imbalance(), 1.5) << tally.above << " above, " << tally.below << " below";
}

TEST(RatiosSimulation, DeltaMethodIsNominalForCorrelatedTotals) {
  ExpectNominal(Simulate(4000, 7, 0.0, [](Random& random) {
    std::gamma_distribution<double> habit(4.0, 1.0);
    const auto draw = [&] {
      JointMoments arm(2);
      for (int i = 0; i < 400; ++i) {
        const double views = std::floor(1.0 + habit(random));
        const double rate = 0.1 + 0.02 * habit(random);
        arm.Add({static_cast<double>(std::binomial_distribution<int>(static_cast<int>(views), rate)(random)), views});
      }
      return arm;
    };
    const JointMoments control = draw();
    return *CompareRatios(control, draw(), kConfidence);
  }));
}

// An arm whose outcome follows the covariate with `slope`.
JointMoments DrawAdjustable(int users, double slope, double noise, Random& random) {
  std::normal_distribution<double> draw;
  JointMoments arm(2);
  for (int i = 0; i < users; ++i) {
    const double x = draw(random);
    arm.Add({slope * x + noise * draw(random), x});
  }
  return arm;
}

TEST(AdjustmentSimulation, UnbalancedArmsWithUnequalVariancesKeepTheirSize) {
  // One pooled slope and variance reject 36 % here, or nothing with the variances the other way round.
  for (const double treatment_noise : {3.0, 1.0 / 3.0}) {
    ExpectNominal(Simulate(3000, 8, 0.0, [&](Random& random) {
      const JointMoments control = DrawAdjustable(900, 1.0, 1.0, random);
      return AdjustMeans(control, DrawAdjustable(100, 1.0, treatment_noise, random), kConfidence)->estimate;
    }));
  }
}

TEST(AdjustmentSimulation, UnequalSlopesKeepTheirCoverage) {
  ExpectNominal(Simulate(6000, 9, 0.0, [](Random& random) {
    const JointMoments control = DrawAdjustable(150, 0.0, 1.0, random);
    return AdjustMeans(control, DrawAdjustable(150, 2.0, 1.0, random), kConfidence)->estimate;
  }));
}

TEST(PostStratificationSimulation, AdjustedTiersKeepSizeAndCoverage) {
  // Two tiers, 900 / 100 each, noise 1 against 3: adjusted within tier, then weighted.
  ExpectNominal(Simulate(2000, 10, 0.0, [](Random& random) {
    std::vector<Stratum> strata;
    for (int tier = 0; tier < 2; ++tier) {
      const JointMoments control = DrawAdjustable(900, 1.0 + tier, 1.0, random);
      const JointMoments treatment = DrawAdjustable(100, 1.0 + tier, 3.0, random);
      strata.push_back({1000, AdjustMeans(control, treatment, kConfidence)->means});
    }
    return PostStratify(strata, kConfidence)->estimate;
  }));
}

TEST(PostStratificationSimulation, RandomTierSharesAreCoveredByTheSuperpopulationError) {
  // Effects 0 and 4 in tiers of equal expected size: the overall effect is 2.
  const Tally tally = Simulate(4000, 11, 2.0, [](Random& random) {
    std::normal_distribution<double> noise;
    std::bernoulli_distribution half(0.5);
    Moments arms[2][2];
    for (int i = 0; i < 200; ++i) {
      const bool tier = half(random);
      const bool treated = half(random);
      arms[tier][treated].Add((tier && treated ? 4.0 : 0.0) + noise(random));
    }
    std::vector<Stratum> strata;
    for (const auto& tier : arms) strata.push_back({tier[0].n + tier[1].n, MeansOf(tier[0], tier[1])});
    return PostStratify(strata, kConfidence)->superpopulation;
  });
  EXPECT_NEAR(tally.Coverage(), kConfidence, ThreeErrors(kAlpha, tally.runs));
}

}  // namespace
}  // namespace tierwise
