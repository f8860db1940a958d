// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/best_arm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/quadrature.h"

namespace tierwise {
namespace {

// Beyond this many standard deviations a normal density holds less than 1e-18.
constexpr double kReach = 9.0;
// Panel edges in standard deviations: on a panel at most this wide every density and cdf is smooth to the rule's order.
constexpr std::array<double, 11> kEdges = {-9.0, -6.0, -4.0, -2.5, -1.2, 0.0, 1.2, 2.5, 4.0, 6.0, 9.0};

// P(X_j < x), with half a known mean's unit step at its jump.
double CdfAt(double x, double mean, double sd) {
  if (sd > 0.0) return NormalCdf((x - mean) / sd);
  return x > mean ? 1.0 : x < mean ? 0.0 : 0.5;
}

absl::Status CheckPosteriors(absl::Span<const double> means, absl::Span<const double> sds) {
  Problems problems;
  if (means.empty()) problems.Add("means", "is empty; at least one arm is needed");
  if (means.size() != sds.size()) {
    problems.Add("sds", absl::StrCat("has ", sds.size(), " entries for ", means.size(), " arms; must have one each"));
  }
  for (size_t i = 0; i < means.size(); ++i) CheckFinite(absl::StrCat("means[", i, "]"), means[i], problems);
  for (size_t i = 0; i < sds.size(); ++i) CheckNonNegative(absl::StrCat("sds[", i, "]"), sds[i], problems);
  return problems.ToStatus();
}

// Ascending, without near-duplicates, from the least value that could be the largest mean up.
std::vector<double> PanelEdges(absl::Span<const double> means, absl::Span<const double> sds) {
  double floor = means[0] - kReach * sds[0];
  for (size_t i = 1; i < means.size(); ++i) floor = std::max(floor, means[i] - kReach * sds[i]);
  std::vector<double> edges = {floor};
  for (size_t i = 0; i < means.size(); ++i) {
    for (double edge : kEdges) {
      const double x = means[i] + edge * sds[i];
      if (x > floor) edges.push_back(x);
    }
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

// The known mean that may be the best: the largest one, and how many share it.
void AddKnownMeans(absl::Span<const double> means, absl::Span<const double> sds, std::vector<double>& result) {
  bool any = false;
  double largest = 0.0;
  int tied = 0;
  for (size_t i = 0; i < means.size(); ++i) {
    if (sds[i] > 0.0) continue;
    if (!any || means[i] > largest) {
      largest = means[i];
      tied = 0;
    }
    any = true;
    if (means[i] == largest) ++tied;
  }
  if (!any) return;
  double probability = 1.0;
  for (size_t j = 0; j < means.size(); ++j) {
    if (sds[j] > 0.0) probability *= CdfAt(largest, means[j], sds[j]);
  }
  for (size_t i = 0; i < means.size(); ++i) {
    if (sds[i] == 0.0 && means[i] == largest) result[i] = probability / tied;
  }
}

}  // namespace

absl::StatusOr<std::vector<double>> ProbabilityBest(absl::Span<const double> means, absl::Span<const double> sds) {
  if (absl::Status status = CheckPosteriors(means, sds); !status.ok()) return status;
  const size_t k = means.size();
  std::vector<double> result(k, 0.0);
  AddKnownMeans(means, sds, result);

  const std::vector<double> edges = PanelEdges(means, sds);
  std::vector<double> cdf(k);
  std::vector<double> product_after(k + 1, 1.0);
  std::vector<QuadratureNode> nodes;
  for (size_t e = 0; e + 1 < edges.size(); ++e) AppendGaussNodes(edges[e], edges[e + 1], nodes);
  for (const auto& [x, weight] : nodes) {
    for (size_t j = 0; j < k; ++j) cdf[j] = CdfAt(x, means[j], sds[j]);
    for (size_t j = k; j > 0; --j) product_after[j - 1] = product_after[j] * cdf[j - 1];
    double product_before = 1.0;
    for (size_t i = 0; i < k; ++i) {
      if (sds[i] > 0.0) {
        const double density = NormalPdf((x - means[i]) / sds[i]) / sds[i];
        result[i] += weight * density * product_before * product_after[i + 1];
      }
      product_before *= cdf[i];
    }
  }
  const double total = std::accumulate(result.begin(), result.end(), 0.0);
  for (double& p : result) p /= total;
  return result;
}

absl::StatusOr<std::vector<double>> TopTwoShares(absl::Span<const double> probability_best, double beta) {
  Problems problems;
  CheckProbability("beta", beta, problems);
  double total = 0.0;
  for (size_t i = 0; i < probability_best.size(); ++i) {
    const double p = probability_best[i];
    CheckProbability(absl::StrCat("probability_best[", i, "]"), p, problems);
    total += p;
  }
  if (!(std::abs(total - 1.0) <= 1e-6)) {
    problems.Add("probability_best", absl::StrCat("sums to ", total, "; must sum to 1"));
  }
  if (!problems.empty()) return problems.ToStatus();

  const size_t k = probability_best.size();
  if (k == 1) return std::vector<double>{1.0};
  std::vector<double> rest(k, 0.0);  // 1 - p_b as a sum, which keeps its digits where p_b is near 1
  for (size_t b = 0; b < k; ++b) {
    for (size_t a = 0; a < k; ++a) {
      if (a != b) rest[b] += probability_best[a];
    }
  }
  std::vector<double> shares(k);
  for (size_t a = 0; a < k; ++a) {
    double challenger = 0.0;
    for (size_t b = 0; b < k; ++b) {
      if (b == a) continue;
      challenger += rest[b] > 0.0 ? probability_best[b] * (probability_best[a] / rest[b])
                                  : probability_best[b] / static_cast<double>(k - 1);
    }
    shares[a] = beta * probability_best[a] + (1.0 - beta) * challenger;
  }
  return shares;
}

}  // namespace tierwise
