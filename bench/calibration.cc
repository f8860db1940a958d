// SPDX-License-Identifier: Apache-2.0
// Measures what the statistics promise and writes the result as docs/calibration.md. Equal arguments give equal files.
//
//   calibration [--runs=N] [--output=FILE]
//
// --runs: A/A tests in each cell of the grid (default 20000; the other tables take their depth from it).
// --output: the file to write (default: standard output).
// Exits with 0 also where a promise is broken: the file says so.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "bench/calibration_grid.h"
#include "bench/calibration_section.h"
#include "bench/lift_tables.h"
#include "bench/published_tables.h"
#include "bench/simulated_tables.h"

namespace tierwise::bench {
namespace {

constexpr int kDefaultRuns = 20'000;
constexpr uint64_t kSeed = 1;
constexpr double kMostImbalance = 1.5;

// One line on standard error, rewritten.
void ShowProgress(absl::string_view what, int done, int all) {
  std::cerr << absl::StrFormat("\r%-60s %3d %%", what, 100 * done / all) << std::flush;
  if (done == all) std::cerr << "\n";
}

// One analysis of one cell, judged against the promises.
struct GridRow {
  Experiment experiment;
  Calibration calibration;

  // How far each figure is beyond its promise; at most 0 where that is kept.
  double SizeExcess() const {
    return std::abs(calibration.Share(calibration.fixed) - kGridAlpha) - ThreeErrors(kGridAlpha, calibration.runs);
  }
  double PeekingExcess(int rejections) const {
    return calibration.Share(rejections) - kGridAlpha - ThreeErrors(kGridAlpha, calibration.runs);
  }
  double Imbalance() const {
    const auto [less, more] = std::minmax(calibration.lifts_above, calibration.lifts_below);
    return static_cast<double>(more) / std::max(1, less);
  }
  double ImbalanceExcess() const { return Imbalance() - kMostImbalance; }
  bool HasContinuousPValues() const { return !IsDiscrete(experiment.outcome, calibration.analysis); }
  double UniformityExcess() const {
    return HasContinuousPValues() ? UniformityStatistic(calibration.p_values) - kUniformityLimit : -kUniformityLimit;
  }
  std::string Name() const {
    return absl::StrFormat("%s, %s, %s", OutcomeName(experiment.outcome), Split(), AnalysisName(calibration.analysis));
  }
  std::string Split() const { return experiment.treatment_share == 0.5 ? "50/50" : "90/10"; }
};

std::string Marked(std::string figure, double excess) {
  return excess <= 0.0 ? figure : absl::StrCat("**", figure, "**");
}

std::string Points(double share) { return absl::StrFormat("%.2f", 100.0 * share); }

// Size, spending and sequence; the last columns of all tables of rows.
std::string RejectionColumns(const GridRow& row) {
  const Calibration& c = row.calibration;
  return absl::StrCat(Marked(Points(c.Share(c.fixed)), row.SizeExcess()), " | ",
                      Marked(Points(c.Share(c.spending)), row.PeekingExcess(c.spending)), " | ",
                      Marked(Points(c.Share(c.sequence)), row.PeekingExcess(c.sequence)), " | ");
}

std::string MissesColumn(const GridRow& row) {
  const Calibration& c = row.calibration;
  return Marked(absl::StrCat(Points(c.Share(c.lifts_above)), " / ", Points(c.Share(c.lifts_below))),
                row.ImbalanceExcess());
}

std::string MarkdownOf(const GridRow& row) {
  const Calibration& c = row.calibration;
  const std::string uniformity =
      row.HasContinuousPValues()
          ? Marked(absl::StrFormat("%.2f", UniformityStatistic(c.p_values)), row.UniformityExcess())
          : "discrete";
  return absl::StrCat("| ", OutcomeName(row.experiment.outcome), " | ", row.Split(), " | ", AnalysisName(c.analysis),
                      " | ", RejectionColumns(row), Points(c.Share(c.naive)), " | ", MissesColumn(row), " | ",
                      uniformity, " |\n");
}

// Appends a row for each analysis of `experiment`.
void Simulate(const Experiment& experiment, int runs, std::vector<GridRow>& rows) {
  const std::string what = absl::StrCat("A/A tests: ", OutcomeName(experiment.outcome), ", treatment share ",
                                        experiment.treatment_share, ", ", experiment.users, " users");
  int done = 0;
  const auto tick = [&] {
    ++done;
    if (done % 100 == 0 || done == runs) ShowProgress(what, done, runs);
  };
  for (Calibration& calibration : CalibrateAnalyses(experiment, runs, kSeed, tick)) {
    rows.push_back({experiment, std::move(calibration)});
  }
}

std::vector<GridRow> SimulateGrid(int runs) {
  std::vector<GridRow> rows;
  for (const Outcome outcome : {Outcome::kRareConversion, Outcome::kConversion, Outcome::kRevenue}) {
    for (const double treatment_share : {0.5, 0.1}) {
      Simulate({.outcome = outcome, .treatment_share = treatment_share}, runs, rows);
    }
  }
  return rows;
}

// The promise that `excess`, how far a row is beyond the limit, is at most 0 in all rows; with the worst row's figure.
Promise Everywhere(absl::string_view text, const std::vector<GridRow>& rows,
                   absl::FunctionRef<double(const GridRow&)> excess,
                   absl::FunctionRef<std::string(const GridRow&)> figure) {
  const auto kept = std::count_if(rows.begin(), rows.end(), [&](const GridRow& row) { return excess(row) <= 0.0; });
  const GridRow& worst = *std::max_element(rows.begin(), rows.end(),
                                           [&](const GridRow& a, const GridRow& b) { return excess(a) < excess(b); });
  return {std::string(text), kept == static_cast<ptrdiff_t>(rows.size()),
          absl::StrCat(kept, " of ", rows.size(), " cells; worst: ", figure(worst), " (", worst.Name(), ")")};
}

std::string PercentOf(const GridRow& row, int rejections) { return Percent(row.calibration.Share(rejections), 2); }

std::vector<Promise> GridPromises(const std::vector<GridRow>& rows) {
  const auto spending = [](const GridRow& row) { return row.calibration.spending; };
  const auto sequence = [](const GridRow& row) { return row.calibration.sequence; };
  return {
      Everywhere(
          "Size at the fixed horizon is within 3 standard errors of 5 % in every cell of the grid", rows,
          [](const GridRow& row) { return row.SizeExcess(); },
          [](const GridRow& row) { return PercentOf(row, row.calibration.fixed); }),
      Everywhere(
          "Peeking with alpha spending rejects at most 5 % + 3 standard errors in every cell of the grid", rows,
          [&](const GridRow& row) { return row.PeekingExcess(spending(row)); },
          [&](const GridRow& row) { return PercentOf(row, spending(row)); }),
      Everywhere(
          "Peeking with the confidence sequence rejects at most 5 % + 3 standard errors in every cell of the grid",
          rows, [&](const GridRow& row) { return row.PeekingExcess(sequence(row)); },
          [&](const GridRow& row) { return PercentOf(row, sequence(row)); }),
      Everywhere(
          "Misses of the relative interval are balanced within 1.5 : 1 in every cell of the grid", rows,
          [](const GridRow& row) { return row.ImbalanceExcess(); },
          [](const GridRow& row) { return absl::StrFormat("%.1f : 1", row.Imbalance()); }),
      Everywhere(
          "p-values are uniform where they are continuous", rows,
          [](const GridRow& row) { return row.UniformityExcess(); },
          [](const GridRow& row) { return absl::StrFormat("%.2f", UniformityStatistic(row.calibration.p_values)); }),
  };
}

Section GridSection(int runs) {
  const std::vector<GridRow> rows = SimulateGrid(runs);
  const Experiment experiment;
  Section section;
  section.markdown = absl::StrFormat(
      "## A/A tests by every method\n\n"
      "%d runs a cell, %d users in all, %d equally spaced looks, nominal 5 %%: 3 Monte-Carlo standard errors are %.2f "
      "points. Users are of 4 tiers (40, 30, 20 and 10 %% of them, means 0.4, 0.8, 1.4 and 3.2 times the average) and "
      "visit 1, 2 or 3 times; more visits, more conversions. Revenue is zero for 95 %% of users and log-normal with "
      "sigma "
      "1 for the rest. With 90/10 the smaller arm expects 25 conversions at 0.5 %%, and 250 conversions or buyers at 5 "
      "%%.\n\n"
      "Fixed: the method's own p-value at the last look. Spending: the same statistic against O'Brien-Fleming-type "
      "boundaries. Sequence: the asymptotic confidence sequence on it, tuned to all users. Both judge from 20 events "
      "in each arm on; for revenue events "
      "are the effective number of buyers. Naive: the fixed test at every look, for comparison. Misses: share of 95 %% "
      "intervals of the relative lift that lie above and below the truth. KS: Kolmogorov's distance of the p-values "
      "from "
      "uniform times the root of the runs, at most %.2f with probability 0.999. Bold: beyond the promise. All but KS "
      "in "
      "percent.\n\n"
      "| outcome | split | method | fixed | spending | sequence | naive | misses above / below | KS |\n"
      "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
      runs, experiment.users, experiment.looks, 100.0 * ThreeErrors(kGridAlpha, runs), kUniformityLimit);
  for (const GridRow& row : rows) absl::StrAppend(&section.markdown, MarkdownOf(row));
  section.promises = GridPromises(rows);
  return section;
}

// The same with more users, as the skewness dies out.
Section ConvergenceSection(int runs) {
  Section section;
  section.markdown = absl::StrFormat(
      "## How many events the smaller arm needs\n\n"
      "The 90/10 cells again with more users: %d runs a line, 3 Monte-Carlo standard errors are %.2f points. Columns "
      "as "
      "above.\n\n"
      "| outcome | events in the smaller arm | method | fixed | spending | sequence | misses above / below |\n"
      "| --- | ---: | --- | ---: | ---: | ---: | ---: |\n",
      runs, 100.0 * ThreeErrors(kGridAlpha, runs));
  for (const Outcome outcome : {Outcome::kRareConversion, Outcome::kRevenue}) {
    for (const int64_t users : {int64_t{50'000}, int64_t{200'000}, int64_t{800'000}}) {
      std::vector<GridRow> rows;
      Simulate({.outcome = outcome, .treatment_share = 0.1, .users = users}, runs, rows);
      const double rate = outcome == Outcome::kRevenue ? 0.05 : 0.005;
      for (const GridRow& row : rows) {
        if (row.calibration.analysis != Analysis::kMeans && row.calibration.analysis != Analysis::kPostStratified) {
          continue;
        }
        absl::StrAppendFormat(&section.markdown, "| %s | %.0f | %s | %s%s |\n", OutcomeName(outcome),
                              rate * 0.1 * static_cast<double>(users), AnalysisName(row.calibration.analysis),
                              RejectionColumns(row), MissesColumn(row));
      }
    }
  }
  return section;
}

std::string Document(const std::vector<Section>& sections, int runs) {
  std::string document = absl::StrFormat(
      "# Calibration of the statistics\n\n"
      "Size, coverage and power as measured by simulation, and the published figures as reproduced. Methods: "
      "[statistics.md](statistics.md). Written by\n\n```sh\nbuild/release/bin/calibration --runs=%d "
      "--output=docs/calibration.md\n```\n\nSeeds are fixed: the same command gives the same file. A smaller grid runs "
      "with the tests (`calibration_test`).\n\n## Promises\n\n| promise | | measured |\n| --- | --- | --- |\n",
      runs);
  for (const Section& section : sections) {
    for (const Promise& promise : section.promises) {
      absl::StrAppendFormat(&document, "| %s | %s | %s |\n", promise.text, promise.is_kept ? "kept" : "**broken**",
                            promise.figure);
    }
  }
  for (const Section& section : sections)
    absl::StrAppend(&document, "\n", absl::StripAsciiWhitespace(section.markdown), "\n");
  return document;
}

std::string Measure(int runs) {
  std::vector<Section> sections = {GridSection(runs), ConvergenceSection(runs / 2)};
  const auto add = [&](absl::string_view what, Section section) {
    ShowProgress(what, 1, 1);
    sections.push_back(std::move(section));
  };
  add("relative lift", LiftMisses(5 * runs));
  add("relative peeking", RelativePeeking(runs / 2));
  add("rules for daily looks", SequentialPower(10 * runs));
  add("best of k arms", BestArms(runs / 2));
  add("adjusted variance", AdjustedVariance(std::max(1, runs / 20)));
  add("published figures", PublishedTables());
  return Document(sections, runs);
}

int Main(absl::Span<char* const> arguments) {
  int runs = kDefaultRuns;
  std::string output;
  for (absl::string_view argument : arguments.subspan(1)) {
    if (absl::ConsumePrefix(&argument, "--runs=") && absl::SimpleAtoi(argument, &runs) && runs >= 100) continue;
    if (absl::ConsumePrefix(&argument, "--output=")) {
      output = std::string(argument);
      continue;
    }
    std::cerr << "usage: calibration [--runs=N, at least 100] [--output=FILE]\n";
    return 2;
  }
  const std::string document = Measure(runs);
  if (output.empty()) {
    std::cout << document;
    return 0;
  }
  std::ofstream file(output);
  file << document;
  file.close();
  if (!file) {
    std::cerr << "calibration: cannot write " << output << "\n";
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace tierwise::bench

int main(int argc, char** argv) { return tierwise::bench::Main(absl::MakeConstSpan(argv, static_cast<size_t>(argc))); }
