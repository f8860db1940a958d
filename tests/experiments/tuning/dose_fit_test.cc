// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/dose_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

const std::vector<double> kDoses = {0, 2, 5, 10, 15, 20, 30};

DoseFit Curve(DoseModel model, std::vector<double> parameters) {
  DoseFit fit;
  fit.model = model;
  fit.parameters = std::move(parameters);
  return fit;
}

std::vector<DosePoint> PointsOn(const DoseFit& curve) {
  std::vector<DosePoint> points;
  for (double dose : kDoses) points.push_back({dose, curve.At(dose), 1e-6 * (1.0 + dose)});
  return points;
}

TEST(DoseFitTest, RecoversEveryModelFromItsOwnCurve) {
  const std::vector<DoseFit> curves = {
      Curve(DoseModel::kConstant, {0.05}),
      Curve(DoseModel::kLinear, {0.05, 0.002}),
      Curve(DoseModel::kLogLinear, {0.05, 0.01, 0.3}),
      Curve(DoseModel::kQuadratic, {0.05, 0.004, -0.00008}),
      Curve(DoseModel::kEmax, {0.05, 0.08, 6.0}),
      Curve(DoseModel::kSigmoidEmax, {0.05, 0.08, 9.0, 3.0}),
      Curve(DoseModel::kLogistic, {0.05, 0.08, 12.0, 3.0}),
      Curve(DoseModel::kExponential, {0.05, 0.01, 18.0}),
  };
  for (const DoseFit& curve : curves) {
    const std::vector<DosePoint> points = PointsOn(curve);
    const DoseFit fit = FitDoseModel(curve.model, points).value();
    EXPECT_LT(fit.rss, 1e-6) << DoseModelName(curve.model);
    ASSERT_EQ(fit.parameters.size(), curve.parameters.size());
    for (size_t i = 0; i < fit.parameters.size(); ++i) {
      EXPECT_NEAR(fit.parameters[i], curve.parameters[i], 1e-4 * std::abs(curve.parameters[i]))
          << DoseModelName(curve.model) << " parameter " << i;
    }
    EXPECT_DOUBLE_EQ(fit.aic, fit.rss + 2.0 * FreeParameters(curve.model));
    EXPECT_TRUE(fit.covariance.has_value()) << DoseModelName(curve.model);
  }
}

TEST(DoseFitTest, CovarianceOfALineIsThatOfWeightedRegression) {
  const std::vector<DosePoint> points = {{0, 1.0, 0.5}, {1, 2.5, 0.25}, {3, 3.0, 1.0}};
  // X'WX with weights 2, 4, 1.
  const double info00 = 7.0;
  const double info01 = 7.0;
  const double info11 = 13.0;
  const double determinant = info00 * info11 - info01 * info01;
  const std::vector<double> covariance = FitDoseModel(DoseModel::kLinear, points)->covariance.value();
  EXPECT_NEAR(covariance[0], info11 / determinant, 1e-12);
  EXPECT_NEAR(covariance[1], -info01 / determinant, 1e-12);
  EXPECT_NEAR(covariance[3], info00 / determinant, 1e-12);
}

TEST(DoseFitTest, CovarianceMatchesTheSpreadOfRefits) {
  const DoseFit truth = Curve(DoseModel::kEmax, {0.05, 0.08, 6.0});
  const std::vector<DosePoint> points = PointsOn(truth);
  const std::vector<double> covariance = FitDoseModel(DoseModel::kEmax, points)->covariance.value();
  RandomDraws random(4);
  constexpr int kRuns = 600;
  double sum_of_squares = 0.0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<DosePoint> noisy = points;
    for (DosePoint& point : noisy) point.mean += std::sqrt(point.variance) * random.Normal();
    const double error = FitDoseModel(DoseModel::kEmax, noisy)->parameters[0] - 0.05;
    sum_of_squares += error * error;
  }
  EXPECT_NEAR(sum_of_squares / kRuns / covariance[0], 1.0, 4.0 * std::sqrt(2.0 / kRuns));
}

TEST(DoseFitTest, ParametersAtTheEdgeHaveNoCovariance) {
  // A straight line is the limit of an Emax curve beyond its box.
  const DoseFit fit = FitDoseModel(DoseModel::kEmax, PointsOn(Curve(DoseModel::kLinear, {0.05, 0.002}))).value();
  EXPECT_FALSE(fit.covariance.has_value());
}

TEST(DoseFitTest, NeedsAsManyDosesAsParameters) {
  const std::vector<DosePoint> points = {{0, 1.0, 0.5}, {1, 2.5, 0.25}, {3, 3.0, 1.0}};
  EXPECT_TRUE(FitDoseModel(DoseModel::kQuadratic, points).ok());
  const auto status = FitDoseModel(DoseModel::kSigmoidEmax, points).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("a sigmoid Emax curve needs at least 4"));
}

TEST(DosePointTest, TwoVariantsAtOneDoseAreRefusedWithTheirDifference) {
  const auto status = CheckDosePoints("tiers[0].points", {{0, 0.10, 0.0001}, {5, 0.12, 0.0001}, {5, 0.15, 0.0001}});
  ASSERT_EQ(ProblemsOf(status).size(), 1u);
  EXPECT_EQ(ProblemsOf(status)[0].field, "tiers[0].points[2].dose");
  EXPECT_THAT(ProblemsOf(status)[0].description, HasSubstr("differ by 0.03"));
}

TEST(DosePointTest, NamesEveryBadPoint) {
  const auto status = CheckDosePoints("points", {{-1, 0.1, 0.1}, {5, std::nan(""), 0.1}, {4, 0.1, 0.0}});
  std::vector<std::string> fields;
  for (const Problem& problem : ProblemsOf(status)) fields.push_back(problem.field);
  EXPECT_THAT(fields, testing::ElementsAre("points[0].dose", "points[1].mean", "points[2].variance", "points[2].dose"));
  EXPECT_FALSE(CheckDosePoints("points", {{0, 0.1, 0.1}}).ok());
}

TEST(DosePointTest, ADoseWithoutConversionsKeepsAFiniteWeight) {
  const DosePoint none = RatePoint(0, 0, 100);
  EXPECT_EQ(none.mean, 0.0);
  EXPECT_NEAR(none.variance, (0.5 / 101) * (100.5 / 101) / 100, 1e-15);
  EXPECT_NEAR(RatePoint(0, 10, 100).variance, 0.1 * 0.9 / 100, 1e-15);
}

TEST(AkaikeTest, WeightsFollowTheDifferences) {
  const std::vector<double> weights = AkaikeWeights({10.0, 12.0, 1000.0});
  EXPECT_NEAR(weights[0] / weights[1], std::exp(1.0), 1e-12);
  EXPECT_NEAR(weights[0] + weights[1] + weights[2], 1.0, 1e-12);
}

}  // namespace
}  // namespace tierwise
