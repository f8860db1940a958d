// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/dunnett.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/quadrature.h"
#include "experiments/stats/root_finding.h"

namespace tierwise {
namespace {

// P(|Z| > z given the common error u) = P(|lambda u + sqrt(1 - lambda^2) N| > z).
double ConditionalSf(double z, double lambda, double u) {
  const double sd = std::sqrt(std::max(0.0, 1.0 - lambda * lambda));
  const double mean = lambda * u;
  if (sd == 0.0) return std::abs(mean) > z ? 1.0 : 0.0;
  return NormalSf((z - mean) / sd) + NormalSf((z + mean) / sd);
}

// P(any exceeds given u) = 1 - prod (1 - P_i), without cancellation where all are small.
double AnyExceeds(double z, absl::Span<const double> lambdas, double u) {
  double ln_none = 0.0;
  for (const double lambda : lambdas) ln_none += std::log1p(-std::min(1.0, ConditionalSf(z, lambda, u)));
  return -std::expm1(ln_none);
}

}  // namespace

double LargestAbsoluteZSf(double z, absl::Span<const double> lambdas) {
  if (z <= 0.0) return 1.0;
  constexpr double kUnderflow = 39.0;
  if (z > kUnderflow) return 0.0;
  // A lambda near 1 makes the integrand rise within sqrt(1 - lambda^2) / lambda of u = z / lambda: panels end there.
  constexpr double kWidestPanel = 2.0;
  std::vector<double> ends = {0.0, 9.5 + 0.5 * z};
  for (const double lambda : lambdas) {
    if (lambda <= 0.0) continue;
    const double center = z / lambda;
    const double width = std::sqrt(std::max(0.0, 1.0 - lambda * lambda)) / lambda;
    if (width > 0.25 * kWidestPanel) continue;
    for (const double steps : {-8.0, -4.0, -2.0, 0.0, 2.0, 4.0, 8.0}) {
      const double end = center + steps * width;
      if (end > 0.0 && end < ends[1]) ends.push_back(end);
    }
  }
  std::sort(ends.begin(), ends.end());
  std::vector<QuadratureNode> nodes;
  for (size_t i = 1; i < ends.size(); ++i) {
    const int panels = static_cast<int>(std::ceil((ends[i] - ends[i - 1]) / kWidestPanel));
    const double width = panels == 0 ? 0.0 : (ends[i] - ends[i - 1]) / panels;
    for (int j = 0; j < panels; ++j) AppendGaussNodes(ends[i - 1] + j * width, ends[i - 1] + (j + 1) * width, nodes);
  }
  double sum = 0.0;  // over u > 0; the integrand is even
  for (const QuadratureNode& node : nodes) sum += node.weight * NormalPdf(node.x) * AnyExceeds(z, lambdas, node.x);
  return std::min(1.0, 2.0 * sum);
}

absl::StatusOr<DunnettResult> CompareWithControl(absl::Span<const ManyToOne> variants, double control_variance,
                                                 double alpha) {
  Problems problems;
  CheckOpenUnit("alpha", alpha, problems);
  CheckNonNegative("control_variance", control_variance, problems);
  if (variants.empty()) problems.Add("variants", "is empty; must have at least one");
  for (size_t i = 0; i < variants.size(); ++i) {
    const std::string field = absl::StrCat("variants[", i, "]");
    CheckFinite(absl::StrCat(field, ".effect"), variants[i].effect, problems);
    CheckNonNegative(absl::StrCat(field, ".treatment_variance"), variants[i].treatment_variance, problems);
    if (control_variance == 0.0 && variants[i].treatment_variance == 0.0) {
      problems.Add(absl::StrCat(field, ".treatment_variance"), "is 0 like the control's; one must be above 0");
    }
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  std::vector<double> lambdas;
  for (const ManyToOne& variant : variants) {
    lambdas.push_back(std::sqrt(control_variance / (control_variance + variant.treatment_variance)));
  }
  const auto excess = [&](double z) { return LargestAbsoluteZSf(z, lambdas) - alpha; };
  const double single = -NormalQuantile(0.5 * alpha);
  const double bonferroni = -NormalQuantile(0.5 * alpha / static_cast<double>(variants.size()));
  DunnettResult result;
  result.critical_z = variants.size() == 1 ? single : FindRoot(excess, single - 1e-6, bonferroni + 1e-6, 1e-10);
  for (const ManyToOne& variant : variants) {
    const double se = std::sqrt(control_variance + variant.treatment_variance);
    const double z = variant.effect / se;
    const double half_width = result.critical_z * se;
    result.comparisons.push_back({z, LargestAbsoluteZSf(std::abs(z), lambdas),
                                  Interval{variant.effect - half_width, variant.effect + half_width}});
  }
  return result;
}

}  // namespace tierwise
