// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/next_experiment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/stats/distributions.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

// Normal beliefs with these means and standard deviations; a user's value has standard deviation 10.
TierProspects Normal(const std::vector<double>& means, const std::vector<double>& sds, double users) {
  TierProspects prospects;
  prospects.tier = "waist";
  prospects.users = users;
  for (size_t j = 0; j < means.size(); ++j) {
    prospects.doses.push_back(5.0 * static_cast<double>(j));
    prospects.is_tried.push_back(true);
    prospects.variance.push_back(100.0);
  }
  RandomDraws random(4);
  for (int r = 0; r < 2000; ++r) {
    for (size_t j = 0; j < means.size(); ++j) prospects.draws.push_back(means[j] + sds[j] * random.Normal());
  }
  return prospects;
}

TEST(NextExperiment, TestsWhatIsUncertainAndMayBeBest) {
  // Dose 5 is known to be bad; 10 and 15 are both good, and nobody knows which is better.
  const NextDesign design = ChooseNextDesign(Normal({0.0, -3.0, 1.0, 0.9}, {0.1, 0.1, 0.5, 0.5}, 1e6), 1).value();
  ASSERT_TRUE(design.is_worthwhile);
  EXPECT_EQ(design.doses, (std::vector<size_t>{0, 2, 3}));
  double sum = 0.0;
  for (double share : design.shares) sum += share;
  EXPECT_NEAR(sum, 1.0, 1e-12);
  EXPECT_GT(design.users, 0.0);
  EXPECT_LE(design.users, 5e5);
  EXPECT_GT(design.expected_gain, design.expected_cost);
  EXPECT_FALSE(design.extrapolates);
}

TEST(NextExperiment, StopsWhereTheBestIsKnown) {
  EXPECT_FALSE(ChooseNextDesign(Normal({0.0, 2.0, 1.0}, {0.05, 0.05, 0.05}, 1e6), 1).value().is_worthwhile);
}

TEST(NextExperiment, StopsWhereNobodyIsLeftToGain) {
  const TierProspects many = Normal({0.0, 0.5, 0.6}, {0.3, 0.3, 0.3}, 1e6);
  TierProspects few = many;
  few.users = 400.0;
  EXPECT_TRUE(ChooseNextDesign(many, 1).value().is_worthwhile);
  EXPECT_FALSE(ChooseNextDesign(few, 1).value().is_worthwhile);
  few.users = 0.0;
  const NextDesign none = ChooseNextDesign(few, 1).value();
  EXPECT_FALSE(none.is_worthwhile);
  EXPECT_TRUE(none.doses.empty());
}

TEST(NextExperiment, ADoseThatWasNotTriedIsTestedBeforeItIsGiven) {
  TierProspects prospects = Normal({0.0, 1.0, 1.5}, {0.05, 0.05, 1.0}, 1e6);
  prospects.is_tried[2] = false;
  const NextDesign design = ChooseNextDesign(prospects, 1).value();
  ASSERT_TRUE(design.is_worthwhile);
  EXPECT_EQ(design.doses.back(), 2U);
  EXPECT_TRUE(design.extrapolates);
}

TEST(NextExperiment, TheGainIsTheExpectedValueOfSampleInformation) {
  // Two doses, one known to be worth 0, the other N(0, 1): with n users on it the posterior mean is N(0, s^2), s^2 = 1
  // / (1 + 100 / n), and deciding by it gains E max(0, m) = s / sqrt(2 pi) a user.
  TierProspects prospects = Normal({0.0, 0.0}, {0.0, 0.0}, 1e6);
  // The quantiles of N(0, 1) as draws, so that the beliefs are no matter of luck.
  constexpr int kDraws = 1000;
  prospects.draws.clear();
  for (int r = 0; r < kDraws; ++r)
    prospects.draws.insert(prospects.draws.end(), {0.0, NormalQuantile((r + 0.5) / kDraws)});
  NextDesign design;
  design.doses = {0, 1};
  design.shares = {0.5, 0.5};
  design.users = 200.0;
  EvaluateDesign(prospects, 1, design);
  const double left = 1e6 - 200.0;
  const double expected = std::sqrt(0.5) / std::sqrt(2.0 * M_PI) * left;
  // Of max(0, m): variance s^2 / 2 less the square of its mean.
  const double error = std::sqrt((0.25 - 0.25 / M_PI) / kDraws) * left;
  EXPECT_NEAR(design.expected_gain, expected, 3.0 * error);
}

TEST(NextExperiment, NamesWhatIsWrong) {
  const auto field_of = [](const TierProspects& prospects) {
    return ProblemsOf(ChooseNextDesign(prospects, 1).status())[0].field;
  };
  TierProspects bad = Normal({0.0, 1.0}, {0.1, 0.1}, 1e6);
  bad.variance[1] = 0.0;
  EXPECT_EQ(field_of(bad), "variance[1]");
  bad = Normal({0.0, 1.0}, {0.1, 0.1}, 1e6);
  bad.is_tried[0] = false;
  EXPECT_EQ(field_of(bad), "doses");
  bad = Normal({0.0, 1.0}, {0.1, 0.1}, 1e6);
  bad.draws.pop_back();
  EXPECT_EQ(field_of(bad), "draws");
  bad = Normal({0.0, 1.0}, {0.1, 0.1}, -1.0);
  EXPECT_EQ(field_of(bad), "users");
}

}  // namespace
}  // namespace tierwise
