// SPDX-License-Identifier: Apache-2.0
#include "bench/lift_tables.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/stats/confidence_sequence.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/rate_contrast.h"
#include "experiments/stats/relative_lift.h"

namespace tierwise::bench {
namespace {

using Random = std::mt19937_64;

constexpr double kConfidence = 0.95;

Proportion DrawArm(int64_t users, double rate, Random& random) {
  return {std::binomial_distribution<int64_t>(users, rate)(random), users};
}

struct Misses {
  int above = 0;
  int below = 0;
  int unbounded = 0;

  void Add(const Interval& interval, double truth) {
    above += interval.lower > truth ? 1 : 0;
    below += interval.upper < truth ? 1 : 0;
    unbounded += interval.IsBounded() ? 0 : 1;
  }
  double Imbalance() const { return static_cast<double>(std::max(above, below)) / std::max(1, std::min(above, below)); }
  std::string Row(int runs) const {
    const auto share = [runs](int count) { return static_cast<double>(count) / runs; };
    return absl::StrCat(Percent(1.0 - share(above + below)), " (", Percent(share(above)), " / ", Percent(share(below)),
                        unbounded > 0 ? absl::StrCat("; ", Percent(share(unbounded)), " unbounded") : "", ")");
  }
};

struct LiftDesign {
  double control_conversions;  // expected
  double treatment_conversions;
  int64_t control_users;
  int64_t treatment_users;

