// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

std::vector<size_t> AscendingOrder(absl::Span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  return order;
}

double HarmonicSum(size_t m) {
  double sum = 0.0;
  for (size_t i = m; i > 0; --i) sum += 1.0 / static_cast<double>(i);
  return sum;
}

// Running maximum from the smallest p-value on: step-down procedures.
void StepDown(std::vector<double>& sorted) {
  for (size_t i = 1; i < sorted.size(); ++i) sorted[i] = std::max(sorted[i], sorted[i - 1]);
}

// Running minimum from the largest p-value on: step-up procedures.
void StepUp(std::vector<double>& sorted) {
  for (size_t i = sorted.size(); i > 1; --i) sorted[i - 2] = std::min(sorted[i - 2], sorted[i - 1]);
}

// Hommel (1988) as Wright (1992) computes it: the largest Simes p-value over all intersections that contain the
// hypothesis.
std::vector<double> HommelAdjusted(const std::vector<double>& p) {
  const size_t m = p.size();
  const double size = static_cast<double>(m);
  double simes = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < m; ++i) simes = std::min(simes, size * p[i] / static_cast<double>(i + 1));
  std::vector<double> adjusted(m, simes);
  for (size_t subset = m - 1; subset >= 2; --subset) {
    const double k = static_cast<double>(subset);
    const size_t tail = m - subset + 1;  // p[tail ...] are the subset's larger members
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = tail; i < m; ++i) least = std::min(least, k * p[i] / static_cast<double>(i - tail + 2));
    for (size_t i = 0; i < tail; ++i) adjusted[i] = std::max(adjusted[i], std::min(k * p[i], least));
    const double largest = std::min(k * p[tail - 1], least);
    for (size_t i = tail; i < m; ++i) adjusted[i] = std::max(adjusted[i], largest);
  }
  for (size_t i = 0; i < m; ++i) adjusted[i] = std::max(adjusted[i], p[i]);
  return adjusted;
}

// `p` ascending; returns the adjusted values in the same order, not yet capped.
std::vector<double> AdjustSorted(Multiplicity method, std::vector<double> p) {
  const size_t m = p.size();
  const auto at_rank = [&](auto factor) {
    for (size_t i = 0; i < m; ++i) p[i] *= factor(static_cast<double>(i + 1));
  };
  const double size = static_cast<double>(m);
  switch (method) {
    case Multiplicity::kNone:
      break;
    case Multiplicity::kBonferroni:
      at_rank([&](double) { return size; });
      break;
    case Multiplicity::kHolm:
      at_rank([&](double rank) { return size - rank + 1.0; });
      StepDown(p);
      break;
    case Multiplicity::kHolmSidak:
      for (size_t i = 0; i < m; ++i) p[i] = -std::expm1(static_cast<double>(m - i) * std::log1p(-p[i]));
      StepDown(p);
      break;
    case Multiplicity::kHochberg:
      at_rank([&](double rank) { return size - rank + 1.0; });
      StepUp(p);
      break;
    case Multiplicity::kHommel:
      return HommelAdjusted(p);
    case Multiplicity::kBenjaminiHochberg:
      at_rank([&](double rank) { return size / rank; });
      StepUp(p);
      break;
    case Multiplicity::kBenjaminiYekutieli:
      at_rank([&](double rank) { return HarmonicSum(m) * size / rank; });
      StepUp(p);
      break;
  }
  return p;
}

bool ControlsFalseDiscoveryRate(Multiplicity method) {
  return method == Multiplicity::kBenjaminiHochberg || method == Multiplicity::kBenjaminiYekutieli;
}

double IntervalAlpha(Multiplicity method, double alpha, size_t tests, size_t rejections) {
  if (method == Multiplicity::kNone) return alpha;
  const double m = static_cast<double>(tests);
  if (!ControlsFalseDiscoveryRate(method)) return alpha / m;
  const double selected = static_cast<double>(std::max<size_t>(rejections, 1));
  const double penalty = method == Multiplicity::kBenjaminiYekutieli ? HarmonicSum(tests) : 1.0;
  return alpha * selected / (m * penalty);
}

}  // namespace

absl::StatusOr<std::vector<double>> AdjustPValues(Multiplicity method, absl::Span<const double> p_values) {
  Problems problems;
  for (size_t i = 0; i < p_values.size(); ++i)
    CheckProbability(absl::StrCat("p_values[", i, "]"), p_values[i], problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  if (p_values.empty()) return std::vector<double>();
  const std::vector<size_t> order = AscendingOrder(p_values);
  std::vector<double> sorted(p_values.size());
  for (size_t i = 0; i < order.size(); ++i) sorted[i] = p_values[order[i]];
  sorted = AdjustSorted(method, std::move(sorted));
  std::vector<double> adjusted(p_values.size());
  for (size_t i = 0; i < order.size(); ++i) adjusted[order[i]] = std::min(1.0, sorted[i]);
  return adjusted;
}

absl::StatusOr<std::vector<FamilyDecision>> DecideFamily(Multiplicity method, absl::Span<const double> p_values,
                                                         double alpha) {
  Problems problems;
  CheckOpenUnit("alpha", alpha, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<double> adjusted, AdjustPValues(method, p_values));
  const auto is_rejected = [&](double p) { return p <= alpha; };
  const size_t rejections = static_cast<size_t>(std::count_if(adjusted.begin(), adjusted.end(), is_rejected));
  const double interval_alpha = IntervalAlpha(method, alpha, adjusted.size(), rejections);
  std::vector<FamilyDecision> decisions;
  for (size_t i = 0; i < adjusted.size(); ++i) {
    const bool rejected = is_rejected(adjusted[i]);
    decisions.push_back({adjusted[i], rejected, interval_alpha, rejected && p_values[i] > interval_alpha});
  }
  return decisions;
}

Interval IntervalOf(const FamilyDecision& decision, double effect, double se) {
  const double half_width = -NormalQuantile(0.5 * decision.interval_alpha) * se;
  Interval interval{effect - half_width, effect + half_width};
  if (!decision.is_cut_at_null) return interval;
  if (effect > 0.0) interval.lower = std::max(0.0, interval.lower);
  if (effect < 0.0) interval.upper = std::min(0.0, interval.upper);
  return interval;
}

absl::StatusOr<std::vector<double>> AdjustLnEValues(absl::Span<const double> ln_e_values) {
  Problems problems;
  for (size_t i = 0; i < ln_e_values.size(); ++i) {
    if (std::isnan(ln_e_values[i])) problems.Add(absl::StrCat("ln_e_values[", i, "]"), "is NaN; must be a number");
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  // 1/e is a p-value for which step-up at m / rank needs no condition on dependence.
  std::vector<double> ln_inverse(ln_e_values.size());
  for (size_t i = 0; i < ln_inverse.size(); ++i) ln_inverse[i] = -ln_e_values[i];
  const std::vector<size_t> order = AscendingOrder(ln_inverse);
  std::vector<double> adjusted(ln_inverse.size());
  double least = 1.0;
  for (size_t rank = order.size(); rank > 0; --rank) {
    const double ratio = static_cast<double>(order.size()) / static_cast<double>(rank);
    least = std::min(least, ratio * std::exp(ln_inverse[order[rank - 1]]));
    adjusted[order[rank - 1]] = least;
  }
  return adjusted;
}

}  // namespace tierwise
