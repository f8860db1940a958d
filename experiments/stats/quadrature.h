// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "absl/functional/function_ref.h"

namespace tierwise {

struct QuadratureNode {
  double x;
  double weight;
};

// The 12-point Gauss-Legendre rule on [-1, 1], ascending: exact for polynomials of degree 23.
inline constexpr int kGaussPoints = 12;
const std::array<QuadratureNode, kGaussPoints>& GaussRule();

// row[i][j]: the weight of the value at node j in the integral from -1 to node i, exact for polynomials of degree 11.
// It turns values of a density at the nodes into its distribution function there.
const std::array<std::array<double, kGaussPoints>, kGaussPoints>& GaussCumulativeWeights();

// Appends the nodes of the rule mapped to [lower, upper].
void AppendGaussNodes(double lower, double upper, std::vector<QuadratureNode>& nodes);

// The nodes of `panels` equal panels over [lower, upper]. REQUIRES: panels > 0.
std::vector<QuadratureNode> CompositeGaussNodes(double lower, double upper, int panels);

// The integral of `f` over [lower, upper] on `panels` equal panels.
double Integrate(absl::FunctionRef<double(double)> f, double lower, double upper, int panels);

}  // namespace tierwise