  bool IsBalanced() const { return control_users == treatment_users; }
};

struct LiftLine {
  Misses score, katz, fieller, delta;
};

LiftLine MeasureLifts(const LiftDesign& design, int runs) {
  Random random(1);
  LiftLine line;
  const double control_rate = design.control_conversions / static_cast<double>(design.control_users);
  const double treatment_rate = design.treatment_conversions / static_cast<double>(design.treatment_users);
  for (int run = 0; run < runs; ++run) {
    const Proportion control = DrawArm(design.control_users, control_rate, random);
    const Proportion treatment = DrawArm(design.treatment_users, treatment_rate, random);
    const ArmMeans means = MeansOf(control, treatment);
    const RateContrast contrast({{control, treatment}});
    line.score.Add(ContrastLift(contrast, kConfidence)->interval, 0.0);
    line.katz.Add(ProportionLift(control, treatment, kConfidence)->interval, 0.0);
    line.fieller.Add(FiellerLift(means, kConfidence)->interval, 0.0);
    line.delta.Add(DeltaLift(means, kConfidence)->interval, 0.0);
  }
  return line;
}

Promise BalancePromise(absl::string_view arms, double worst, absl::string_view worst_at) {
  return {absl::StrCat("Misses of the relative interval of rates are balanced within 1.5 : 1 from ten conversions in "
                       "each arm, ",
                       arms),
          worst <= 1.5, absl::StrFormat("%.2f : 1 at %s conversions", worst, worst_at)};
}

}  // namespace

Section LiftMisses(int runs) {
  Section section;
  section.markdown = absl::StrCat(
      "## Relative lift: coverage and side of the misses\n\n", runs,
      " runs a line, 20 000 users in equal arms or 36 000 and 4000, no lift, nominal 95 %. In brackets the share of "
      "intervals above and below the truth. Rates are shown with the score interval corrected for skewness; "
      "Katz's (Donner & Zou's without conversions) and Fieller's are for comparison, and the delta method is what "
      "other "
      "engines show.\n\n"
      "| conversions expected, control / treatment | score, corrected | Katz | Fieller | delta method |\n| --- | --- | "
      "--- "
      "| --- | --- |\n");
  std::vector<LiftDesign> designs;
  for (const double conversions : {5.0, 10.0, 20.0, 50.0, 200.0, 1000.0}) {
    designs.push_back({conversions, conversions, 20'000, 20'000});
  }
  for (const double conversions : {10.0, 25.0, 100.0, 400.0}) {
    designs.push_back({9.0 * conversions, conversions, 36'000, 4000});
  }
  double worst_of[2] = {0.0, 0.0};  // unequal, equal arms
  std::string worst_at[2];
  for (const LiftDesign& design : designs) {
    const LiftLine line = MeasureLifts(design, runs);
    const std::string conversions =
        absl::StrFormat("%g / %g", design.control_conversions, design.treatment_conversions);
    absl::StrAppendFormat(&section.markdown, "| %s | %s | %s | %s | %s |\n", conversions, line.score.Row(runs),
                          line.katz.Row(runs), line.fieller.Row(runs), line.delta.Row(runs));
    double& worst = worst_of[design.IsBalanced()];
    if (design.treatment_conversions >= 10.0 && line.score.Imbalance() > worst) {
      worst = line.score.Imbalance();
      worst_at[design.IsBalanced()] = conversions;
    }
  }
  section.promises = {BalancePromise("equal arms", worst_of[1], worst_at[1]),
                      BalancePromise("arms 90/10", worst_of[0], worst_at[0])};
  return section;
}

namespace {

// A confidence sequence on the linear contrast, with the start rule, and on the delta method's lift without: whether
// either ever excludes the truth in one run.
struct PeekingMisses {
  bool contrast = false;
  bool delta = false;
};

struct PeekingDesign {
  double rate;
  double lift;
  int looks;
  int64_t users_per_look;  // in each arm
  double treatment_per_control;
};

bool Excludes(double estimate, double se, double n, const std::optional<ValidityStart>& start) {
  return AsymptoticConfidenceSequence(
             {.estimate = estimate, .std_error = se, .n = n, .n_star = 10'000.0, .start = start})
             ->p_value <= 0.05;
}

PeekingMisses Peek(const PeekingDesign& design, Random& random) {
  const auto treated = static_cast<int64_t>(static_cast<double>(design.users_per_look) * design.treatment_per_control);
  Proportion control, treatment;
  PeekingMisses misses;
  for (int look = 0; look < design.looks; ++look) {
    control.conversions += DrawArm(design.users_per_look, design.rate, random).conversions;
    treatment.conversions += DrawArm(treated, design.rate * (1.0 + design.lift), random).conversions;
    control.users += design.users_per_look;
    treatment.users += treated;
    const ArmMeans means = MeansOf(control, treatment);
    const auto n = static_cast<double>(control.users + treatment.users);
    const double statistic = RateContrast({{control, treatment}}).Statistic(1.0 + design.lift);
    const ValidityStart start{.control_events = static_cast<double>(control.conversions),
                              .treatment_events = static_cast<double>(treatment.conversions)};
    misses.contrast = misses.contrast || Excludes(statistic, 1.0, n, start);
    if (control.conversions == 0) continue;
    const double lift = means.treatment / means.control - 1.0;
    misses.delta = misses.delta || Excludes(lift - design.lift, DeltaLiftSe(means), n, std::nullopt);
  }
  return misses;
}

}  // namespace

Section RelativePeeking(int runs) {
  Section section;
  section.markdown = absl::StrCat(
      "## Peeking at the relative lift from the first users on\n\n", runs,
      " runs a line: how often a 95 % confidence sequence, tightest at 10 000 users, ever excludes the true lift. Ours "
      "is on the linear contrast T - (1 + lift) C and begins at 20 conversions in each arm; the other is on the delta "
      "method's lift from the first look, as other engines compute it. Monte-Carlo standard errors in "
      "brackets.\n\n| rate | true lift | looks | users a look, control / treatment | linear contrast | delta-method "
      "lift "
      "|\n| ---: | ---: | ---: | ---: | ---: | ---: |\n");
  const PeekingDesign designs[] = {{0.01, 0.0, 200, 50, 1.0},  {0.01, 0.0, 200, 90, 1.0 / 9.0},
                                   {0.05, 0.0, 28, 500, 1.0},  {0.005, 0.0, 28, 1800, 1.0 / 9.0},
                                   {0.02, 0.5, 100, 100, 1.0}, {0.3, 0.0, 100, 20, 1.0}};
  double worst = 0.0;
  for (const PeekingDesign& design : designs) {
    Random random(2);
    int contrast = 0, delta = 0;
    for (int run = 0; run < runs; ++run) {
      const PeekingMisses misses = Peek(design, random);
      contrast += misses.contrast ? 1 : 0;
      delta += misses.delta ? 1 : 0;
    }
    const auto treated = static_cast<double>(design.users_per_look) * design.treatment_per_control;
    absl::StrAppendFormat(&section.markdown, "| %g %% | %g %% | %d | %d / %g | %s | %s |\n", 100.0 * design.rate,
                          100.0 * design.lift, design.looks, design.users_per_look, treated,
                          PercentWithError(contrast, runs), PercentWithError(delta, runs));
    worst = std::max(worst, static_cast<double>(contrast) / runs);
  }
  section.promises.push_back(
      {"Always-valid intervals of the relative lift exclude the truth with at most 5 %, looked at "
       "from the first users on",
       worst <= 0.05, absl::StrCat("at most ", Percent(worst, 2))});
  return section;
}

}  // namespace tierwise::bench
