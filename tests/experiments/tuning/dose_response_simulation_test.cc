// SPDX-License-Identifier: Apache-2.0
// Coverage of the bands, size of the test of no response, and regret of the recommended dose, over many experiments
// with known truth. Bounds carry three Monte-Carlo standard errors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/tuning/dose_response.h"
#include "experiments/tuning/offer_tuning.h"
#include "experiments/tuning/random.h"
#include "tests/experiments/tuning/tuning_data.h"

namespace tierwise {
namespace {

const std::vector<double> kDoses = {0, 5, 10, 15, 20, 30};
constexpr double kMargin = 40.0;

struct Experiment {
  TuningData data = AmountsOffData({5, 10, 15, 20, 30});
  std::vector<std::vector<double>> truth;
};

// Emax tiers; where `one_shape` they share their ed50.
Experiment MakeExperiment(int users, bool one_shape, RandomDraws& random) {
  Experiment experiment;
  const double common = 2.0 + 18.0 * random.Uniform();
  for (int k = 0; k < 4; ++k) {
    const double level = 0.03 + 0.07 * random.Uniform();
    const double strength = 0.02 + 0.1 * random.Uniform();
    const double own = 2.0 + 18.0 * random.Uniform();
    const double ed50 = one_shape ? common : own;
    std::vector<double> truth;
    std::vector<int64_t> conversions;
    for (double dose : kDoses) {
      truth.push_back(level + strength * dose / (ed50 + dose));
      conversions.push_back(0);
      for (int i = 0; i < users; ++i) conversions.back() += random.Uniform() < truth.back();
    }
    AddTier(experiment.data, absl::StrCat("tier", k), 1'000, users, conversions);
    experiment.truth.push_back(truth);
  }
  return experiment;
}

// The dose of most profit if these were the responses.
size_t BestOf(const std::vector<double>& responses) {
  size_t best = 0;
  for (size_t j = 1; j < kDoses.size(); ++j) {
    if (responses[j] * (kMargin - kDoses[j]) > responses[best] * (kMargin - kDoses[best])) best = j;
  }
  return best;
}

double Regret(const std::vector<double>& truth, size_t chosen) {
  const size_t best = BestOf(truth);
  return truth[best] * (kMargin - kDoses[best]) - truth[chosen] * (kMargin - kDoses[chosen]);
}

struct Tally {
  double sum = 0.0;
  double squares = 0.0;
  int n = 0;
  void Add(double x) {
    sum += x;
    squares += x * x;
    ++n;
  }
  double Mean() const { return sum / n; }
  double Error() const { return std::sqrt((squares / n - Mean() * Mean()) / n); }
};

// How much more per user the rule "largest raw mean profit" gives away than the recommended dose.
Tally GainOverArgmax(int users, int runs, bool one_shape, uint64_t seed) {
  RandomDraws random(seed);
  Tally gain;
  TuningOptions options;
  options.draws = 400;
  options.frontier_points = 0;
  for (int run = 0; run < runs; ++run) {
    const Experiment experiment = MakeExperiment(users, one_shape, random);
    options.seed = static_cast<uint64_t>(run);
    const v1::OfferPlan plan = PlanOffers(experiment.data, {}, options).value();
    for (size_t k = 0; k < experiment.truth.size(); ++k) {
      std::vector<double> raw;
      for (const TuningCell& cell : experiment.data.tiers[k].cells) raw.push_back(cell.outcome.mean(0));
      const double dose = plan.tiers(static_cast<int>(k)).best_dose();
      const auto chosen = static_cast<size_t>(std::find(kDoses.begin(), kDoses.end(), dose) - kDoses.begin());
      gain.Add(Regret(experiment.truth[k], BestOf(raw)) - Regret(experiment.truth[k], chosen));
    }
  }
  return gain;
}

TEST(TuningSimulation, RecommendedDosesGiveAwayLessThanTheLargestMean) {
  for (const bool one_shape : {true, false}) {
    const Tally small = GainOverArgmax(300, 120, one_shape, 1);
    EXPECT_GT(small.Mean(), 2.0 * small.Error()) << one_shape;
    const Tally large = GainOverArgmax(2000, 40, one_shape, 2);
    EXPECT_GT(large.Mean(), -3.0 * large.Error()) << one_shape;
  }
}

TEST(TuningSimulation, BandsHoldTheWholeTruth) {
  RandomDraws random(8);
  constexpr int kRuns = 200;
  int isotonic = 0;
  int averaged = 0;
  int pooled = 0;
  int n = 0;
  DoseResponseOptions options;
  options.draws = 500;
  for (int run = 0; run < kRuns; ++run) {
    const double ed50 = 2.0 + 18.0 * random.Uniform();
    std::vector<TierDoses> tiers(4);
    std::vector<std::vector<double>> truth(4);
    for (size_t k = 0; k < 4; ++k) {
      for (double dose : kDoses) {
        truth[k].push_back(0.05 + 0.02 * static_cast<double>(k) * dose / (ed50 + dose));
        tiers[k].points.push_back({dose, truth[k].back() + 0.005 * random.Normal(), 0.005 * 0.005});
      }
    }
    options.seed = static_cast<uint64_t>(run);
    const auto responses = EstimateDoseResponse(tiers, options).value();
    for (size_t k = 0; k < 4; ++k) {
      const auto holds = [&](const DoseCurve& curve) {
        for (size_t j = 0; j < kDoses.size(); ++j) {
          if (truth[k][j] < curve.lower[j] || truth[k][j] > curve.upper[j]) return 0;
        }
        return 1;
      };
      isotonic += holds(responses[k].isotonic);
      averaged += holds(responses[k].averaged);
      pooled += holds(responses[k].pooled);
      ++n;
    }
  }
  const double tail = 3.0 * std::sqrt(0.95 * 0.05 * n);
  EXPECT_GT(isotonic, 0.95 * n - tail);
  // Approximate: the average is biased towards its simpler models, the posterior towards the common shape.
  EXPECT_GT(averaged, 0.92 * n - tail);
  EXPECT_GT(pooled, 0.92 * n - tail);
}

TEST(TuningSimulation, TheTestOfNoResponseKeepsItsSize) {
  RandomDraws random(13);
  constexpr int kRuns = 3000;
  int rejected = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<DosePoint> points;
    for (double dose : kDoses) {
      const double variance = 1.0 + dose;
      points.push_back({dose, std::sqrt(variance) * random.Normal(), variance});
    }
    rejected += TestNoResponse(points, MonotoneDirection::kNonDecreasing, 500, random).p < 0.05;
  }
  EXPECT_NEAR(rejected, 0.05 * kRuns, 3.0 * std::sqrt(0.05 * 0.95 * kRuns));
}

}  // namespace
}  // namespace tierwise
