// SPDX-License-Identifier: Apache-2.0
// Size, power and coverage of the sequential methods, by simulation with fixed seeds. Bounds leave 3 Monte-Carlo
// standard errors.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "experiments/stats/bernoulli_e_value.h"
#include "experiments/stats/confidence_sequence.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/group_sequential.h"
#include "experiments/stats/stage_wise.h"

namespace tierwise {
namespace {

double ThreeErrors(double probability, int runs) { return 3.0 * std::sqrt(probability * (1.0 - probability) / runs); }

struct Arm {
  int64_t conversions = 0;
  int64_t users = 0;

  double Rate() const { return static_cast<double>(conversions) / static_cast<double>(users); }
  double RateVariance() const { return Rate() * (1.0 - Rate()) / static_cast<double>(users); }
  void Add(int64_t more, int64_t more_users) {
    conversions += more;
    users += more_users;
  }
};

AlwaysValid Look(const Arm& control, const Arm& treatment, double margin) {
  const double scale = 1.0 + margin;
  return *AsymptoticConfidenceSequence(
      {.estimate = treatment.Rate() - scale * control.Rate(),
       .std_error = std::sqrt(treatment.RateVariance() + scale * scale * control.RateVariance()),
       .n = static_cast<double>(control.users + treatment.users),
       .start = ValidityStart{.control_events = static_cast<double>(control.conversions),
                              .treatment_events = static_cast<double>(treatment.conversions)}});
}

// Share of runs in which the confidence sequence ever excludes the true lift.
double PeekingMisses(double control_rate, double lift, int looks, int64_t users_per_look, int runs) {
  std::mt19937_64 random(1);
  std::binomial_distribution<int64_t> control_draw(users_per_look, control_rate);
  std::binomial_distribution<int64_t> treatment_draw(users_per_look, control_rate * (1.0 + lift));
  int misses = 0;
  for (int run = 0; run < runs; ++run) {
    Arm control, treatment;
    bool has_missed = false;
    for (int look = 0; look < looks && !has_missed; ++look) {
      control.Add(control_draw(random), users_per_look);
      treatment.Add(treatment_draw(random), users_per_look);
      has_missed = Look(control, treatment, lift).p_value <= 0.05;
    }
    misses += has_missed ? 1 : 0;
  }
  return static_cast<double>(misses) / runs;
}

TEST(ConfidenceSequenceSimulation, KeepsItsSizeOnTheRelativeScaleFromTheFirstLook) {
  constexpr int kRuns = 4000;
  // 1 % conversion, first look at 50 users an arm: where a delta-method lift rejects 15.7 %.
  EXPECT_LE(PeekingMisses(0.01, 0.0, 200, 50, kRuns), 0.05);
  EXPECT_LE(PeekingMisses(0.05, 0.0, 28, 500, kRuns), 0.05);
  EXPECT_LE(PeekingMisses(0.02, 0.5, 100, 100, kRuns), 0.05);
}

std::vector<double> Fractions(int looks) {
  std::vector<double> fractions;
  for (int i = 1; i <= looks; ++i) fractions.push_back(static_cast<double>(i) / looks);
  return fractions;
}

// Where a group-sequential trial with information 1 at the end stops.
struct Stop {
  size_t look = 0;
  double z = 0.0;
  bool is_rejected = false;
};

Stop RunTrial(const std::vector<LookBoundary>& boundaries, double effect, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  double score = 0.0, information = 0.0;
  for (size_t look = 0;; ++look) {
    const double step = boundaries[look].information_fraction - information;
    information += step;
    score += effect * step + std::sqrt(step) * normal(random);
    const double z = score / std::sqrt(information);
    const bool is_rejected = std::abs(z) >= boundaries[look].critical_z;
    if (is_rejected || look + 1 == boundaries.size()) return {look, z, is_rejected};
  }
}

double RejectionShare(const std::vector<LookBoundary>& boundaries, double effect, int runs) {
  std::mt19937_64 random(2);
  int rejections = 0;
  for (int run = 0; run < runs; ++run) rejections += RunTrial(boundaries, effect, random).is_rejected ? 1 : 0;
  return static_cast<double>(rejections) / runs;
}

TEST(GroupSequentialSimulation, DailyLooksKeepTheSizeAndNearlyAllThePower) {
  constexpr int kRuns = 40000;
  const auto boundaries = *SpendingBoundaries({}, Fractions(28), true);
  EXPECT_NEAR(RejectionShare(boundaries, 0.0, kRuns), 0.05, ThreeErrors(0.05, kRuns));
  const double eighty_percent = -NormalQuantile(0.025) + NormalQuantile(0.8);
  EXPECT_GE(RejectionShare(boundaries, eighty_percent, kRuns), 0.77);
  EXPECT_NEAR(RejectionShare(boundaries, eighty_percent, kRuns), PowerOf(boundaries, 2, eighty_percent)->power,
              ThreeErrors(0.78, kRuns));
}

TEST(StageWiseSimulation, EstimatesAreMedianUnbiasedAndIntervalsCoverAfterStopping) {
  constexpr int kRuns = 2000;
  const GroupSequentialDesign pocock{.spending = {.kind = SpendingKind::kPocock}};
  const auto boundaries = *SpendingBoundaries(pocock, Fractions(4), true);
  for (const double effect : {0.0, 1.5, 3.0}) {
    std::mt19937_64 random(3);
    int above = 0, covered = 0;
    for (int run = 0; run < kRuns; ++run) {
      const Stop stop = RunTrial(boundaries, effect, random);
      const double se = 1.0 / std::sqrt(boundaries[stop.look].information_fraction);
      const absl::Span<const LookBoundary> taken(boundaries.data(), stop.look + 1);
      const StageWiseInference result = *InferStageWise(taken, 2, stop.z * se, se, 0.95);
      above += result.median_unbiased_effect > effect ? 1 : 0;
      covered += result.interval.Contains(effect) ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(above) / kRuns, 0.5, ThreeErrors(0.5, kRuns)) << effect;
    EXPECT_NEAR(static_cast<double>(covered) / kRuns, 0.95, ThreeErrors(0.95, kRuns)) << effect;
  }
}

// Share of runs whose running e-value ever reaches 20, over two tiers with unequal rates and arms.
double EValueRejections(double odds_ratio, int runs) {
  std::mt19937_64 random(4);
  const double rates[] = {0.01, 0.2};
  int rejections = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<BernoulliBlock> blocks;
    for (int day = 0; day < 28; ++day) {
      for (int tier = 0; tier < 2; ++tier) {
        const double odds = odds_ratio * rates[tier] / (1.0 - rates[tier]);
        std::binomial_distribution<int64_t> control(200, rates[tier]);
        std::binomial_distribution<int64_t> treatment(100, odds / (1.0 + odds));
        blocks.push_back({tier, control(random), 200, treatment(random), 100});
      }
    }
    rejections += StratifiedBernoulliEValue(blocks, 2)->p_value <= 0.05 ? 1 : 0;
  }
  return static_cast<double>(rejections) / runs;
}

TEST(BernoulliEValueSimulation, NeverExceedsItsSizeAndFindsLargeEffects) {
  EXPECT_LE(EValueRejections(1.0, 1000), 0.05);
  EXPECT_GE(EValueRejections(1.5, 200), 0.9);
}

}  // namespace
}  // namespace tierwise
