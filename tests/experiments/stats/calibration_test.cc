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
