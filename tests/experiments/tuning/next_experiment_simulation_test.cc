// SPDX-License-Identifier: Apache-2.0
// What following the next experiment's design brings, over tiers with known truth.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "experiments/tuning/next_experiment.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

constexpr size_t kDoses = 5;
constexpr double kUsers = 200'000.0;
constexpr double kNoise = 10.0;  // of one user's value

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

// A tier whose doses' values are N(0, 0.5^2), with a first experiment of 500 users a dose behind it.
struct Tier {
  std::vector<double> truth;
  std::vector<double> mean;
  std::vector<double> variance;

  explicit Tier(RandomDraws& random) {
    for (size_t j = 0; j < kDoses; ++j) {
      truth.push_back(0.5 * random.Normal());
      const double noise = kNoise * kNoise / 500.0;
      const double measured = truth[j] + std::sqrt(noise) * random.Normal();
      const double precision = 1.0 / 0.25 + 1.0 / noise;
      mean.push_back(measured / noise / precision);
      variance.push_back(1.0 / precision);
    }
  }

  TierProspects Prospects(RandomDraws& random) const {
    TierProspects prospects;
    prospects.users = kUsers;
    for (size_t j = 0; j < kDoses; ++j) {
      prospects.doses.push_back(static_cast<double>(j));
      prospects.is_tried.push_back(true);
      prospects.variance.push_back(kNoise * kNoise);
    }
    for (int r = 0; r < 500; ++r) {
      for (size_t j = 0; j < kDoses; ++j) prospects.draws.push_back(mean[j] + std::sqrt(variance[j]) * random.Normal());
    }
    return prospects;
  }

  size_t Best() const { return static_cast<size_t>(std::max_element(mean.begin(), mean.end()) - mean.begin()); }

  // What the tier's users gain in all if `users` test so and the others get what then looks best; the truth counts.
  double Total(const std::vector<double>& shares, double users, RandomDraws& random) const {
    std::vector<double> updated = mean;
    double tested = 0.0;
    for (size_t j = 0; j < kDoses; ++j) {
      if (shares[j] == 0.0 || users == 0.0) continue;
      const double noise = kNoise * kNoise / (shares[j] * users);
      const double measured = truth[j] + std::sqrt(noise) * random.Normal();
      updated[j] = (mean[j] / variance[j] + measured / noise) / (1.0 / variance[j] + 1.0 / noise);
      tested += shares[j] * users * truth[j];
    }
    const auto best = static_cast<size_t>(std::max_element(updated.begin(), updated.end()) - updated.begin());
    return tested + (kUsers - users) * truth[best];
  }
};

TEST(NextExperimentSimulation, FollowingItBeatsEqualAllocationAndStopping) {
  RandomDraws random(11);
  Tally over_equal;
  Tally over_stopping;
  for (int run = 0; run < 1500; ++run) {
    const Tier tier(random);
    const NextDesign design = ChooseNextDesign(tier.Prospects(random), static_cast<uint64_t>(run)).value();
    std::vector<double> shares(kDoses, 0.0);
    for (size_t a = 0; a < design.doses.size(); ++a) shares[design.doses[a]] = design.shares[a];
    const double users = design.is_worthwhile ? design.users : 0.0;
    const double followed = tier.Total(shares, users, random);
    // The same number of users spread evenly; where it says stop, as many as a first experiment.
    const double equal_users = users > 0.0 ? users : 2'500.0;
    over_equal.Add((followed - tier.Total(std::vector<double>(kDoses, 0.2), equal_users, random)) / kUsers);
    over_stopping.Add((followed - kUsers * tier.truth[tier.Best()]) / kUsers);
  }
  EXPECT_GT(over_equal.Mean(), 3.0 * over_equal.Error());
  EXPECT_GT(over_stopping.Mean(), 3.0 * over_stopping.Error());
}

TEST(NextExperimentSimulation, StopIsRightWhereItIsSaid) {
  // Where it says stop, any of the tests that it might have asked for loses on average.
  RandomDraws random(12);
  Tally loss;
  int stops = 0;
  for (int run = 0; run < 4000 && stops < 400; ++run) {
    const Tier tier(random);
    const NextDesign design = ChooseNextDesign(tier.Prospects(random), static_cast<uint64_t>(run)).value();
    if (design.is_worthwhile || design.doses.empty()) continue;
    ++stops;
    std::vector<double> shares(kDoses, 0.0);
    for (size_t a = 0; a < design.doses.size(); ++a) shares[design.doses[a]] = design.shares[a];
    loss.Add((kUsers * tier.truth[tier.Best()] - tier.Total(shares, design.users, random)) / kUsers);
  }
  ASSERT_GT(stops, 50);
  EXPECT_GT(loss.Mean(), -3.0 * loss.Error());
}

}  // namespace
}  // namespace tierwise
