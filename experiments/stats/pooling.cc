// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/pooling.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/quadrature.h"

namespace tierwise {
namespace {

double Square(double x) { return x * x; }

// mu given tau, and the logarithm of tau's posterior density up to a constant.
struct GivenTau {
  double tau2 = 0.0;
  double mean = 0.0;
  double variance = 0.0;
  double ln_density = 0.0;
};

GivenTau Condition(const PartialPoolingInput& input, double tau) {
  GivenTau given;
  given.tau2 = tau * tau;
  double weight_sum = 0.0, weighted = 0.0, ln_weights = 0.0;
  for (const TierEffect& tier : input.effects) {
    const double variance = Square(tier.se) + given.tau2;
    weight_sum += 1.0 / variance;
    weighted += tier.effect / variance;
    ln_weights -= 0.5 * std::log(variance);
  }
  given.mean = weighted / weight_sum;
  given.variance = 1.0 / weight_sum;
  double q = 0.0;
  for (const TierEffect& tier : input.effects) {
    q += Square(tier.effect - given.mean) / (Square(tier.se) + given.tau2);
  }
  given.ln_density = ln_weights + 0.5 * std::log(given.variance) - 0.5 * q - 0.5 * Square(tau / input.tau_scale);
  return given;
}

// tau = unit (e^u - 1): even in ln tau above the smallest standard error, linear below, where the likelihood is flat.
struct TauGrid {
  double unit;
  double lower;  // of u
  double upper;

