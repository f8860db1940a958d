// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/quadrature.h"

#include <gtest/gtest.h>

#include <cmath>

#include "experiments/stats/root_finding.h"

namespace tierwise {
namespace {

TEST(QuadratureTest, IsExactForPolynomialsOfDegreeTwentyThree) {
  const auto power = [](double x) { return std::pow(x, 22.0) + std::pow(x, 23.0); };
  EXPECT_NEAR(Integrate(power, -1.0, 1.0, 1), 2.0 / 23.0, 1e-15);
  EXPECT_NEAR(Integrate([](double x) { return std::exp(x); }, 0.0, 3.0, 2), std::expm1(3.0), 1e-13);
}

TEST(QuadratureTest, CumulativeWeightsIntegrateUpToEachNode) {
  for (size_t i = 0; i < kGaussPoints; ++i) {
    double sum = 0.0;
    for (size_t j = 0; j < kGaussPoints; ++j) {
      sum += GaussCumulativeWeights()[i][j] * std::pow(GaussRule()[j].x, 11.0);
    }
    EXPECT_NEAR(sum, (std::pow(GaussRule()[i].x, 12.0) - 1.0) / 12.0, 1e-14);
  }
}

TEST(FindRootTest, FindsSimpleFlatAndSteepRoots) {
  EXPECT_NEAR(FindRoot([](double x) { return std::cos(x); }, 0.0, 3.0, 1e-14), 1.5707963267948966, 1e-13);
  EXPECT_NEAR(FindRoot([](double x) { return std::pow(x - 1.0, 9.0); }, -4.0, 7.0, 1e-12), 1.0, 1e-2);
  EXPECT_NEAR(FindRoot([](double x) { return std::exp(50.0 * x) - 1.0; }, -3.0, 2.0, 1e-14), 0.0, 1e-13);
  EXPECT_NEAR(FindRoot([](double x) { return x < 0.3 ? -1.0 : 1.0; }, 0.0, 1.0, 1e-12), 0.3, 1e-11);
}

TEST(FindRootTest, SaysWhereTheRootIsNotBracketed) {
  EXPECT_TRUE(std::isnan(FindRoot([](double x) { return x * x + 1.0; }, -1.0, 1.0, 1e-9)));
  EXPECT_TRUE(std::isnan(FindRoot([](double) { return std::nan(""); }, -1.0, 1.0, 1e-9)));
}

}  // namespace
}  // namespace tierwise
