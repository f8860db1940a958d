// SPDX-License-Identifier: Apache-2.0
#include "bench/published_tables.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/group_sequential.h"
#include "experiments/stats/heterogeneity.h"
#include "experiments/stats/multiplicity.h"
#include "experiments/stats/proportions.h"
#include "experiments/tuning/dose_fit.h"

namespace tierwise::bench {
namespace {

constexpr double kConfidence = 0.95;

// Figures beside what was published, row by row.
class Table {
 public:
  Table(absl::string_view title, absl::string_view source) {
    markdown_ =
        absl::StrCat("### ", title, "\n\n", source, "\n\n| figure | published | ours |\n| --- | ---: | ---: |\n");
  }

  // `digits` after the point were published; ours agrees where it rounds to them.
  void Add(absl::string_view name, double published, double ours, int digits) {
    const double off = std::abs(ours - published) * std::pow(10.0, digits);
    const bool agrees = off <= 0.5 + 1e-6;
    absl::StrAppendFormat(&markdown_, "| %s | %.*f | %.*f%s |\n", name, digits, published, digits + 1, ours,
                          agrees ? "" : " **differs**");
    ++figures_;
    agreeing_ += agrees ? 1 : 0;
  }

  const std::string& markdown() const { return markdown_; }
  int figures() const { return figures_; }
  int agreeing() const { return agreeing_; }

