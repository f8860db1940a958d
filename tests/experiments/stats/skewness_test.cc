// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/skewness.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tierwise {
namespace {

TEST(SkewnessTest, QuantilesAndNormalDeviatesAreInverses) {
  for (const double skewness : {-2.0, -0.7, -0.05, -1e-9, 0.0, 1e-6, 0.3, 1.0, 2.0}) {
    for (const double w : {-8.0, -3.0, -1.96, -0.3, 0.0, 0.1, 1.0, 1.96, 2.5, 7.0}) {
      EXPECT_NEAR(NormalizeStudentized(StudentizedQuantile(w, skewness), skewness), w, 1e-10) << skewness << " " << w;
      EXPECT_NEAR(NormalizeScore(ScoreQuantile(w, skewness), skewness), w, 1e-10) << skewness << " " << w;
    }
  }
}

TEST(SkewnessTest, EveryStatisticHasItsDeviate) {
  for (const double skewness : {-2.0, -0.3, 0.01, 0.3, 2.0}) {
    double before = -HUGE_VAL;
    for (double statistic = -1e6; statistic < 1e6; statistic += 1234.5) {
      const double w = NormalizeStudentized(statistic, skewness);
      ASSERT_GT(w, before) << skewness << " " << statistic;
      ASSERT_NEAR(StudentizedQuantile(w, skewness), statistic, 1e-9 * std::abs(statistic));
      before = w;
    }
    EXPECT_EQ(NormalizeStudentized(HUGE_VAL, skewness), HUGE_VAL);
    EXPECT_EQ(NormalizeScore(-HUGE_VAL, skewness), -HUGE_VAL);
  }
}

TEST(SkewnessTest, NothingChangesWithoutSkewness) {
  for (const double w : {-3.0, 0.0, 1.96}) {
    EXPECT_EQ(StudentizedQuantile(w, 0.0), w);
    EXPECT_EQ(ScoreQuantile(w, 0.0), w);
    EXPECT_EQ(NormalizeStudentized(w, 0.0), w);
    EXPECT_EQ(NormalizeScore(w, 0.0), w);
  }
}

TEST(SkewnessTest, MirroredSkewnessMirrorsTheQuantiles) {
  EXPECT_DOUBLE_EQ(StudentizedQuantile(1.96, 0.4), -StudentizedQuantile(-1.96, -0.4));
  EXPECT_DOUBLE_EQ(ScoreQuantile(1.96, 0.4), -ScoreQuantile(-1.96, -0.4));
}

// 17.5345 and 2.1797 are the 97.5 % and 2.5 % points of chi-square with 8 degrees of freedom: mean 8, variance 16,
// skewness 1.
TEST(SkewnessTest, ScoreQuantilesAreThoseOfChiSquare) {
  EXPECT_NEAR(ScoreQuantile(1.959964, 1.0), (17.5345 - 8.0) / 4.0, 0.01);
  EXPECT_NEAR(ScoreQuantile(-1.959964, 1.0), (2.1797 - 8.0) / 4.0, 0.01);
}

TEST(SkewnessTest, OneShapeServesBothArmsAtTheirOwnSize) {
  // Users of variance 4 and third moment 16 (skewness 2) in both arms.
  const ThirdMoments thirds = ThirdMomentsOfMeans({100.0, 4.0, 16.0}, {25.0, 4.0, 16.0});
  EXPECT_NEAR(thirds.control, 16.0 / 1e4, 1e-15);
  EXPECT_NEAR(thirds.treatment, 16.0 / 625.0, 1e-15);
  const ThirdMoments nothing = ThirdMomentsOfMeans({100.0, 0.0, 0.0}, {25.0, 0.0, 0.0});
  EXPECT_EQ(nothing.control, 0.0);
  EXPECT_EQ(nothing.treatment, 0.0);
}

TEST(SkewnessTest, TheSkewnessOfADifferenceDependsOnThePopulationAndTheArmsSizesAlone) {
  const auto skewness = [](const UserShape& control, const UserShape& treatment) {
    const ThirdMoments thirds = ThirdMomentsOfMeans(control, treatment);
    const double variance = control.variance / control.users + treatment.variance / treatment.users;
    return (thirds.treatment - thirds.control) / std::pow(variance, 1.5);
  };
  // Both pairs have variance 2 and third moment 5 over all users.
  EXPECT_NEAR(skewness({900.0, 2.0, 5.0}, {100.0, 2.0, 5.0}), skewness({900.0, 2.1, 5.2}, {100.0, 1.1, 3.2}), 1e-12);
  EXPECT_EQ(skewness({50.0, 1.0, 3.0}, {50.0, 30.0, 900.0}), 0.0);
}

}  // namespace
}  // namespace tierwise
