// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/continuation_density.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "experiments/stats/distributions.h"
#include "experiments/stats/quadrature.h"

namespace tierwise {
namespace {

// A normal step is taken as nil beyond this many standard deviations: its density there is below 1e-16.
constexpr double kReach = 8.5;
// Beyond this many it underflows.
constexpr double kUnderflow = 38.0;
// Width of a quadrature panel in standard deviations of the narrower of the two steps that meet there: 12 nodes
// integrate a product of two such normal densities to 1e-9.
constexpr double kPanelWidth = 4.0;

}  // namespace

double ContinuationDensity::TailSum(double information, double z, double drift, bool is_upper) const {
  const double sign = is_upper ? 1.0 : -1.0;
  const double root = std::sqrt(information);
  if (information_ == 0.0) return NormalSf(sign * (z - drift * root));
  const double step = information - information_;
  const double step_sd = std::sqrt(step);
  const double threshold = z * root - drift * step;
  double sum = 0.0;
  for (const Node& node : nodes_) {
    const double distance = sign * (threshold - node.score) / step_sd;
    if (distance > kUnderflow) continue;
    const double ratio = drift == 0.0 ? 1.0 : std::exp(drift * node.score - 0.5 * drift * drift * information_);
    sum += node.mass * ratio * (distance < -kReach ? 1.0 : NormalSf(distance));
  }
  return sum;
}

double ContinuationDensity::Density(double information, double z) const { return Density(information, z, kUnderflow); }

double ContinuationDensity::UpperTail(double information, double z, double drift) const {
  return TailSum(information, z, drift, true);
}

double ContinuationDensity::LowerTail(double information, double z, double drift) const {
  return TailSum(information, z, drift, false);
}

double ContinuationDensity::Density(double information, double z, double reach_sd) const {
  if (information_ == 0.0) return NormalPdf(z);
  const double inverse_sd = 1.0 / std::sqrt(information - information_);
  const double root = std::sqrt(information);
  const double score = z * root;
  const double reach = reach_sd / inverse_sd;
  const auto first = std::lower_bound(nodes_.begin(), nodes_.end(), score - reach,
                                      [](const Node& node, double value) { return node.score < value; });
  double sum = 0.0;
  for (auto node = first; node != nodes_.end() && node->score <= score + reach; ++node) {
    const double distance = (score - node->score) * inverse_sd;
    sum += node->mass * std::exp(-0.5 * distance * distance);
  }
  constexpr double kInverseRootTwoPi = 0.3989422804014326779;
  return sum * inverse_sd * kInverseRootTwoPi * root;
}

void ContinuationDensity::Continue(double information, double lower, double upper) {
  const double from = std::max(lower, -half_width_);
  const double to = std::min(upper, half_width_);
  std::vector<Node> next;
  if (from < to) {
    const double step_sd = std::sqrt((information - information_) / information);
    const int panels = static_cast<int>(std::ceil((to - from) / (kPanelWidth * step_sd)));
    const std::vector<QuadratureNode> grid = CompositeGaussNodes(from, to, panels);
    next.reserve(grid.size());
    const double root = std::sqrt(information);
    for (const QuadratureNode& node : grid) {
      next.push_back({node.x * root, node.weight * Density(information, node.x, kReach)});
    }
  }
  nodes_ = std::move(next);
  information_ = information;
}

}  // namespace tierwise
