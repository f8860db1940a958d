// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/heterogeneity.h"

#include <algorithm>
#include <cmath>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/root_finding.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

double Square(double x) { return x * x; }

// Inverse-variance weights 1 / (se^2 + tau2), their sums, the weighted mean and the weighted sum of squares about it.
struct Weighted {
  double sum = 0.0;
  double sum_squared = 0.0;
  double mean = 0.0;
  double q = 0.0;
};

double WeightOf(const TierEffect& tier, double tau2) { return 1.0 / (Square(tier.se) + tau2); }

Weighted WeightedBy(absl::Span<const TierEffect> effects, double tau2) {
  Weighted result;
  double total = 0.0;
  for (const TierEffect& tier : effects) {
    const double weight = WeightOf(tier, tau2);
    result.sum += weight;
    result.sum_squared += weight * weight;
    total += weight * tier.effect;
  }
  result.mean = total / result.sum;
  for (const TierEffect& tier : effects) result.q += WeightOf(tier, tau2) * Square(tier.effect - result.mean);
  return result;
}

double DegreesOfFreedom(absl::Span<const TierEffect> effects) { return static_cast<double>(effects.size()) - 1.0; }

// The tau^2 >= 0 where `excess`, positive for small and negative for large tau^2, is 0; 0 where it is nowhere positive.
double SolveTau2(absl::Span<const TierEffect> effects, absl::FunctionRef<double(double)> excess) {
  if (!(excess(0.0) > 0.0)) return 0.0;
  double upper = 0.0;
  for (const TierEffect& tier : effects) upper = std::max(upper, Square(tier.se));
  const double scale = upper;
  while (excess(upper) > 0.0 && std::isfinite(upper)) upper *= 4.0;
  if (!std::isfinite(upper)) return kInf;
  return FindRoot(excess, 0.0, upper, 1e-14 * std::min(scale, upper));
}

double PauleMandelTau2(absl::Span<const TierEffect> effects) {
  return SolveTau2(effects, [&](double tau2) { return WeightedBy(effects, tau2).q - DegreesOfFreedom(effects); });
}

double DerSimonianLairdTau2(absl::Span<const TierEffect> effects) {
  const Weighted w = WeightedBy(effects, 0.0);
  const double denominator = w.sum - w.sum_squared / w.sum;
  return denominator > 0.0 ? std::max(0.0, (w.q - DegreesOfFreedom(effects)) / denominator) : 0.0;
}

// The derivative of the restricted log-likelihood, times 2: y'PPy - tr(P), where P = W - W11'W / sum of W.
double RemlScore(absl::Span<const TierEffect> effects, double tau2) {
  const Weighted w = WeightedBy(effects, tau2);
  double squares = 0.0;
  for (const TierEffect& tier : effects) squares += Square(WeightOf(tier, tau2) * (tier.effect - w.mean));
  return squares - (w.sum - w.sum_squared / w.sum);
}

double RemlTau2(absl::Span<const TierEffect> effects) {
  return SolveTau2(effects, [&](double tau2) { return RemlScore(effects, tau2); });
}

double EstimateTau2(absl::Span<const TierEffect> effects, TauMethod method) {
  if (effects.size() < 2) return 0.0;
  switch (method) {
    case TauMethod::kCommonEffect:
      return 0.0;
    case TauMethod::kDerSimonianLaird:
      return DerSimonianLairdTau2(effects);
    case TauMethod::kPauleMandel:
      return PauleMandelTau2(effects);
    case TauMethod::kRestrictedLikelihood:
      return RemlTau2(effects);
  }
  return 0.0;
}

// sum over tiers of (1 - w / sum w)^2 / df: what estimated standard errors add; 0 where all df are infinite.
double WelchLambda(absl::Span<const TierEffect> effects, double weight_sum) {
  double lambda = 0.0;
  for (const TierEffect& tier : effects) lambda += Square(1.0 - WeightOf(tier, 0.0) / weight_sum) / tier.df;
  return lambda;
}

void AddWelchTest(absl::Span<const TierEffect> effects, double weight_sum, Heterogeneity& result) {
  const double k = static_cast<double>(effects.size());
  const double lambda = WelchLambda(effects, weight_sum);
  const double between = result.q / (k - 1.0);
  result.f = between / (1.0 + 2.0 * (k - 2.0) * lambda / (k * k - 1.0));
  result.f_df2 = lambda > 0.0 ? (k * k - 1.0) / (3.0 * lambda) : kInf;
  constexpr double kChiSquaredDf = 1e12;  // beyond, F is the chi-squared to all digits
  result.f_p = result.f_df2 > kChiSquaredDf ? result.p : FSf(result.f, k - 1.0, result.f_df2);
}

