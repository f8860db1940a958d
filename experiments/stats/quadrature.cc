// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/quadrature.h"

#include <cmath>
#include <cstddef>
#include <numbers>

namespace tierwise {
namespace {

using Legendre = std::array<double, kGaussPoints + 1>;

// P_0(x) ... P_12(x) by Bonnet's recursion.
Legendre LegendreAt(double x) {
  Legendre p{};
  p[0] = 1.0;
  p[1] = x;
  for (size_t k = 1; k < kGaussPoints; ++k) {
    const double n = static_cast<double>(k);
    p[k + 1] = ((2.0 * n + 1.0) * x * p[k] - n * p[k - 1]) / (n + 1.0);
  }
  return p;
}

std::array<QuadratureNode, kGaussPoints> MakeRule() {
  std::array<QuadratureNode, kGaussPoints> rule{};
  constexpr double n = kGaussPoints;
  for (size_t i = 0; i < kGaussPoints; ++i) {
    double x = -std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5));
    double derivative = 0.0;
    for (int newton = 0; newton < 8; ++newton) {
      const Legendre p = LegendreAt(x);
      derivative = n * (x * p[kGaussPoints] - p[kGaussPoints - 1]) / (x * x - 1.0);
      x -= p[kGaussPoints] / derivative;
    }
    rule[i] = {x, 2.0 / ((1.0 - x * x) * derivative * derivative)};
  }
  return rule;
}

// The integral of the interpolating polynomial: sum_k (2k+1)/2 P_k(x_j) w_j times the integral of P_k from -1 to x_i,
// which is x_i + 1 for k = 0 and (P_{k+1}(x_i) - P_{k-1}(x_i)) / (2k+1) beyond.
std::array<std::array<double, kGaussPoints>, kGaussPoints> MakeCumulativeWeights() {
  std::array<std::array<double, kGaussPoints>, kGaussPoints> rows{};
  for (size_t i = 0; i < kGaussPoints; ++i) {
    const Legendre at_i = LegendreAt(GaussRule()[i].x);
    for (size_t j = 0; j < kGaussPoints; ++j) {
      const Legendre at_j = LegendreAt(GaussRule()[j].x);
      double sum = at_i[1] + 1.0;
      for (size_t k = 1; k < kGaussPoints; ++k) sum += at_j[k] * (at_i[k + 1] - at_i[k - 1]);
      rows[i][j] = 0.5 * GaussRule()[j].weight * sum;
    }
  }
  return rows;
}

}  // namespace

const std::array<QuadratureNode, kGaussPoints>& GaussRule() {
  static const std::array<QuadratureNode, kGaussPoints> rule = MakeRule();
  return rule;
}

const std::array<std::array<double, kGaussPoints>, kGaussPoints>& GaussCumulativeWeights() {
  static const std::array<std::array<double, kGaussPoints>, kGaussPoints> rows = MakeCumulativeWeights();
  return rows;
}

void AppendGaussNodes(double lower, double upper, std::vector<QuadratureNode>& nodes) {
  const double middle = 0.5 * (lower + upper);
  const double half = 0.5 * (upper - lower);
  for (const QuadratureNode& node : GaussRule()) nodes.push_back({middle + half * node.x, half * node.weight});
}

std::vector<QuadratureNode> CompositeGaussNodes(double lower, double upper, int panels) {
  std::vector<QuadratureNode> nodes;
  nodes.reserve(static_cast<size_t>(panels * kGaussPoints));
  const double width = (upper - lower) / panels;
  for (int i = 0; i < panels; ++i) AppendGaussNodes(lower + i * width, lower + (i + 1) * width, nodes);
  return nodes;
}

double Integrate(absl::FunctionRef<double(double)> f, double lower, double upper, int panels) {
  double sum = 0.0;
  for (const QuadratureNode& node : CompositeGaussNodes(lower, upper, panels)) sum += node.weight * f(node.x);
  return sum;
}

}  // namespace tierwise
