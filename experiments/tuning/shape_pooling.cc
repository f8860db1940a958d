// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/shape_pooling.h"

#include <algorithm>
#include <cmath>

#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

constexpr int kAlternations = 3;
// Nodes of tau^2 besides 0, equally spaced in the logarithm from a hundredth of the typical variance to a hundred times
// it, or to a hundred times the largest squared deviation from the common shape where that is more.
constexpr int kNodes = 13;
constexpr double kNodeRange = 100.0;

// The typical size of a tier's responses, weighted by precision; never 0.
double ScaleOf(absl::Span<const DosePoint> points) {
  double squares = 0.0;
  double weight = 0.0;
  for (const DosePoint& point : points) {
    squares += point.mean * point.mean / point.variance;
    weight += 1.0 / point.variance;
  }
  return std::sqrt(std::max(squares, static_cast<double>(points.size())) / weight);
}

// Whether a response goes the wrong way by more than chance can explain, in a tier of any number of doses.
bool IsRefuted(absl::Span<const DosePoint> points, MonotoneDirection direction) {
  constexpr double kRefutedAt = 6.0;
  const double sign = direction == MonotoneDirection::kNonDecreasing ? 1.0 : -1.0;
  for (size_t j = 0; j < points.size(); ++j) {
    for (size_t k = j + 1; k < points.size(); ++k) {
      const double se = std::sqrt(points[j].variance + points[k].variance);
      if (sign * (points[j].mean - points[k].mean) > kRefutedAt * se) return true;
    }
  }
  return false;
}

}  // namespace

ShapePooling::ShapePooling(absl::Span<const std::vector<DosePoint>> tiers, MonotoneDirection direction)
    : direction_(direction), estimates_(tiers.size()), pooled_shares_(tiers.size(), 0.0) {
  std::vector<double> doses;
  for (const auto& points : tiers) {
    for (const DosePoint& point : points) doses.push_back(point.dose);
  }
  std::sort(doses.begin(), doses.end());
  doses.erase(std::unique(doses.begin(), doses.end()), doses.end());
  doses_ = doses.size();
  std::vector<std::vector<double>> means;
  for (const auto& points : tiers) {
    Tier tier{ScaleOf(points), {}, {}, {}, !IsRefuted(points, direction)};
    for (const DosePoint& point : points) {
      tier.dose.push_back(
          static_cast<size_t>(std::lower_bound(doses.begin(), doses.end(), point.dose) - doses.begin()));
      tier.mean.push_back(point.mean / tier.scale);
      tier.variance.push_back(point.variance / (tier.scale * tier.scale));
    }
    means.push_back(tier.mean);
    tiers_.push_back(std::move(tier));
  }
  level_.resize(tiers.size());
  strength_.resize(tiers.size());
  shape_.resize(doses_);
  shape_weight_.resize(doses_);
  drawn_ = means;
  fitted_ = means;
  ChooseNodes(means);
  Estimate(means);
}

// Given the shape, each tier's level and strength by weighted least squares; a strength below 0 becomes 0.
void ShapePooling::FitLevels(const std::vector<std::vector<double>>& means, double tau_squared) {
  for (size_t k = 0; k < tiers_.size(); ++k) {
    const Tier& tier = tiers_[k];
    double weight = 0.0;
    double mean = 0.0;
    double shape = 0.0;
    for (size_t j = 0; j < tier.dose.size(); ++j) {
      const double w = 1.0 / (tier.variance[j] + tau_squared);
      weight += w;
      mean += w * means[k][j];
      shape += w * shape_[tier.dose[j]];
    }
    mean /= weight;
    shape /= weight;
    double squares = 0.0;
    double cross = 0.0;
    for (size_t j = 0; j < tier.dose.size(); ++j) {
      const double w = 1.0 / (tier.variance[j] + tau_squared);
      const double centred = shape_[tier.dose[j]] - shape;
      squares += w * centred * centred;
      cross += w * centred * means[k][j];
    }
    strength_[k] = squares > 0.0 ? std::max(0.0, cross / squares) : 0.0;
    level_[k] = mean - strength_[k] * shape;
  }
}

// Given levels and strengths, the monotone shape by weighted least squares, 0 at the first dose and of largest size 1.
void ShapePooling::FitShape(const std::vector<std::vector<double>>& means, double tau_squared) {
  std::fill(shape_.begin(), shape_.end(), 0.0);
  std::fill(shape_weight_.begin(), shape_weight_.end(), 0.0);
  for (size_t k = 0; k < tiers_.size(); ++k) {
    const Tier& tier = tiers_[k];
    for (size_t j = 0; j < tier.dose.size(); ++j) {
      const double w = strength_[k] / (tier.variance[j] + tau_squared);
      shape_[tier.dose[j]] += w * (means[k][j] - level_[k]);
      shape_weight_[tier.dose[j]] += w * strength_[k];
    }
  }
  for (size_t d = 0; d < doses_; ++d) {
    if (shape_weight_[d] > 0.0) shape_[d] /= shape_weight_[d];
  }
  PoolAdjacentViolators(absl::MakeSpan(shape_), shape_weight_, direction_);
  const double first = shape_[0];
  const double last = std::abs(shape_[doses_ - 1] - first);
  for (double& value : shape_) value = last > 0.0 ? (value - first) / last : 0.0;
}

