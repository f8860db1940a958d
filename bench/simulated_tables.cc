// SPDX-License-Identifier: Apache-2.0
#include "bench/simulated_tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/calibration_grid.h"
#include "experiments/stats/adjustment.h"
#include "experiments/stats/confidence_sequence.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/group_sequential.h"
#include "experiments/tuning/winners.h"

namespace tierwise::bench {
namespace {

using Random = std::mt19937_64;

constexpr double kConfidence = 0.95;
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

// A test with a normal mixture as wide as the effect that is to be found.
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
