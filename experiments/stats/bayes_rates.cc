// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/bayes_rates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/quadrature.h"

namespace tierwise {
namespace {

// ln(1 + x) - x without cancellation.
double Log1pMinus(double x) {
  if (std::abs(x) > 0.05) return std::log1p(x) - x;
  // ln(1 + x) = 2 atanh(r), r = x / (2 + x), and x = 2 r / (1 - r).
  const double r = x / (2.0 + x);
  const double r2 = r * r;
  const double series =
      1.0 / 3.0 + r2 * (1.0 / 5.0 + r2 * (1.0 / 7.0 + r2 * (1.0 / 9.0 + r2 * (1.0 / 11.0 + r2 / 13.0))));
  return r * (2.0 * r2 * series - x);
}

// e^x - 1 - x without cancellation.
double Expm1Minus(double x) {
  if (std::abs(x) > 0.05) return std::expm1(x) - x;
  double series = 1.0 / 40320.0;
  for (const double c : {1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5}) series = c + x * series;
  return x * x * series;
}

// The density of the logit of a Beta(alpha, beta) rate, up to its norm: x^alpha (1 - x)^beta with x = 1 / (1 + e^-y).
// It peaks at y = ln(alpha / beta).
class LogitDensity {
 public:
  explicit LogitDensity(const BetaPosterior& posterior)
      : size_(posterior.alpha + posterior.beta),
        mode_(std::log(posterior.alpha / posterior.beta)),
        // Of the two outcomes the rarer one is followed: its share is at most 1/2.
        is_flipped_(posterior.alpha > posterior.beta),
        share_(std::min(posterior.alpha, posterior.beta) / size_),
        sd_(std::sqrt(1.0 / posterior.alpha + 1.0 / posterior.beta)) {}

  double mode() const { return mode_; }
  // That of the normal with the same peak and curvature.
  double sd() const { return sd_; }

  // ln of density / density at the mode, with t = y - mode: -size (ln(1 + share (e^t - 1)) - share t).
  double LogRelative(double y) const {
    const double t = is_flipped_ ? mode_ - y : y - mode_;
    constexpr double kFar = 700.0;  // e^t would overflow; 1 + share (e^t - 1) is share e^t to all digits
    if (t > kFar) return -size_ * (std::log(share_) + (1.0 - share_) * t);
    const double w = share_ * std::expm1(t);
    if (std::abs(t) > 1.0) return -size_ * (std::log1p(w) - share_ * t);
    return -size_ * (Log1pMinus(w) + share_ * Expm1Minus(t));
  }