void ShapePooling::FitCommon(const std::vector<std::vector<double>>& means, double tau_squared,
                             std::vector<std::vector<double>>& fitted) {
  // Starts from the average change of all tiers from their first dose.
  std::fill(strength_.begin(), strength_.end(), 1.0);
  for (size_t k = 0; k < tiers_.size(); ++k) level_[k] = means[k][0];
  for (int round = 0; round < kAlternations; ++round) {
    FitShape(means, tau_squared);
    FitLevels(means, tau_squared);
  }
  for (size_t k = 0; k < tiers_.size(); ++k) {
    for (size_t j = 0; j < tiers_[k].dose.size(); ++j) {
      fitted[k][j] = level_[k] + strength_[k] * shape_[tiers_[k].dose[j]];
    }
  }
}

void ShapePooling::ChooseNodes(const std::vector<std::vector<double>>& means) {
  size_t cells = 0;
  std::vector<double> variances;
  for (const Tier& tier : tiers_) {
    cells += tier.dose.size();
    variances.insert(variances.end(), tier.variance.begin(), tier.variance.end());
  }
  // A level and a strength for each tier, and the shape but for its ends.
  const size_t parameters = 2 * tiers_.size() + (doses_ - 2);
  if (tiers_.size() < 2 || cells <= parameters) return;
  const auto df = static_cast<double>(cells - parameters);
  std::nth_element(variances.begin(), variances.begin() + static_cast<long>(cells / 2), variances.end());
  const double typical = variances[cells / 2];

  FitCommon(means, 0.0, fitted_);
  double largest = typical;
  for (size_t k = 0; k < tiers_.size(); ++k) {
    for (size_t j = 0; j < tiers_[k].dose.size(); ++j) {
      largest = std::max(largest, (means[k][j] - fitted_[k][j]) * (means[k][j] - fitted_[k][j]));
    }
  }
  const double least = typical / kNodeRange;
  const double range = largest * kNodeRange / least;
  double before = 0.0;
  for (int i = 0; i <= kNodes; ++i) {
    const double tau_squared = i == 0 ? 0.0 : least * std::pow(range, static_cast<double>(i - 1) / (kNodes - 1));
    FitCommon(means, tau_squared, fitted_);
    double q = 0.0;
    for (size_t k = 0; k < tiers_.size(); ++k) {
      for (size_t j = 0; j < tiers_[k].dose.size(); ++j) {
        const double residual = means[k][j] - fitted_[k][j];
        q += residual * residual / (tiers_[k].variance[j] + tau_squared);
      }
    }
    const double up_to_here = i == kNodes ? 1.0 : std::max(before, ChiSquaredSf(q, df));
    if (up_to_here > before) nodes_.push_back({tau_squared, up_to_here - before});
    before = up_to_here;
  }
}

void ShapePooling::Estimate(const std::vector<std::vector<double>>& means) {
  for (size_t k = 0; k < tiers_.size(); ++k)
    estimates_[k] = nodes_.empty() ? means[k] : std::vector<double>(means[k].size(), 0.0);
  for (const Node& node : nodes_) {
    FitCommon(means, node.tau_squared, fitted_);
    for (size_t k = 0; k < tiers_.size(); ++k) {
      for (size_t j = 0; j < means[k].size(); ++j) {
        const double pooled = tiers_[k].variance[j] / (tiers_[k].variance[j] + node.tau_squared);
        estimates_[k][j] += node.probability * (pooled * fitted_[k][j] + (1.0 - pooled) * means[k][j]);
        pooled_shares_[k] += node.probability * pooled / static_cast<double>(means[k].size());
      }
    }
  }
  for (size_t k = 0; k < tiers_.size(); ++k) MakeMonotone(k, estimates_[k]);
}

void ShapePooling::MakeMonotone(size_t tier, std::vector<double>& responses) const {
  std::vector<double> weights;
  for (double variance : tiers_[tier].variance) weights.push_back(1.0 / variance);
  if (tiers_[tier].is_monotone) PoolAdjacentViolators(absl::MakeSpan(responses), weights, direction_);
  for (double& response : responses) response *= tiers_[tier].scale;
}

// Given tau, the posterior of the linear mixed model with flat priors on its fixed effects: the common structure
// refitted to a draw of the data, then each response about its shrunken value.
void ShapePooling::Draw(RandomDraws& random, std::vector<std::vector<double>>& responses) {
  double tau_squared = 0.0;
  if (!nodes_.empty()) {
    double u = random.Uniform();
    size_t node = 0;
    while (node + 1 < nodes_.size() && u >= nodes_[node].probability) u -= nodes_[node++].probability;
    tau_squared = nodes_[node].tau_squared;
    for (size_t k = 0; k < tiers_.size(); ++k) {
      for (size_t j = 0; j < drawn_[k].size(); ++j) {
        drawn_[k][j] = tiers_[k].mean[j] + std::sqrt(tiers_[k].variance[j] + tau_squared) * random.Normal();
      }
    }
    FitCommon(drawn_, tau_squared, fitted_);
  }
  for (size_t k = 0; k < tiers_.size(); ++k) {
    const Tier& tier = tiers_[k];
    for (size_t j = 0; j < tier.mean.size(); ++j) {
      const double pooled = nodes_.empty() ? 0.0 : tier.variance[j] / (tier.variance[j] + tau_squared);
      responses[k][j] = pooled * fitted_[k][j] + (1.0 - pooled) * tier.mean[j] +
                        std::sqrt((1.0 - pooled) * tier.variance[j]) * random.Normal();
    }
    MakeMonotone(k, responses[k]);
  }
}

}  // namespace tierwise
