// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/basket_posterior.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace tierwise {
namespace {

constexpr int kNodes = 20;
// Scale of the prior of tau, in typical baskets.
constexpr double kPriorScale = 0.1;
// A ratio of fewer conversions than this has no variance worth the name.
constexpr double kFewestConversions = 2.0;

// The weight of the data in a posterior with prior variance tau^2; 0 where nothing was measured.
double Weight(double variance, double tau_squared) {
  return std::isinf(variance) ? 0.0 : 1.0 / (variance + tau_squared);
}

}  // namespace

BasketPosterior::BasketPosterior(absl::Span<const JointMoments> cells)
    : measured_(cells.size(), 0.0),
      variance_(cells.size(), std::numeric_limits<double>::infinity()),
      means_(cells.size(), 0.0) {
  double conversions = 0.0;
  double revenue = 0.0;
  for (const JointMoments& cell : cells) {
    conversions += static_cast<double>(cell.n()) * cell.mean(0);
    revenue += static_cast<double>(cell.n()) * cell.mean(1);
  }
  if (conversions < kFewestConversions) return;
  const double typical = revenue / conversions;
  for (size_t j = 0; j < cells.size(); ++j) {
    const JointMoments& cell = cells[j];
    const auto n = static_cast<double>(cell.n());
    if (n * cell.mean(0) < kFewestConversions) continue;
    // The residual variance about the typical basket, not about the cell's own: two equal baskets are not known
    // exactly.
    const double residual =
        cell.Covariance(1, 1) - 2.0 * typical * cell.Covariance(0, 1) + typical * typical * cell.Covariance(0, 0);
    const double shift = cell.mean(1) - typical * cell.mean(0);
    measured_[j] = cell.mean(1) / cell.mean(0);
    variance_[j] = std::max((std::max(0.0, residual) + shift * shift) / (n * cell.mean(0) * cell.mean(0)),
                            1e-12 * typical * typical + std::numeric_limits<double>::min());
  }

  const double scale = kPriorScale * std::abs(typical);
  double total = 0.0;
  double largest = -std::numeric_limits<double>::infinity();
  std::vector<double> log_weight;
  for (int i = 0; i < kNodes; ++i) {
    const double tau = 3.0 * scale * (static_cast<double>(i) + 0.5) / kNodes;
    Node node{tau * tau, 0.0, 0.0, 0.0};
    double weight = 0.0;
    double log_likelihood = scale > 0.0 ? -0.5 * (tau / scale) * (tau / scale) : 0.0;
    for (size_t j = 0; j < measured_.size(); ++j) {
      const double w = Weight(variance_[j], node.tau_squared);
      weight += w;
      node.mu += w * measured_[j];
      if (w > 0.0) log_likelihood += 0.5 * std::log(w);
    }
    if (!(weight > 0.0)) return;
    node.mu /= weight;
    node.mu_sd = 1.0 / std::sqrt(weight);
    log_likelihood += std::log(node.mu_sd);
    for (size_t j = 0; j < measured_.size(); ++j) {
      const double off = measured_[j] - node.mu;
      log_likelihood -= 0.5 * Weight(variance_[j], node.tau_squared) * off * off;
    }
    largest = std::max(largest, log_likelihood);
    log_weight.push_back(log_likelihood);
    nodes_.push_back(node);
  }
  for (size_t i = 0; i < nodes_.size(); ++i) total += nodes_[i].probability = std::exp(log_weight[i] - largest);
  for (Node& node : nodes_) {
    node.probability /= total;
    for (size_t j = 0; j < means_.size(); ++j) {
      const double own = node.tau_squared * Weight(variance_[j], node.tau_squared);
      means_[j] += node.probability * (own * measured_[j] + (1.0 - own) * node.mu);
    }
  }
}

void BasketPosterior::Draw(RandomDraws& random, absl::Span<double> baskets) const {
  if (nodes_.empty()) {
    std::fill(baskets.begin(), baskets.end(), 0.0);
    return;
  }
  double u = random.Uniform();
  size_t at = 0;
  while (at + 1 < nodes_.size() && u >= nodes_[at].probability) u -= nodes_[at++].probability;
  const Node& node = nodes_[at];
  const double mu = node.mu + node.mu_sd * random.Normal();
  for (size_t j = 0; j < baskets.size(); ++j) {
    const double own = node.tau_squared * Weight(variance_[j], node.tau_squared);
    const double sd = std::sqrt(node.tau_squared * (1.0 - own));
    baskets[j] = own * measured_[j] + (1.0 - own) * mu + sd * random.Normal();
  }
}

}  // namespace tierwise