// Q as a function of tau^2 falls; the interval holds those at which it is an ordinary chi-squared value.
Interval ProfileTau(absl::Span<const TierEffect> effects, double confidence) {
  const double df = DegreesOfFreedom(effects);
  const auto tau_at = [&](double probability) {
    const double quantile = ChiSquaredQuantile(probability, df);
    return std::sqrt(SolveTau2(effects, [&](double tau2) { return WeightedBy(effects, tau2).q - quantile; }));
  };
  return {tau_at(0.5 * (1.0 + confidence)), tau_at(0.5 * (1.0 - confidence))};
}

}  // namespace

absl::Status CheckTierEffects(absl::Span<const TierEffect> effects) {
  Problems problems;
  if (effects.empty()) problems.Add("effects", "is empty; must have at least one tier");
  for (size_t i = 0; i < effects.size(); ++i) {
    const std::string field = absl::StrCat("effects[", i, "]");
    const TierEffect& tier = effects[i];
    CheckFinite(absl::StrCat(field, ".effect"), tier.effect, problems);
    CheckPositive(absl::StrCat(field, ".se"), tier.se, problems);
    if (!(tier.df >= 1.0)) {
      problems.Add(absl::StrCat(field, ".df"), absl::StrCat("is ", tier.df, "; must be at least 1"));
    }
  }
  return problems.ToStatus();
}

absl::StatusOr<Heterogeneity> TestHeterogeneity(absl::Span<const TierEffect> effects, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckTierEffects(effects));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  Heterogeneity result;
  if (effects.size() == 1) {
    result.tau = {0.0, kInf};
    return result;
  }
  const Weighted w = WeightedBy(effects, 0.0);
  const double df = DegreesOfFreedom(effects);
  result.q = w.q;
  result.df = static_cast<int>(effects.size()) - 1;
  result.p = ChiSquaredSf(w.q, df);
  result.log_p = ChiSquaredLogSf(w.q, df);
  result.i2 = w.q > df ? (w.q - df) / w.q : 0.0;
  result.h2 = w.q / df;
  AddWelchTest(effects, w.sum, result);
  result.tau = ProfileTau(effects, confidence);
  return result;
}

absl::StatusOr<RandomEffects> PoolEffects(absl::Span<const TierEffect> effects, TauMethod method, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckTierEffects(effects));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  RandomEffects result;
  result.tau2 = EstimateTau2(effects, method);
  const Weighted w = WeightedBy(effects, result.tau2);
  result.mean = w.mean;
  result.se = 1.0 / std::sqrt(w.sum);
  result.test = TestOf(result.mean / result.se, kInf);
  const double half_width = CriticalValue(confidence, kInf) * result.se;
  result.interval = {result.mean - half_width, result.mean + half_width};
  const Weighted fixed = WeightedBy(effects, 0.0);
  const double df = DegreesOfFreedom(effects);
  if (method == TauMethod::kCommonEffect && df > 0.0) {
    result.i2 = fixed.q > df ? (fixed.q - df) / fixed.q : 0.0;
    result.h2 = fixed.q / df;
  } else if (df > 0.0) {
    const double typical = df / (fixed.sum - fixed.sum_squared / fixed.sum);
    result.i2 = result.tau2 / (result.tau2 + typical);
    result.h2 = 1.0 + result.tau2 / typical;
  }
  for (const TierEffect& tier : effects) {
    const double se2 = Square(tier.se);
    result.shrunk.push_back((result.tau2 * tier.effect + se2 * result.mean) / (result.tau2 + se2));
  }
  return result;
}

absl::StatusOr<KnappHartung> KnappHartungMean(absl::Span<const TierEffect> effects, double tau2, bool is_floored,
                                              double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckTierEffects(effects));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  Problems problems;
  CheckNonNegative("tau2", tau2, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  KnappHartung result;
  if (effects.size() < 2) return result;
  const Weighted w = WeightedBy(effects, tau2);
  const double df = DegreesOfFreedom(effects);
  double variance = w.q / (df * w.sum);
  if (is_floored) variance = std::max(variance, 1.0 / w.sum);
  if (variance == 0.0) return result;
  result.se = std::sqrt(variance);
  result.test = TestOf(w.mean / result.se, df);
  const double half_width = CriticalValue(confidence, df) * result.se;
  result.interval = {w.mean - half_width, w.mean + half_width};
  return result;
}

}  // namespace tierwise
