// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/bernoulli_e_value.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {
namespace {

// Neighbours a factor 1.5 apart: the alternative nearest to the truth loses at most 5 % of the growth rate, and the
// mean over the grid costs at most ln 36 = 3.6.
constexpr size_t kOddsRatiosPerSide = 18;
constexpr double kSmallestLogOddsRatio = 0.002;
constexpr double kGridRatio = 1.5;
constexpr size_t kAlternatives = 2 * kOddsRatiosPerSide;

std::array<double, kAlternatives> LogOddsRatios() {
  std::array<double, kAlternatives> grid{};
  double size = kSmallestLogOddsRatio;
  for (size_t i = 0; i < kOddsRatiosPerSide; ++i, size *= kGridRatio) {
    grid[2 * i] = size;
    grid[2 * i + 1] = -size;
  }
  return grid;
}

// Conversions and users of a stratum so far, both arms together.
struct BaseRate {
  double conversions = 0.0;
  double users = 0.0;

  bool IsKnown() const { return users > 0.0; }
  // Posterior mean under Jeffreys' prior: never 0 or 1.
  double Probability() const { return (conversions + 0.5) / (users + 1.0); }
};

// How many users a given baseline probability counts as.
constexpr double kBaselineUsers = 1000.0;

// The control probability at which the arms' weighted mean is `theta0` and their log odds ratio ln(odds_ratio): the
// root in (0, 1) of wC c + wT r c / (1 - c + r c) = theta0, which is a c^2 + b c - theta0 = 0.
double ControlProbability(double theta0, double odds_ratio, double treatment_share) {
  const double gain = odds_ratio - 1.0;
  const double a = (1.0 - treatment_share) * gain;
  const double b = 1.0 + treatment_share * gain - theta0 * gain;
  return 2.0 * theta0 / (b + std::sqrt(b * b + 4.0 * a * theta0));
}

double LogLikelihood(double conversions, double users, double probability, double null_probability) {
  return conversions * std::log(probability / null_probability) +
         (users - conversions) * std::log1p((null_probability - probability) / (1.0 - null_probability));
}

double LogBlockEValue(const BernoulliBlock& block, double theta0, double odds_ratio) {
  const double control_n = static_cast<double>(block.control_n);
  const double treatment_n = static_cast<double>(block.treatment_n);
  const double control = ControlProbability(theta0, odds_ratio, treatment_n / (control_n + treatment_n));
  const double treatment = odds_ratio * control / (1.0 + (odds_ratio - 1.0) * control);
  // Rounding may leave the weighted mean a little off `theta0`; the ratio is an e-value only against their own mean.
  const double mean = (control_n * control + treatment_n * treatment) / (control_n + treatment_n);
  return LogLikelihood(static_cast<double>(block.control_conversions), control_n, control, mean) +
         LogLikelihood(static_cast<double>(block.treatment_conversions), treatment_n, treatment, mean);
}

double LogMeanExp(const std::array<double, kAlternatives>& values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0.0;
  for (const double value : values) sum += std::exp(value - largest);
  return largest + std::log(sum / static_cast<double>(kAlternatives));
}

void CheckBlock(size_t index, const BernoulliBlock& block, int strata, Problems& problems) {
  const std::string field = absl::StrCat("blocks[", index, "]");
  if (block.stratum < 0 || block.stratum >= strata) {
    problems.Add(absl::StrCat(field, ".stratum"), absl::StrCat("is ", block.stratum, "; must be in [0, ", strata, ")"));
  }
  if (block.control_conversions < 0 || block.control_conversions > block.control_n) {
    problems.Add(absl::StrCat(field, ".control_conversions"),
                 absl::StrCat("is ", block.control_conversions, " of ", block.control_n, " users; must be in [0, n]"));
  }
  if (block.treatment_conversions < 0 || block.treatment_conversions > block.treatment_n) {
    problems.Add(
        absl::StrCat(field, ".treatment_conversions"),
        absl::StrCat("is ", block.treatment_conversions, " of ", block.treatment_n, " users; must be in [0, n]"));
  }
}

absl::Status Check(absl::Span<const BernoulliBlock> blocks, int strata,
                   absl::Span<const double> baseline_probabilities) {
  Problems problems;
  if (strata < 1) problems.Add("strata", absl::StrCat("is ", strata, "; must be at least 1"));
  for (size_t i = 0; i < blocks.size(); ++i) CheckBlock(i, blocks[i], strata, problems);
  if (!baseline_probabilities.empty() && baseline_probabilities.size() != static_cast<size_t>(strata)) {
    problems.Add("baseline_probabilities",
                 absl::StrCat("has ", baseline_probabilities.size(), " entries; must be empty or have one for each of ",
                              strata, " strata"));
  }
  for (size_t i = 0; i < baseline_probabilities.size(); ++i) {
    CheckOpenUnit(absl::StrCat("baseline_probabilities[", i, "]"), baseline_probabilities[i], problems);
  }
  return problems.ToStatus();
}

}  // namespace

absl::StatusOr<BernoulliEValue> StratifiedBernoulliEValue(absl::Span<const BernoulliBlock> blocks, int strata,
                                                          absl::Span<const double> baseline_probabilities) {
  TIERWISE_RETURN_IF_ERROR(Check(blocks, strata, baseline_probabilities));
  std::array<double, kAlternatives> odds_ratios = LogOddsRatios();
  for (double& value : odds_ratios) value = std::exp(value);
  std::vector<BaseRate> rates(static_cast<size_t>(strata));
  for (size_t i = 0; i < baseline_probabilities.size(); ++i) {
    rates[i] = {kBaselineUsers * baseline_probabilities[i], kBaselineUsers};
  }
  std::array<double, kAlternatives> ln_products{};
  BernoulliEValue result;
  result.ln_path.reserve(blocks.size());
  for (const BernoulliBlock& block : blocks) {
    BaseRate& rate = rates[static_cast<size_t>(block.stratum)];
    if (rate.IsKnown() && block.control_n > 0 && block.treatment_n > 0) {
      for (size_t j = 0; j < kAlternatives; ++j) {
        ln_products[j] += LogBlockEValue(block, rate.Probability(), odds_ratios[j]);
      }
      result.ln_e_value = LogMeanExp(ln_products);
    }
    rate.conversions +=
        static_cast<double>(block.control_conversions) + static_cast<double>(block.treatment_conversions);
    rate.users += static_cast<double>(block.control_n) + static_cast<double>(block.treatment_n);
    result.max_ln_e_value = std::max(result.max_ln_e_value, result.ln_e_value);
    result.ln_path.push_back(result.ln_e_value);
  }
  result.p_value = std::exp(-result.max_ln_e_value);
  return result;
}

}  // namespace tierwise
