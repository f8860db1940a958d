// SPDX-License-Identifier: Apache-2.0
// A/A tests by every method at every kind of outcome, with fixed seeds: size, balance of misses, uniform p-values. The
// same at greater depth: docs/calibration.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/calibration_grid.h"

namespace tierwise::bench {
namespace {

constexpr int kRuns = 2500;

// All cells, simulated once for all tests.
struct Cell {
  Experiment experiment;
  Calibration calibration;

  std::string Name() const {
    return absl::StrCat(OutcomeName(experiment.outcome), ", ", AnalysisName(calibration.analysis), ", treatment share ",
                        experiment.treatment_share);
  }
};

const std::vector<Cell>& Grid() {
  static const auto* const grid = [] {
    auto* cells = new std::vector<Cell>;
    for (const Outcome outcome : {Outcome::kRareConversion, Outcome::kConversion, Outcome::kRevenue}) {
      for (const double treatment_share : {0.5, 0.1}) {
        const Experiment experiment{.outcome = outcome, .treatment_share = treatment_share};
        for (Calibration& calibration : CalibrateAnalyses(experiment, kRuns, 1, [] {})) {
          cells->push_back({experiment, std::move(calibration)});
        }
      }
    }
    return cells;
  }();
  return *grid;
}

TEST(CalibrationSimulation, FixedHorizonTestsHaveTheirSize) {
  for (const Cell& cell : Grid()) {
    const Calibration& calibration = cell.calibration;
    EXPECT_NEAR(calibration.Share(calibration.fixed), kGridAlpha, ThreeErrors(kGridAlpha, kRuns)) << cell.Name();
  }
}

TEST(CalibrationSimulation, PeekingWithAlphaSpendingKeepsTheSize) {
  for (const Cell& cell : Grid()) {
    const Calibration& calibration = cell.calibration;
    EXPECT_LE(calibration.Share(calibration.spending), kGridAlpha + ThreeErrors(kGridAlpha, kRuns)) << cell.Name();
  }
}

TEST(CalibrationSimulation, PeekingWithTheConfidenceSequenceKeepsTheSize) {
  for (const Cell& cell : Grid()) {
    const Calibration& calibration = cell.calibration;
    EXPECT_LE(calibration.Share(calibration.sequence), kGridAlpha) << cell.Name();
  }
}

TEST(CalibrationSimulation, PeekingWithTheFixedTestRejectsFarTooOften) {
  for (const Cell& cell : Grid()) {
    const Calibration& calibration = cell.calibration;
    EXPECT_GE(calibration.Share(calibration.naive), 0.15) << cell.Name();
  }
}

// Of `misses` in all, how many may fall on one side where each side gets at most 3 of 5: a ratio of 1.5 : 1 with three
// Monte-Carlo standard errors.
double MostOnOneSide(int misses) { return misses * (0.6 + ThreeErrors(0.6, misses)); }

TEST(CalibrationSimulation, RelativeIntervalsMissOnBothSidesAlike) {
  for (const Cell& cell : Grid()) {
    const Calibration& calibration = cell.calibration;
    const int misses = calibration.lifts_above + calibration.lifts_below;
    EXPECT_LE(std::max(calibration.lifts_above, calibration.lifts_below), MostOnOneSide(misses)) << cell.Name();
  }
}

TEST(CalibrationSimulation, ContinuousPValuesAreUniform) {
  for (const Cell& cell : Grid()) {
    if (IsDiscrete(cell.experiment.outcome, cell.calibration.analysis)) continue;
    EXPECT_LE(UniformityStatistic(cell.calibration.p_values), kUniformityLimit) << cell.Name();
  }
}

TEST(UniformityStatisticTest, TellsUniformFromSkewedPValues) {
  std::vector<double> uniform, skewed;
  for (int i = 0; i < 1000; ++i) {
    const double p = (i + 0.5) / 1000.0;
    uniform.push_back(p);
    skewed.push_back(p * p);
  }
  EXPECT_LT(UniformityStatistic(uniform), 0.1);
  EXPECT_GT(UniformityStatistic(skewed), kUniformityLimit);
}

}  // namespace
}  // namespace tierwise::bench
