// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/comparisons_with_best.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/quadrature.h"
#include "experiments/stats/root_finding.h"

namespace tierwise {
namespace {

// The c with P(Z_j se_j - Z_i se_i <= c sqrt(se_i^2 + se_j^2) for all j != i) = confidence: given Z_i the others are
// independent.
double DunnettQuantile(absl::Span<const double> std_errors, size_t control, double confidence) {
  static const std::vector<QuadratureNode> nodes = CompositeGaussNodes(-8.0, 8.0, 8);
  struct Rival {
    double se;
    double pair_se;
  };
  std::vector<Rival> rivals;
  const double se = std_errors[control];
  for (size_t j = 0; j < std_errors.size(); ++j) {
    const double pair_se = std::hypot(se, std_errors[j]);
    if (j != control && pair_se > 0.0) rivals.push_back({std_errors[j], pair_se});
  }
  const auto is_below_all = [&](double z, double c) {
    double probability = 1.0;
    for (const Rival& rival : rivals) {
      const double distance = c * rival.pair_se + se * z;
      probability *= rival.se > 0.0 ? NormalCdf(distance / rival.se) : (distance >= 0.0 ? 1.0 : 0.0);
    }
    return probability;
  };
  const auto excess = [&](double c) {
    double covered = 0.0;
    for (const QuadratureNode& node : nodes) {
      // Far out the density is nothing, and most of the work.
      if (std::abs(node.x) < 6.0) covered += node.weight * NormalPdf(node.x) * is_below_all(node.x, c);
    }
    return covered - confidence;
  };
  const double single = NormalQuantile(confidence);
  const double bonferroni = NormalQuantile(1.0 - (1.0 - confidence) / static_cast<double>(rivals.size()));
  if (rivals.size() < 2) return single;
  return FindRoot(excess, single - 0.01, bonferroni + 0.01, 1e-6);
}

}  // namespace

absl::StatusOr<std::vector<ComparisonWithBest>> CompareWithBest(absl::Span<const double> estimates,
                                                                absl::Span<const double> std_errors,
                                                                double confidence) {
  Problems problems;
  if (estimates.empty()) problems.Add("estimates", "is empty; at least one arm is needed");
  if (estimates.size() != std_errors.size()) {
    problems.Add("std_errors", absl::StrCat("has ", std_errors.size(), " entries for ", estimates.size(),
                                            " arms; must have one each"));
  }
  CheckOpenUnit("confidence", confidence, problems);
  for (size_t i = 0; i < estimates.size(); ++i) CheckFinite(absl::StrCat("estimates[", i, "]"), estimates[i], problems);
  for (size_t i = 0; i < std_errors.size(); ++i) {
    CheckNonNegative(absl::StrCat("std_errors[", i, "]"), std_errors[i], problems);
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());

  const size_t k = estimates.size();
  std::vector<ComparisonWithBest> result(k);
  if (k == 1) {
    result[0] = {{0.0, 0.0}, true};
    return result;
  }
  // margin[i][j]: how far arm i may be above arm j at most, in the family where i is the control.
  std::vector<double> upper(k);
  std::vector<double> quantile(k);
  for (size_t i = 0; i < k; ++i) {
    quantile[i] = DunnettQuantile(std_errors, i, confidence);
    double least = std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < k; ++j) {
      if (j == i) continue;
      least = std::min(least, estimates[i] - estimates[j] + quantile[i] * std::hypot(std_errors[i], std_errors[j]));
    }
    upper[i] = least;
    result[i].may_be_best = least >= 0.0;
    result[i].difference_to_best_other.upper = std::max(0.0, least);
  }
  for (size_t i = 0; i < k; ++i) {
    double lower = 0.0;
    bool has_rival = false;
    for (size_t j = 0; j < k; ++j) {
      if (j == i || upper[j] < 0.0) continue;
      const double end = estimates[i] - estimates[j] - quantile[j] * std::hypot(std_errors[i], std_errors[j]);
      lower = has_rival ? std::min(lower, end) : end;
      has_rival = true;
    }
    // With no rival that may be best, the arm itself is the best.
    result[i].difference_to_best_other.lower = has_rival ? std::min(0.0, lower) : 0.0;
  }
  return result;
}

}  // namespace tierwise
