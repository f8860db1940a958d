// SPDX-License-Identifier: Apache-2.0
#include "bench/simulated_tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/calibration_grid.h"
#include "experiments/stats/adjustment.h"
#include "experiments/stats/confidence_sequence.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/group_sequential.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/relative_lift.h"
#include "experiments/tuning/winners.h"

namespace tierwise::bench {
namespace {

using Random = std::mt19937_64;

constexpr double kConfidence = 0.95;

std::string Percent(double share, int digits = 1) { return absl::StrFormat("%.*f %%", digits, 100.0 * share); }

// A share with its Monte-Carlo standard error.
std::string PercentWithError(int hits, int runs) {
  const double share = static_cast<double>(hits) / runs;
  return absl::StrFormat("%.2f %% (%.2f)", 100.0 * share, 100.0 * std::sqrt(share * (1.0 - share) / runs));
}

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

}  // namespace

Section LiftMisses(int runs) {
  constexpr int64_t kUsers = 20'000;
  Section section;
  section.markdown = absl::StrCat(
      "## Relative lift: coverage and side of the misses\n\n", runs,
      " runs a line, 20 000 users in each arm, no lift, nominal 95 %. In brackets the share of intervals above and "
      "below the truth. Rates are shown with Katz's interval; the delta method is what other engines show.\n\n"
      "| conversions expected, control / treatment | Katz | Fieller | delta method |\n| --- | --- | --- | --- |\n");
  double worst = 0.0;
  std::string worst_at;
  for (const double conversions : {5.0, 10.0, 20.0, 50.0, 200.0, 1000.0}) {
    Random random(1);
    Misses katz, fieller, delta;
    for (int run = 0; run < runs; ++run) {
      const Proportion control = DrawArm(kUsers, conversions / kUsers, random);
      const Proportion treatment = DrawArm(kUsers, conversions / kUsers, random);
      const ArmMeans means = MeansOf(control, treatment);
      katz.Add(ProportionLift(control, treatment, kConfidence)->interval, 0.0);
      fieller.Add(FiellerLift(means, kConfidence)->interval, 0.0);
      delta.Add(DeltaLift(means, kConfidence)->interval, 0.0);
    }
    absl::StrAppendFormat(&section.markdown, "| %g / %g | %s | %s | %s |\n", conversions, conversions, katz.Row(runs),
                          fieller.Row(runs), delta.Row(runs));
    if (conversions >= 10.0 && katz.Imbalance() > worst) {
      worst = katz.Imbalance();
      worst_at = absl::StrFormat("%.2f : 1 at %g conversions", worst, conversions);
    }
  }
  section.promises.push_back(
      {"Misses of the relative interval of rates are balanced within 1.5 : 1 from ten conversions in each arm",
       worst <= 1.5, worst_at});
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
    const Estimate contrast = *LinearContrast(means, design.lift, kConfidence);
    const ValidityStart start{.control_events = static_cast<double>(control.conversions),
                              .treatment_events = static_cast<double>(treatment.conversions)};
    misses.contrast = misses.contrast || Excludes(contrast.effect, contrast.se, n, start);
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

namespace {

constexpr int kDays = 28;

struct LookRule {
  std::string name;
  std::array<double, kDays> critical_z;
};

std::vector<double> DailyFractions() {
  std::vector<double> fractions;
  for (int day = 1; day <= kDays; ++day) fractions.push_back(static_cast<double>(day) / kDays);
  return fractions;
}

LookRule SpendingRule(absl::string_view name, SpendingKind kind) {
  LookRule rule{std::string(name), {}};
  const auto boundaries = *SpendingBoundaries({.spending = {.kind = kind}}, DailyFractions(), true);
  for (size_t day = 0; day < kDays; ++day) rule.critical_z[day] = boundaries[day].critical_z;
  return rule;
}

LookRule SequenceRule(absl::string_view name, double n_star, double users) {
  LookRule rule{std::string(name), {}};
  const double rho2 = MixtureVariance(0.05, n_star);
  for (size_t day = 0; day < kDays; ++day) {
    const double n = users * static_cast<double>(day + 1) / kDays;
    rule.critical_z[day] = ConfidenceSequenceMultiplier(n, rho2, 0.05);
  }
  return rule;
}

// A test with a normal mixture whose variance is `share` times the squared effect that is to be found.
LookRule MixtureRule(absl::string_view name, double drift) {
  LookRule rule{std::string(name), {}};
  for (size_t day = 0; day < kDays; ++day) {
    const double se = std::sqrt(kDays / static_cast<double>(day + 1));
    rule.critical_z[day] = MixtureSprt({.estimate = 0.0, .std_error = se, .tau2 = drift * drift})->multiplier;
  }
  return rule;
}

std::vector<LookRule> LookRules(double drift) {
  const double z = -NormalQuantile(0.025);
  LookRule fixed{"fixed test at the end", {}};
  fixed.critical_z.fill(std::numeric_limits<double>::infinity());
  fixed.critical_z.back() = z;
  LookRule naive{"the same test at every look", {}};
  naive.critical_z.fill(z);
  return {fixed,
          SpendingRule("alpha spending, O'Brien-Fleming type (default with an end date)", SpendingKind::kObrienFleming),
          SpendingRule("alpha spending, Pocock type", SpendingKind::kPocock),
          SequenceRule("confidence sequence tuned to the planned users", 28'000.0, 28'000.0),
          SequenceRule("confidence sequence tuned to 5000 users, 28 000 planned", 5000.0, 28'000.0),
          SequenceRule("confidence sequence tuned to 10 000 users, 28 000 planned", 10'000.0, 28'000.0),
          SequenceRule("confidence sequence tuned to 10 000 users, 280 000 planned", 10'000.0, 280'000.0),
          MixtureRule("mixture test tuned to the effect", drift),
          naive};
}

struct LookRuleResult {
  int rejections = 0;
  double days = 0.0;  // until the rejection or the end, over all runs
};

std::vector<LookRuleResult> RunLookRules(const std::vector<LookRule>& rules, double drift, int runs, uint64_t seed) {
  Random random(seed);
  std::normal_distribution<double> normal;
  std::vector<LookRuleResult> results(rules.size());
  for (int run = 0; run < runs; ++run) {
    std::array<double, kDays> z;
    double score = 0.0;
    for (size_t day = 0; day < kDays; ++day) {
      score += drift / kDays + normal(random) / std::sqrt(static_cast<double>(kDays));
      z[day] = score / std::sqrt(static_cast<double>(day + 1) / kDays);
    }
    for (size_t i = 0; i < rules.size(); ++i) {
      size_t day = 0;
      while (day < kDays && std::abs(z[day]) < rules[i].critical_z[day]) ++day;
      results[i].rejections += day < kDays ? 1 : 0;
      results[i].days += static_cast<double>(std::min<size_t>(day + 1, kDays));
    }
  }
  return results;
}

}  // namespace

Section SequentialPower(int runs) {
  const double drift = -NormalQuantile(0.025) + NormalQuantile(0.8);
  const std::vector<LookRule> rules = LookRules(drift);
  const std::vector<LookRuleResult> under_null = RunLookRules(rules, 0.0, runs, 3);
  const std::vector<LookRuleResult> under_effect = RunLookRules(rules, drift, runs, 4);
  Section section;
  section.markdown = absl::StrCat(
      "## Rules for daily looks\n\n", runs, " runs, ", kDays,
      " daily looks, variance known, two-sided 5 %. The effect is the one that the fixed test at the end finds with 80 "
      "%. Time is the mean share of the ",
      kDays,
      " days until rejection or the end. Monte-Carlo standard errors in brackets.\n\n| rule | rejects A/A | power | "
      "time "
      "used |\n| --- | ---: | ---: | ---: |\n");
  for (size_t i = 0; i < rules.size(); ++i) {
    absl::StrAppendFormat(
        &section.markdown, "| %s | %s | %s | %s |\n", rules[i].name, PercentWithError(under_null[i].rejections, runs),
        PercentWithError(under_effect[i].rejections, runs), Percent(under_effect[i].days / kDays / runs, 0));
  }
  const double power = static_cast<double>(under_effect[1].rejections) / runs;
  section.promises.push_back({"Alpha spending's power is at least 77 % where the fixed test has 80 %", power >= 0.77,
                              PercentWithError(under_effect[1].rejections, runs)});
  const double size = static_cast<double>(under_null[1].rejections) / runs;
  section.promises.push_back({"Alpha spending rejects 5 % of A/A tests, within 3 standard errors, under daily looks",
                              std::abs(size - 0.05) <= ThreeErrors(0.05, runs),
                              PercentWithError(under_null[1].rejections, runs)});
  return section;
}

Section BestArms(int runs) {
  Section section;
  section.markdown = absl::StrCat(
      "## The best of k equal arms\n\n", runs,
      " runs a line: coverage of the winner's 95 % interval. As it stands it covers with .975^k - .025^k; corrected is "
      "the hybrid interval of Andrews, Kitagawa & McCloskey (2024). Bias in standard errors. Monte-Carlo standard "
      "errors in brackets.\n\n| arms | in theory | as it stands | corrected | bias as it stands | corrected median "
      "above "
      "the truth |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n");
  double worst = 1.0;
  for (const int arms : {2, 4, 10}) {
    Random random(5);
    std::normal_distribution<double> normal;
    int naive = 0, hybrid = 0, above = 0;
    double bias = 0.0;
    const std::vector<double> std_errors(static_cast<size_t>(arms), 1.0);
    for (int run = 0; run < runs; ++run) {
      std::vector<double> estimates(static_cast<size_t>(arms));
      for (double& estimate : estimates) estimate = normal(random);
      const WinnerEstimate winner = *CorrectWinner(estimates, std_errors, kConfidence);
      naive += winner.naive_interval.Contains(0.0) ? 1 : 0;
      hybrid += winner.hybrid_interval.Contains(0.0) ? 1 : 0;
      above += winner.hybrid > 0.0 ? 1 : 0;
      bias += winner.naive;
    }
    absl::StrAppendFormat(&section.markdown, "| %d | %s | %s | %s | %.2f | %s |\n", arms,
                          Percent(std::pow(0.975, arms) - std::pow(0.025, arms)), PercentWithError(naive, runs),
                          PercentWithError(hybrid, runs), bias / runs, PercentWithError(above, runs));
    worst = std::min(worst, static_cast<double>(hybrid) / runs);
  }
  section.promises.push_back(
      {"The corrected interval of the best of k arms covers with at least 95 %, within 3 standard errors",
       worst >= 0.95 - ThreeErrors(0.95, runs), absl::StrCat("at least ", Percent(worst, 2))});
  return section;
}

Section AdjustedVariance(int runs) {
  constexpr int kUsers = 500;
  Section section;
  section.markdown =
      absl::StrCat("## What adjustment saves\n\n", runs, " runs a line, ", kUsers,
                   " users in each arm: mean of the adjusted over the raw variance of the effect, against 1 - "
                   "correlation^2 (Deng, Xu, "
                   "Kohavi & Walker 2013).\n\n| correlation | in theory | ours |\n| ---: | ---: | ---: |\n");
  double worst = 0.0;
  for (const double correlation : {0.3, 0.5, 0.7, 0.9}) {
    Random random(6);
    std::normal_distribution<double> normal;
    double ratio = 0.0;
    for (int run = 0; run < runs; ++run) {
      std::array<JointMoments, 2> arms = {JointMoments(2), JointMoments(2)};
      for (JointMoments& arm : arms) {
        for (int user = 0; user < kUsers; ++user) {
          const double x = normal(random);
          arm.Add({correlation * x + std::sqrt(1.0 - correlation * correlation) * normal(random), x});
        }
      }
      const double raw = arms[0].Covariance(0, 0) / kUsers + arms[1].Covariance(0, 0) / kUsers;
      const double se = AdjustMeans(arms[0], arms[1], kConfidence)->estimate.se;
      ratio += se * se / raw;
    }
    const double theory = 1.0 - correlation * correlation;
    absl::StrAppendFormat(&section.markdown, "| %.1f | %.3f | %.3f |\n", correlation, theory, ratio / runs);
    worst = std::max(worst, std::abs(ratio / runs - theory));
  }
  section.promises.push_back({"Adjustment leaves 1 - correlation^2 of the variance, within 0.01", worst <= 0.01,
                              absl::StrFormat("off by at most %.4f", worst)});
  return section;
}

}  // namespace tierwise::bench
