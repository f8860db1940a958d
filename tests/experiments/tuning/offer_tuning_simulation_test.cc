// SPDX-License-Identifier: Apache-2.0
// Intervals of the offer plan over many experiments with known truth. Bounds carry three Monte-Carlo standard errors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "experiments/tuning/basket_posterior.h"
#include "experiments/tuning/offer_tuning.h"
#include "experiments/tuning/random.h"
#include "tests/experiments/tuning/tuning_data.h"

namespace tierwise {
namespace {

int64_t Conversions(double rate, int64_t n, RandomDraws& random) {
  int64_t conversions = 0;
  for (int64_t i = 0; i < n; ++i) conversions += random.Uniform() < rate;
  return conversions;
}

TEST(OfferTuningSimulation, IncrementalProfitAndReturnOnSpendHoldTheTruth) {
  constexpr int kRuns = 300;
  constexpr int64_t kUsers = 3'000;
  const std::vector<double> doses = {0, 5, 10, 15};
  const std::vector<double> rates = {0.05, 0.08, 0.10, 0.11};
  RandomDraws random(3);
  int profit = 0;
  int return_on_spend = 0;
  int n = 0;
  TuningOptions options;
  options.draws = 500;
  options.frontier_points = 0;
  for (int run = 0; run < kRuns; ++run) {
    TuningData data = AmountsOffData({5, 10, 15});
    // Tiers of one shape, each at its own level and strength.
    for (double scale : {1.0, 0.7, 1.4}) {
      std::vector<int64_t> conversions;
      for (double rate : rates) conversions.push_back(Conversions(scale * rate, kUsers, random));
      AddTier(data, "tier" + std::to_string(scale), 1'000, kUsers, conversions);
    }
    options.seed = static_cast<uint64_t>(run);
    const v1::OfferPlan plan = PlanOffers(data, {}, options).value();
    for (int t = 0; t < 3; ++t) {
      const double scale = t == 0 ? 1.0 : t == 1 ? 0.7 : 1.4;
      for (int j = 1; j < 4; ++j) {
        const auto at = static_cast<size_t>(j);
        const v1::DoseResult& dose = plan.tiers(t).doses(j);
        const double truth = scale * (rates[at] * (40.0 - doses[at]) - rates[0] * 40.0);
        const double ratio = (rates[at] - rates[0]) * 40.0 / (rates[at] * doses[at]);
        const auto holds = [](const v1::Interval& interval, double value) {
          return (!interval.has_lower() || interval.lower() <= value) &&
                 (!interval.has_upper() || interval.upper() >= value);
        };
        profit += holds(dose.incremental_profit_interval(), truth);
        return_on_spend += holds(dose.return_on_spend_interval(), ratio);
        ++n;
      }
    }
  }
  // Approximate, as the band of the response that they rest on: the posterior leans towards the common shape.
  const double tail = 3.0 * std::sqrt(0.95 * 0.05 * n);
  EXPECT_GT(profit, 0.92 * n - tail) << n;
  EXPECT_GT(return_on_spend, 0.92 * n - tail) << n;
}

TEST(BasketPosteriorSimulation, PooledBasketsAreNearerToTheTruthAndKnowTheirError) {
  constexpr int kRuns = 300;
  RandomDraws random(7);
  double raw_error = 0.0;
  double pooled_error = 0.0;
  int covered = 0;
  int n = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<JointMoments> cells;
    std::vector<double> truth;
    for (int j = 0; j < 4; ++j) {
      truth.push_back(50.0 * (1.0 + 0.05 * random.Normal()));
      JointMoments cell(2);
      for (int i = 0; i < 1'500; ++i) {
        const bool converts = random.Uniform() < 0.06;
        const double basket = truth.back() * std::exp(0.8 * random.Normal() - 0.32);
        cell.Add({converts ? 1.0 : 0.0, converts ? basket : 0.0});
      }
      cells.push_back(cell);
    }
    const BasketPosterior posterior(cells);
    std::vector<std::vector<double>> draws(4);
    std::vector<double> draw(4);
    for (int r = 0; r < 400; ++r) {
      posterior.Draw(random, absl::MakeSpan(draw));
      for (size_t j = 0; j < 4; ++j) draws[j].push_back(draw[j]);
    }
    for (size_t j = 0; j < 4; ++j) {
      raw_error += std::pow(cells[j].mean(1) / cells[j].mean(0) - truth[j], 2.0);
      pooled_error += std::pow(posterior.means()[j] - truth[j], 2.0);
      std::sort(draws[j].begin(), draws[j].end());
      covered += draws[j][10] <= truth[j] && truth[j] <= draws[j][389];
      ++n;
    }
  }
  EXPECT_LT(pooled_error, 0.8 * raw_error);
  EXPECT_GT(covered, 0.93 * n - 3.0 * std::sqrt(0.95 * 0.05 * n));
}

}  // namespace
}  // namespace tierwise
