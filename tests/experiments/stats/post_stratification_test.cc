// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/post_stratification.h"

#include <gtest/gtest.h>

#include <cmath>

#include "experiments/base/problems.h"
#include "experiments/stats/means.h"

namespace tierwise {
namespace {

Stratum TierOf(const Moments& control, const Moments& treatment) {
  return {control.n + treatment.n, MeansOf(control, treatment)};
}

TEST(PostStratificationTest, OneTierIsTheTier) {
  const Moments control = {40, 3.0, 80.0};
  const Moments treatment = {60, 4.0, 130.0};
  const auto overall = PostStratify({TierOf(control, treatment)}, 0.95);
  const auto tier = CompareMeans(control, treatment, 0.95);
  ASSERT_TRUE(overall.ok() && tier.ok());
  EXPECT_DOUBLE_EQ(overall->estimate.effect, tier->effect);
  EXPECT_DOUBLE_EQ(overall->estimate.se, tier->se);
  EXPECT_NEAR(overall->estimate.test.df, tier->test.df, 1e-9);
  EXPECT_DOUBLE_EQ(overall->superpopulation.se, tier->se);
}

TEST(PostStratificationTest, UnevenArmsDoNotConfoundTheEffect) {
  // Simpson's trap: the treatment is 1 better in both tiers, and has mostly the poor tier's users.
  const auto overall = PostStratify(
      {TierOf({900, 10.0, 900.0}, {100, 11.0, 100.0}), TierOf({100, 2.0, 100.0}, {900, 3.0, 900.0})}, 0.95);
  ASSERT_TRUE(overall.ok());
  EXPECT_DOUBLE_EQ(overall->estimate.effect, 1.0);
  EXPECT_DOUBLE_EQ(overall->means.control, 6.0);
  EXPECT_NEAR(overall->superpopulation.se, overall->estimate.se, 1e-12);
}

TEST(PostStratificationTest, ATierWithoutAnArmIsLeftOutAndReported) {
  const Stratum good = TierOf({50, 1.0, 50.0}, {50, 2.0, 50.0});
  const Stratum one_armed = {300, std::nullopt};
  const auto overall = PostStratify({one_armed, good}, 0.95);
  ASSERT_TRUE(overall.ok());
  EXPECT_EQ(overall->excluded, std::vector<size_t>{0});
  EXPECT_EQ(overall->weights, (std::vector<double>{0.0, 1.0}));
  EXPECT_EQ(overall->covered_users, 100);
  EXPECT_DOUBLE_EQ(overall->covered_share, 0.25);
  EXPECT_DOUBLE_EQ(overall->estimate.effect, 1.0);
}

TEST(PostStratificationTest, NothingToCoverHasAReason) {
  const auto overall = PostStratify({{10, std::nullopt}}, 0.95);
  ASSERT_TRUE(overall.ok());
  EXPECT_EQ(overall->estimate.gap, Gap::kNoUsers);
  EXPECT_EQ(overall->superpopulation.gap, Gap::kNoUsers);
  EXPECT_EQ(PostStratify({}, 0.95)->estimate.gap, Gap::kNoUsers);
}

TEST(PostStratificationTest, OrderOfTiersDoesNotMatter) {
  const Stratum a = TierOf({50, 1.0, 50.0}, {70, 2.0, 90.0});
  const Stratum b = TierOf({20, 5.0, 10.0}, {30, 5.5, 20.0});
  const Stratum c = TierOf({200, 0.5, 50.0}, {210, 0.4, 50.0});
  const auto one = PostStratify({a, b, c}, 0.95);
  const auto other = PostStratify({c, a, b}, 0.95);
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NEAR(one->estimate.effect, other->estimate.effect, 1e-14);
  EXPECT_NEAR(one->superpopulation.se, other->superpopulation.se, 1e-14);
  EXPECT_NEAR(one->estimate.test.df, other->estimate.test.df, 1e-9);
}

TEST(PostStratificationTest, BadTiersNameTheField) {
  Stratum bad = TierOf({50, 1.0, 50.0}, {50, 2.0, 50.0});
  bad.means->treatment_variance = std::nan("");
  EXPECT_EQ(ProblemsOf(PostStratify({bad}, 0.95).status()).at(0).field, "strata[0].means.treatment_variance");
  EXPECT_EQ(ProblemsOf(PostStratify({{-1, std::nullopt}}, 0.95).status()).at(0).field, "strata[0].users");
}

}  // namespace
}  // namespace tierwise