 private:
  double size_;
  double mode_;
  bool is_flipped_;
  double share_;
  double sd_;
};

// What is further down from the peak is dropped.
constexpr double kDepth = 42.0;

// How wide a panel that starts at `y` may be. Where the logistic function or the density bends, 12 nodes cannot follow
// more than 2.5; beyond 40 from 0 and going outwards there is only an exponential tail, and panels may grow with it.
double WidestPanel(double y, double direction) {
  constexpr double kBends = 40.0;
  constexpr double kWidest = 2.5;
  const bool is_outward = (y > 0.0) == (direction > 0.0);
  return is_outward && std::abs(y) > kBends ? std::abs(y) : kWidest;
}

// Appends panel ends from the mode outwards until the density is e^-kDepth of its peak.
void AppendPanelEnds(const LogitDensity& density, double direction, std::vector<double>& ends) {
  double y = density.mode();
  double width = 2.0 * density.sd();
  constexpr int kNearTheMode = 6;
  for (int panel = 0; density.LogRelative(y) > -kDepth; ++panel) {
    if (panel >= kNearTheMode) width *= 1.5;
    width = std::min(width, WidestPanel(y, direction));
    y += direction * width;
    ends.push_back(y);
  }
}

// One density at the nodes of one panel, with its distribution function there.
struct PanelValues {
  std::array<double, kGaussPoints> density;
  std::array<double, kGaussPoints> cdf;
  double mass = 0.0;
};

void Evaluate(const LogitDensity& density, double middle, double half, double below, PanelValues& values) {
  for (size_t i = 0; i < kGaussPoints; ++i) {
    values.density[i] = std::exp(density.LogRelative(middle + half * GaussRule()[i].x));
  }
  values.mass = 0.0;
  for (size_t i = 0; i < kGaussPoints; ++i) {
    values.mass += half * GaussRule()[i].weight * values.density[i];
    double sum = 0.0;
    for (size_t j = 0; j < kGaussPoints; ++j) sum += GaussCumulativeWeights()[i][j] * values.density[j];
    values.cdf[i] = below + half * sum;
  }
}

double LogisticSlope(double y) {
  const double e = std::exp(-std::abs(y));
  return e / ((1.0 + e) * (1.0 + e));
}

absl::Status CheckBeta(absl::string_view field, const BetaPosterior& posterior) {
  Problems problems;
  const auto check = [&](absl::string_view name, double value) {
    if (value >= kLeastBetaParameter && value <= kMostBetaParameter) return;
    problems.Add(absl::StrCat(field, ".", name),
                 absl::StrCat("is ", value, "; must be from ", kLeastBetaParameter, " to ", kMostBetaParameter));
  };
  check("alpha", posterior.alpha);
  check("beta", posterior.beta);
  return problems.ToStatus();
}

}  // namespace

absl::StatusOr<BetaPosterior> UpdateBeta(const BetaPosterior& prior, int64_t conversions, int64_t users) {
  TIERWISE_RETURN_IF_ERROR(CheckBeta("prior", prior));
  if (conversions < 0 || conversions > users) {
    return InvalidField("conversions",
                        absl::StrCat("is ", conversions, " of ", users, " users; must be in [0, users]"));
  }
  return BetaPosterior{prior.alpha + static_cast<double>(conversions),
                       prior.beta + static_cast<double>(users - conversions)};
}

Interval CredibleInterval(const BetaPosterior& posterior, double confidence) {
  const double tail = 0.5 * (1.0 - confidence);
  // The upper end through the other outcome: 1 - tail would cost digits.
  return {BetaQuantile(tail, posterior.alpha, posterior.beta),
          1.0 - BetaQuantile(tail, posterior.beta, posterior.alpha)};
}

absl::StatusOr<RateComparison> CompareRates(const BetaPosterior& control, const BetaPosterior& treatment) {
  TIERWISE_RETURN_IF_ERROR(CheckBeta("control", control));
  TIERWISE_RETURN_IF_ERROR(CheckBeta("treatment", treatment));
  const LogitDensity c(control);
  const LogitDensity t(treatment);
  std::vector<double> ends = {c.mode(), t.mode()};
  for (const LogitDensity* density : {&c, &t}) {
    AppendPanelEnds(*density, -1.0, ends);
    AppendPanelEnds(*density, +1.0, ends);
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  // All sums are of non-negative terms, so that small losses keep their digits: E[max(C - T, 0)] is the integral over
  // rates x of P(T < x) P(C > x).
  double c_below = 0.0, t_below = 0.0, beats = 0.0;
  std::vector<PanelValues> c_values(ends.size() - 1), t_values(ends.size() - 1);
  for (size_t p = 0; p + 1 < ends.size(); ++p) {
    const double middle = 0.5 * (ends[p] + ends[p + 1]);
    const double half = 0.5 * (ends[p + 1] - ends[p]);
    Evaluate(c, middle, half, c_below, c_values[p]);
    Evaluate(t, middle, half, t_below, t_values[p]);
    c_below += c_values[p].mass;
    t_below += t_values[p].mass;
  }
  RateComparison result;
  for (size_t p = 0; p + 1 < ends.size(); ++p) {
    const double middle = 0.5 * (ends[p] + ends[p + 1]);
    const double half = 0.5 * (ends[p + 1] - ends[p]);
    for (size_t i = 0; i < kGaussPoints; ++i) {
      const double weight = half * GaussRule()[i].weight;
      const double c_cdf = c_values[p].cdf[i] / c_below;
      const double t_cdf = t_values[p].cdf[i] / t_below;
      const double rate_weight = weight * LogisticSlope(middle + half * GaussRule()[i].x);
      beats += weight * t_values[p].density[i] / t_below * c_cdf;
      result.expected_loss_treatment += rate_weight * t_cdf * (1.0 - c_cdf);
      result.expected_loss_control += rate_weight * c_cdf * (1.0 - t_cdf);
    }
  }
  result.chance_to_beat_control = std::clamp(beats, 0.0, 1.0);
  return result;
}

}  // namespace tierwise
