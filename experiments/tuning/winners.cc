// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/winners.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/root_finding.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
// The share of the error that the hybrid interval spends on its projection part, as the authors recommend.
constexpr double kHybridShare = 0.1;
// Roots are found to this many standard errors.
constexpr double kRootDigits = 1e-12;

// ln(P(low < Z <= high)) for a standard normal, low <= high, from the tail in which both lie.
double LogProbabilityBetween(double low, double high) {
  if (low > 0.0) {
    const double log_low = NormalLogSf(low);
    return log_low + std::log(-std::expm1(NormalLogSf(high) - log_low));
  }
  if (high < 0.0) return LogProbabilityBetween(-high, -low);
  return std::log(NormalCdf(high) - NormalCdf(low));
}

// The winner's estimate as a normal of standard deviation `sd` truncated to [low, high] by the choice.
struct Truncation {
  double x;
  double sd;
  double low;
  double high;
};

// P(X <= x | low <= X <= high) at mean `mu`; decreasing in `mu`.
double TruncatedCdf(const Truncation& t, double mu, double low, double high) {
  const double a = (low - mu) / t.sd;
  const double b = (high - mu) / t.sd;
  const double z = (t.x - mu) / t.sd;
  if (z <= a) return 0.0;
  if (z >= b) return 1.0;
  // From the lighter side, so that a ratio of two tails never loses its digits.
  if (a > 0.0) {
    const double above = LogProbabilityBetween(z, b);
    const double all = LogProbabilityBetween(a, b);
    return -std::expm1(above - all);
  }
  return std::exp(LogProbabilityBetween(a, z) - LogProbabilityBetween(a, b));
}

// The mean at which the truncated cdf of the observed value is `probability`.
double ConditionalMean(const Truncation& t, double probability) {
  if (t.x <= t.low) return -kInf;
  if (t.x >= t.high) return kInf;
  const auto excess = [&](double mu) { return TruncatedCdf(t, mu, t.low, t.high) - probability; };
  double low = t.x - t.sd;
  for (double step = t.sd; excess(low) <= 0.0 && std::isfinite(low); step *= 2.0) low -= step;
  if (!std::isfinite(low)) return -kInf;
  double high = t.x + t.sd;
  for (double step = t.sd; excess(high) >= 0.0 && std::isfinite(high); step *= 2.0) high += step;
  if (!std::isfinite(high)) return kInf;
  return FindRoot(excess, low, high, kRootDigits * t.sd);
}

// The same with the mean also held within `reach` of the observed value.
double HybridMean(const Truncation& t, double probability, double reach) {
  // At a tie the mean is as far off as it may be.
  if (t.x <= t.low) return t.x - reach;
  if (t.x >= t.high) return t.x + reach;
  const auto excess = [&](double mu) {
    return TruncatedCdf(t, mu, std::max(t.low, mu - reach), std::min(t.high, mu + reach)) - probability;
  };
  return FindRoot(excess, t.x - reach, t.x + reach, kRootDigits * t.sd);
}

// The quantile that `arms` two-sided normals keep at once with probability 1 - error, were they independent.
double SidakQuantile(double error, size_t arms) {
  // 1 - (1 - error)^(1/k), without losing the digits of a small error.
  const double each = -std::expm1(std::log1p(-error) / static_cast<double>(arms));
  return -NormalQuantile(0.5 * each);
}

// The range that the winner's estimate may take, the rest of the data held fixed, for it still to win (the polyhedral
// lemma).
Truncation TruncationOf(absl::Span<const double> estimates, absl::Span<const double> covariance, size_t winner) {
  const size_t k = estimates.size();
  const double variance = covariance[winner * k + winner];
  Truncation t{estimates[winner], std::sqrt(variance), -kInf, kInf};
  for (size_t j = 0; j < k; ++j) {
    if (j == winner) continue;
    const double slope = covariance[j * k + winner] / variance;
    const double residual = estimates[j] - slope * estimates[winner];
    if (slope < 1.0) t.low = std::max(t.low, residual / (1.0 - slope));
    if (slope > 1.0) t.high = std::min(t.high, residual / (1.0 - slope));
  }
  return t;
}

absl::Status CheckArms(absl::Span<const double> estimates, double confidence) {
  Problems problems;
  if (estimates.empty()) problems.Add("estimates", "is empty; at least one arm is needed");
  for (size_t i = 0; i < estimates.size(); ++i) CheckFinite(absl::StrCat("estimates[", i, "]"), estimates[i], problems);
  CheckOpenUnit("confidence", confidence, problems);
  return problems.ToStatus();
}

}  // namespace

absl::StatusOr<WinnerEstimate> CorrectWinner(absl::Span<const double> estimates, absl::Span<const double> std_errors,
                                             double confidence) {
  if (std_errors.size() != estimates.size()) {
    return InvalidField("std_errors", absl::StrCat("has ", std_errors.size(), " entries for ", estimates.size(),
                                                   " arms; must have one each"));
  }
  const size_t k = estimates.size();
  Problems problems;
  std::vector<double> covariance(k * k, 0.0);
  for (size_t i = 0; i < k; ++i) {
    CheckPositive(absl::StrCat("std_errors[", i, "]"), std_errors[i], problems);
    covariance[i * k + i] = std_errors[i] * std_errors[i];
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return CorrectCorrelatedWinner(estimates, covariance, confidence);
}

absl::StatusOr<WinnerEstimate> CorrectCorrelatedWinner(absl::Span<const double> estimates,
                                                       absl::Span<const double> covariance, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckArms(estimates, confidence));
  const size_t k = estimates.size();
  if (covariance.size() != k * k) {
    return InvalidField("covariance", absl::StrCat("has ", covariance.size(), " entries; must have ", k * k));
  }
  Problems problems;
  for (size_t i = 0; i < k; ++i) {
    CheckPositive(absl::StrCat("covariance[", i, "][", i, "]"), covariance[i * k + i], problems);
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  WinnerEstimate result;
  result.winner = static_cast<size_t>(std::max_element(estimates.begin(), estimates.end()) - estimates.begin());
  const Truncation t = TruncationOf(estimates, covariance, result.winner);
  const double error = 1.0 - confidence;
  const auto around = [&](double quantile) { return Interval{t.x - quantile * t.sd, t.x + quantile * t.sd}; };

  result.naive = t.x;
  result.naive_interval = around(-NormalQuantile(0.5 * error));
  result.projection_quantile = SidakQuantile(error, k);
  result.projection_interval = around(result.projection_quantile);
  result.median_unbiased = ConditionalMean(t, 0.5);
  result.conditional_interval = {ConditionalMean(t, 1.0 - 0.5 * error), ConditionalMean(t, 0.5 * error)};

  const double projection_error = kHybridShare * error;
  const double reach = SidakQuantile(projection_error, k) * t.sd;
  const double tail = 0.5 * (error - projection_error) / (1.0 - projection_error);
  result.hybrid = HybridMean(t, 0.5, reach);
  result.hybrid_interval = {HybridMean(t, 1.0 - tail, reach), HybridMean(t, tail, reach)};
  return result;
}

}  // namespace tierwise
