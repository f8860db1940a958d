// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/posterior_choice.h"

#include <algorithm>
#include <cmath>

namespace tierwise {
namespace {

// The interval between the two tail quantiles. Reorders `values`.
Interval CentralInterval(std::vector<double>& values, double confidence) {
  const double last = static_cast<double>(values.size() - 1);
  const double tail = 0.5 * (1.0 - confidence);
  const auto low = values.begin() + static_cast<ptrdiff_t>(std::floor(tail * last));
  const auto high = values.begin() + static_cast<ptrdiff_t>(std::ceil((1.0 - tail) * last));
  std::nth_element(values.begin(), low, values.end());
  if (high != low) std::nth_element(low + 1, high, values.end());
  return {*low, *high};
}

void FindLikelyRange(double confidence, PosteriorChoice& result) {
  const double tail = 0.5 * (1.0 - confidence);
  double cumulative = 0.0;
  bool has_low = false;
  result.highest_likely = result.odds.size() - 1;
  for (size_t j = 0; j < result.odds.size(); ++j) {
    cumulative += result.odds[j].best_probability;
    if (!has_low && cumulative > tail) {
      result.lowest_likely = j;
      has_low = true;
    }
    if (cumulative >= 1.0 - tail) {
      result.highest_likely = j;
      return;
    }
  }
}

}  // namespace

PosteriorChoice ChooseByDraws(absl::Span<const double> draws, size_t choices, double confidence) {
  const size_t n = draws.size() / choices;
  const double each = 1.0 / static_cast<double>(n);
  PosteriorChoice result;
  result.odds.resize(choices);
  double of_best = 0.0;
  for (size_t r = 0; r < n; ++r) {
    const double* row = &draws[r * choices];
    const auto best = static_cast<size_t>(std::max_element(row, row + choices) - row);
    result.odds[best].best_probability += each;
    of_best += row[best] * each;
  }
  std::vector<double> column(n);
  for (size_t j = 0; j < choices; ++j) {
    ChoiceOdds& odds = result.odds[j];
    for (size_t r = 0; r < n; ++r) odds.mean += (column[r] = draws[r * choices + j]) * each;
    double squares = 0.0;
    for (double value : column) squares += (value - odds.mean) * (value - odds.mean);
    odds.sd = std::sqrt(squares * each);
    odds.interval = CentralInterval(column, confidence);
    odds.expected_regret = std::max(0.0, of_best - odds.mean);
    if (odds.mean > result.odds[result.best].mean) result.best = j;
  }
  FindLikelyRange(confidence, result);
  return result;
}

}  // namespace tierwise
