// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void ExpectRelative(double expected, double got, double tolerance) {
  EXPECT_LE(std::abs(got - expected), tolerance * std::abs(expected)) << "expected " << expected << ", got " << got;
}

// Expected values from mpmath with 60 digits.
TEST(NormalTest, LogTailIsRightFarBeyondUnderflow) {
  ExpectRelative(-1.1285884059538406e-19, NormalLogSf(-9), 1e-12);
  ExpectRelative(-35.01343715991455, NormalLogSf(8), 1e-14);
  ExpectRelative(-451.32291245852863, NormalLogSf(29.9), 1e-14);
  ExpectRelative(-457.32956441638226, NormalLogSf(30.1), 1e-14);
  ExpectRelative(-726.55721601882013, NormalLogSf(38), 1e-14);
  ExpectRelative(-500007.82669481218, NormalLogSf(1000), 1e-14);
  EXPECT_EQ(NormalLogSf(kInf), -kInf);
  EXPECT_EQ(NormalLogSf(-kInf), 0.0);
}

TEST(StudentTTest, LogTailIsRightForSmallAndHugeDegreesOfFreedom) {
  ExpectRelative(-2.7635217709491866, StudentTLogSf(2, 3.5), 1e-13);
  ExpectRelative(-764.08557954008162, StudentTLogSf(100, 499), 1e-13);
  ExpectRelative(-11900.549481426717, StudentTLogSf(1e10, 600), 1e-13);
  ExpectRelative(-804.60780121468585, StudentTLogSf(40, 1e9), 1e-13);
  ExpectRelative(-1017.2260942409262, StudentTLogSf(45, 1e15), 1e-13);
  EXPECT_TRUE(std::isfinite(StudentTLogSf(1e200, 300)));
}

TEST(StudentTTest, InfiniteDegreesOfFreedomAreNormal) {
  EXPECT_EQ(StudentTSf(1.7, kInf), NormalSf(1.7));
  EXPECT_EQ(StudentTLogSf(50, kInf), NormalLogSf(50));
  EXPECT_EQ(StudentTQuantile(0.975, kInf), NormalQuantile(0.975));
}

TEST(ChiSquaredTest, LogTailIsRightAtBothEnds) {
  ExpectRelative(-8.41041654415459e-9, ChiSquaredLogSf(1e-5, 3), 1e-12);
  ExpectRelative(-1.1478744644493182, ChiSquaredLogSf(1, 1), 1e-13);
  ExpectRelative(-1449.5212811632038, ChiSquaredLogSf(3000, 19), 1e-13);
  ExpectRelative(-500007.13354763162, ChiSquaredLogSf(1e6, 1), 1e-13);
}

TEST(BetaTest, LogBetaDoesNotCancelForLargeArguments) {
  ExpectRelative(1.1447298858494002, LogBeta(0.5, 0.5), 1e-14);
  ExpectRelative(-693147189.30949251, LogBeta(5e8, 5e8), 1e-14);
  ExpectRelative(6.8864556195474068, LogBeta(1e-3, 1e9), 1e-14);
  ExpectRelative(-51.523481723768109, LogBeta(2.5, 1e9), 1e-14);
}

TEST(BetaTest, TailIsRightForVeryUnevenParameters) {
  ExpectRelative(0.024999998920705240803, BetaSf(5.5716434291233906e-09, 2.0, 1e9 - 1), 1e-11);
}

TEST(DistributionsTest, OutsideTheDomainIsNaNAndNothingThrows) {
  for (const double bad : {kNaN, -0.1, 1.1}) {
    EXPECT_TRUE(std::isnan(NormalQuantile(bad)));
    EXPECT_TRUE(std::isnan(StudentTQuantile(bad, 5)));
    EXPECT_TRUE(std::isnan(ChiSquaredQuantile(bad, 5)));
    EXPECT_TRUE(std::isnan(BetaQuantile(bad, 1, 2)));
    EXPECT_TRUE(std::isnan(BinomialCdf(1, 5, bad)));
  }
  for (const double bad : {kNaN, 0.0, -1.0}) {
    EXPECT_TRUE(std::isnan(StudentTSf(1, bad)));
    EXPECT_TRUE(std::isnan(StudentTLogSf(1, bad)));
    EXPECT_TRUE(std::isnan(ChiSquaredSf(1, bad)));
    EXPECT_TRUE(std::isnan(ChiSquaredLogSf(1, bad)));
    EXPECT_TRUE(std::isnan(FSf(1, bad, 3)));
    EXPECT_TRUE(std::isnan(BetaCdf(0.5, bad, 1)));
    EXPECT_TRUE(std::isnan(LogBeta(bad, 1)));
    EXPECT_TRUE(std::isnan(LogGamma(bad)));
  }
  EXPECT_TRUE(std::isnan(NormalSf(kNaN)));
  EXPECT_TRUE(std::isnan(NormalLogSf(kNaN)));
  EXPECT_TRUE(std::isnan(StudentTSf(kNaN, 5)));
  EXPECT_TRUE(std::isnan(ChiSquaredSf(kNaN, 5)));
}

TEST(DistributionsTest, QuantilesAtTheEndsAreTheEndsOfTheSupport) {
  EXPECT_EQ(NormalQuantile(0), -kInf);
  EXPECT_EQ(NormalQuantile(1), kInf);
  EXPECT_EQ(StudentTQuantile(0, 3), -kInf);
  EXPECT_EQ(ChiSquaredQuantile(0, 3), 0.0);
  EXPECT_EQ(ChiSquaredQuantile(1, 3), kInf);
  EXPECT_EQ(BetaQuantile(0, 2, 3), 0.0);
  EXPECT_EQ(BetaQuantile(1, 2, 3), 1.0);
}

}  // namespace
}  // namespace tierwise