  double Tau(double u) const { return unit * std::expm1(u); }
  double Slope(double u) const { return unit * std::exp(u); }
};

// Where the posterior of tau is above e^-30 of its largest value.
TauGrid FindTauGrid(const PartialPoolingInput& input) {
  double least_se = input.effects[0].se;
  for (const TierEffect& tier : input.effects) least_se = std::min(least_se, tier.se);
  constexpr double kPriorReach = 7.0;  // of the half-normal prior: 1e-12 lies beyond
  TauGrid grid{std::min(0.5 * least_se, input.tau_scale), 0.0, 0.0};
  grid.upper = std::log1p(kPriorReach * input.tau_scale / grid.unit);
  constexpr int kScan = 48;
  std::vector<double> ln_density(kScan + 1);
  for (int i = 0; i <= kScan; ++i) {
    const double u = grid.upper * i / kScan;
    ln_density[static_cast<size_t>(i)] = Condition(input, grid.Tau(u)).ln_density + u;
  }
  const double floor = *std::max_element(ln_density.begin(), ln_density.end()) - 30.0;
  const auto is_above = [&](double value) { return value > floor; };
  const auto first = std::find_if(ln_density.begin(), ln_density.end(), is_above) - ln_density.begin();
  const auto last = kScan - (std::find_if(ln_density.rbegin(), ln_density.rend(), is_above) - ln_density.rbegin());
  const double step = grid.upper / kScan;
  grid.lower = std::max(0.0, step * static_cast<double>(first - 1));
  grid.upper = std::min(grid.upper, step * static_cast<double>(last + 1));
  return grid;
}

struct Component {
  double weight = 0.0;  // posterior probability of this tau
  double mean = 0.0;
  double sd = 0.0;
};

double MixtureCdf(const std::vector<Component>& components, double x) {
  double sum = 0.0;
  for (const Component& c : components) sum += c.weight * NormalCdf((x - c.mean) / c.sd);
  return sum;
}

double MixtureDensity(const std::vector<Component>& components, double x) {
  double sum = 0.0;
  for (const Component& c : components) sum += c.weight * NormalPdf((x - c.mean) / c.sd) / c.sd;
  return sum;
}

// Newton within a bracket that every step narrows.
double MixtureQuantile(const std::vector<Component>& components, const Posterior& moments, double probability) {
  double lower = moments.mean - 40.0 * moments.sd;
  double upper = moments.mean + 40.0 * moments.sd;
  double x = moments.mean + NormalQuantile(probability) * moments.sd;
  for (int i = 0; i < 60; ++i) {
    const double excess = MixtureCdf(components, x) - probability;
    (excess > 0.0 ? upper : lower) = x;
    double next = x - excess / MixtureDensity(components, x);
    if (!(next > lower && next < upper)) next = 0.5 * (lower + upper);
    const double step = std::abs(next - x);
    x = next;
    if (step < 1e-10 * moments.sd) break;
  }
  return x;
}

Posterior Summarise(const std::vector<Component>& components, double confidence) {
  Posterior posterior;
  for (const Component& c : components) posterior.mean += c.weight * c.mean;
  double variance = 0.0;
  for (const Component& c : components) variance += c.weight * (Square(c.sd) + Square(c.mean - posterior.mean));
  posterior.sd = std::sqrt(variance);
  posterior.interval = {MixtureQuantile(components, posterior, 0.5 * (1.0 - confidence)),
                        MixtureQuantile(components, posterior, 0.5 * (1.0 + confidence))};
  posterior.positive_probability = 0.0;
  for (const Component& c : components) posterior.positive_probability += c.weight * NormalSf(-c.mean / c.sd);
  return posterior;
}

// The tau at which the posterior weights of an ascending grid add up to `probability`, linear between nodes.
double TauQuantile(const std::vector<GivenTau>& grid, const std::vector<double>& weights, double probability) {
  double below = 0.0;
  double previous_tau = 0.0;
  double previous_cumulative = 0.0;
  for (size_t i = 0; i < grid.size(); ++i) {
    const double cumulative = below + 0.5 * weights[i];  // about the node
    const double tau = std::sqrt(grid[i].tau2);
    if (cumulative >= probability) {
      const double share = (probability - previous_cumulative) / (cumulative - previous_cumulative);
      return previous_tau + share * (tau - previous_tau);
    }
    below += weights[i];
    previous_tau = tau;
    previous_cumulative = cumulative;
  }
  return previous_tau;
}

}  // namespace

absl::StatusOr<PartialPooling> PoolPartially(const PartialPoolingInput& input) {
  TIERWISE_RETURN_IF_ERROR(CheckTierEffects(input.effects));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(input.confidence));
  Problems problems;
  CheckPositive("tau_scale", input.tau_scale, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const TauGrid range = FindTauGrid(input);
  constexpr int kPanels = 4;
  std::vector<GivenTau> grid;
  std::vector<double> weights;
  double largest = -std::numeric_limits<double>::infinity();
  for (const QuadratureNode& node : CompositeGaussNodes(range.lower, range.upper, kPanels)) {
    grid.push_back(Condition(input, range.Tau(node.x)));
    weights.push_back(node.weight * range.Slope(node.x));
    largest = std::max(largest, grid.back().ln_density);
  }
  double total = 0.0;
  for (size_t i = 0; i < grid.size(); ++i) total += weights[i] *= std::exp(grid[i].ln_density - largest);
  PartialPooling result;
  for (size_t i = 0; i < grid.size(); ++i) {
    weights[i] /= total;
    result.tau_mean += weights[i] * std::sqrt(grid[i].tau2);
  }
  result.tau = {TauQuantile(grid, weights, 0.5 * (1.0 - input.confidence)),
                TauQuantile(grid, weights, 0.5 * (1.0 + input.confidence))};
  std::vector<Component> components(grid.size());
  for (size_t i = 0; i < grid.size(); ++i) components[i] = {weights[i], grid[i].mean, std::sqrt(grid[i].variance)};
  result.overall = Summarise(components, input.confidence);
  for (const TierEffect& tier : input.effects) {
    for (size_t i = 0; i < grid.size(); ++i) {
      const double se2 = Square(tier.se);
      const double shrinkage = se2 / (se2 + grid[i].tau2);
      const double variance = (1.0 - shrinkage) * se2 + Square(shrinkage) * grid[i].variance;
      components[i] = {weights[i], shrinkage * grid[i].mean + (1.0 - shrinkage) * tier.effect, std::sqrt(variance)};
    }
    result.tiers.push_back(Summarise(components, input.confidence));
  }
  return result;
}

}  // namespace tierwise