 private:
  std::string markdown_;
  int figures_ = 0;
  int agreeing_ = 0;
};

std::vector<double> EqualLooks(int looks) {
  std::vector<double> fractions;
  for (int look = 1; look <= looks; ++look) fractions.push_back(static_cast<double>(look) / looks);
  return fractions;
}

Table RepeatedTests() {
  Table table("Repeated 5 % tests",
              "Armitage, McPherson & Rowe (1969), Table 2: the chance that one of k tests at 5 % rejects without an "
              "effect, by recursion.");
  const std::pair<int, double> published[] = {{1, .050},  {2, .083},  {3, .107},  {4, .126},  {5, .142},
                                              {10, .193}, {20, .248}, {50, .320}, {100, .374}};
  for (const auto& [looks, share] : published) {
    std::vector<LookBoundary> boundaries;
    for (const double fraction : EqualLooks(looks)) boundaries.push_back({fraction, -NormalQuantile(0.025), 0.0, 0.0});
    table.Add(absl::StrCat("k = ", looks), share, PowerOf(boundaries, 2, 0.0)->power, 3);
  }
  return table;
}

Table ClassicalConstants() {
  Table table("Pocock's and O'Brien & Fleming's tests",
              "Jennison & Turnbull (2000), Tables 2.1 to 2.4, level 5 %, power 80 %: the constant C of the critical "
              "values and the factor R by which the sample grows.");
  struct Row {
    ClassicalKind kind;
    int looks;
    double constant;
    double inflation;
  };
  const Row rows[] = {{ClassicalKind::kPocock, 5, 2.413, 1.229},
                      {ClassicalKind::kObrienFleming, 5, 2.040, 1.028},
                      {ClassicalKind::kPocock, 10, 2.555, 1.301},
                      {ClassicalKind::kObrienFleming, 10, 2.087, 1.040}};
  for (const Row& row : rows) {
    const auto boundaries = *ClassicalBoundaries(row.kind, 0.05, 2, EqualLooks(row.looks));
    const std::string name =
        absl::StrCat(row.kind == ClassicalKind::kPocock ? "Pocock" : "O'Brien-Fleming", ", ", row.looks, " looks");
    table.Add(absl::StrCat(name, ": C"), row.constant, boundaries.back().critical_z, 3);
    table.Add(absl::StrCat(name, ": R"), row.inflation, *InflationFactor(boundaries, 0.05, 2, 0.8), 3);
  }
  return table;
}

Table Newcombe() {
  Table table("Differences of rates",
              "Newcombe (1998), Table II, method 10: 95 % limits of the difference of two rates.");
  struct Row {
    Proportion first;
    Proportion second;
    Interval published;
  };
  const Row rows[] = {{{56, 70}, {48, 80}, {0.0524, 0.3339}}, {{9, 10}, {3, 10}, {0.1705, 0.8090}},
                      {{6, 7}, {2, 7}, {0.0582, 0.8062}},     {{5, 56}, {0, 29}, {-0.0381, 0.1926}},
                      {{0, 10}, {0, 20}, {-0.1611, 0.2775}},  {{0, 10}, {0, 10}, {-0.2775, 0.2775}},
                      {{10, 10}, {0, 20}, {0.6791, 1.0}},     {{10, 10}, {0, 10}, {0.6075, 1.0}}};
  for (const Row& row : rows) {
    const Interval ours = NewcombeInterval(row.second, row.first, kConfidence);
    const std::string name = absl::StrFormat("%d/%d - %d/%d", row.first.conversions, row.first.users,
                                             row.second.conversions, row.second.users);
    table.Add(name + ", lower", row.published.lower, ours.lower, 4);
    table.Add(name + ", upper", row.published.upper, ours.upper, 4);
  }
  return table;
}

Table Batting() {
  Table table(
      "Shrinking batting averages",
      "Efron & Morris (1975): averages of 18 players after 45 at-bats, on the arcsine scale, predict the rest "
      "of the season; James & Stein's factor 1 - 15 / Q, towards the transformed average of all. The transformed "
      "averages are the article's own, of two decimals and up to 0.01 from the arcsine of its three-decimal "
      "averages, from which the last three figures come out as 17.578, 5.000 and 3.515.");
  constexpr double kEarly[] = {-1.35, -1.66, -1.97, -2.28, -2.60, -2.60, -2.92, -3.26, -3.60,
                               -3.60, -3.95, -3.95, -3.95, -3.95, -3.95, -4.32, -4.70, -5.10};
  constexpr double kRest[] = {-2.10, -2.79, -3.11, -3.96, -3.17, -3.20, -3.32, -4.15, -3.23,
                              -3.83, -3.30, -3.43, -2.71, -3.30, -3.89, -2.98, -2.53, -4.32};
  constexpr double kAverageOfAll = 0.2654;
  const double centre = std::sqrt(45.0) * std::asin(2.0 * kAverageOfAll - 1.0);
  std::vector<TierEffect> players;
  for (const double average : kEarly) players.push_back({.effect = average, .se = 1.0});
  const double factor = 1.0 - 15.0 / TestHeterogeneity(players, kConfidence)->q;
  double raw = 0.0, shrunk = 0.0;
  for (size_t i = 0; i < players.size(); ++i) {
    raw += std::pow(players[i].effect - kRest[i], 2.0);
    shrunk += std::pow(centre + factor * (players[i].effect - centre) - kRest[i], 2.0);
  }
  table.Add("factor", 0.209, factor, 3);
  table.Add("error, raw", 17.56, raw, 2);
  table.Add("error, shrunk", 5.01, shrunk, 2);
  table.Add("raw / shrunk", 3.50, raw / shrunk, 2);
  return table;
}

std::vector<TierEffect> BcgTrials() {
  // Vaccinated with and without tuberculosis, controls with and without.
  constexpr double kCounts[13][4] = {{4, 119, 11, 128},       {6, 300, 29, 274},        {3, 228, 11, 209},
                                     {62, 13536, 248, 12619}, {33, 5036, 47, 5761},     {180, 1361, 372, 1079},
                                     {8, 2537, 10, 619},      {505, 87886, 499, 87892}, {29, 7470, 45, 7232},
                                     {17, 1699, 65, 1600},    {186, 50448, 141, 27197}, {5, 2493, 3, 2338},
                                     {27, 16886, 29, 17825}};
  std::vector<TierEffect> trials;
  for (const auto& [a, b, c, d] : kCounts) {
    trials.push_back({.effect = std::log(a / (a + b) / (c / (c + d))),
                      .se = std::sqrt(1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d))});
  }
  return trials;
}

Table Bcg() {
  Table table("Pooling the BCG vaccine trials",
              "Colditz et al. (1994), 13 trials, log risk ratios; figures of R's metafor (Viechtbauer 2010).");
  const std::vector<TierEffect> trials = BcgTrials();
  const Heterogeneity differ = *TestHeterogeneity(trials, kConfidence);
  const RandomEffects dl = *PoolEffects(trials, TauMethod::kDerSimonianLaird, kConfidence);
  const RandomEffects reml = *PoolEffects(trials, TauMethod::kRestrictedLikelihood, kConfidence);
  table.Add("Q", 152.23, differ.q, 2);
  table.Add("I2, %", 92.1, 100.0 * differ.i2, 1);
  table.Add("DerSimonian-Laird tau2", 0.3088, dl.tau2, 4);
  table.Add("DerSimonian-Laird mean", -0.7141, dl.mean, 4);
  table.Add("DerSimonian-Laird se", 0.1787, dl.se, 4);
  table.Add("REML tau2", 0.3132, reml.tau2, 4);
  table.Add("REML mean", -0.7145, reml.mean, 4);
  table.Add("REML se", 0.1798, reml.se, 4);
  table.Add("Paule-Mandel tau2", 0.3181, PoolEffects(trials, TauMethod::kPauleMandel, kConfidence)->tau2, 4);
  return table;
}

Table Thrombolysis() {
  Table table("False discoveries",
              "Benjamini & Hochberg (1995), section 4: rejections among the 15 end points of a trial.");
  const std::vector<double> p_values = {.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344,
                                        .0459, .3240, .4262, .5719, .6528, .7590, 1.0000};
  const auto rejections = [&](Multiplicity method) {
    const auto decisions = *DecideFamily(method, p_values, 0.05);
    return static_cast<double>(
        std::count_if(decisions.begin(), decisions.end(), [](const FamilyDecision& d) { return d.is_rejected; }));
  };
  table.Add("Benjamini-Hochberg", 4.0, rejections(Multiplicity::kBenjaminiHochberg), 0);
  table.Add("Bonferroni", 3.0, rejections(Multiplicity::kBonferroni), 0);
  return table;
}

Table Biomarker() {
  Table table("An Emax curve",
              "The biom data of R's DoseFinding (five doses, 20 patients each), Emax fitted by least squares to the "
              "groups' means. The means are quoted from memory, not read from the package.");
  const std::vector<DosePoint> points = {
      {0.0, 0.34491, 1.0}, {0.05, 0.45675, 1.0}, {0.2, 0.81032, 1.0}, {0.6, 0.93444, 1.0}, {1.0, 0.94869, 1.0}};
  const DoseFit fit = *FitDoseModel(DoseModel::kEmax, points);
  table.Add("e0", 0.322, fit.parameters[0], 3);
  table.Add("e_max", 0.746, fit.parameters[1], 3);
  table.Add("ed50", 0.142, fit.parameters[2], 3);
  return table;
}

}  // namespace

Section PublishedTables() {
  Section section;
  section.markdown =
      "## Published figures\n\nMost of the published figures are quoted from secondary sources or memory, not from the "
      "originals. Bold: ours does not round to the figure.\n\n";
  int figures = 0, agreeing = 0;
  for (const Table& table :
       {RepeatedTests(), ClassicalConstants(), Newcombe(), Batting(), Bcg(), Thrombolysis(), Biomarker()}) {
    absl::StrAppend(&section.markdown, table.markdown(), "\n");
    figures += table.figures();
    agreeing += table.agreeing();
  }
  section.promises.push_back({"Published figures are reproduced to their last digit", agreeing == figures,
                              absl::StrCat(agreeing, " of ", figures)});
  return section;
}

}  // namespace tierwise::bench
