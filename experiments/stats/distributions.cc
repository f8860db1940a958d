// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/distributions.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/policies/policy.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>

namespace tierwise {
namespace {

namespace policies = boost::math::policies;

// Boost throws by default; this policy returns NaN or infinity instead.
using Quiet =
    policies::policy<policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>,
                     policies::underflow_error<policies::ignore_error>, policies::denorm_error<policies::ignore_error>,
                     policies::rounding_error<policies::ignore_error>,
                     policies::indeterminate_result_error<policies::ignore_error>, policies::promote_double<false>>;
// As Quiet, in long double: in double the incomplete beta loses half its digits when a and b differ by 10^9.
using QuietLong = policies::normalise<Quiet, policies::promote_double<true>>::type;
using StudentT = boost::math::students_t_distribution<double, Quiet>;
using ChiSquared = boost::math::chi_squared_distribution<double, Quiet>;
using FisherF = boost::math::fisher_f_distribution<double, Quiet>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kInvSqrt2 = 0.70710678118654752440;
constexpr double kSqrt2 = 1.41421356237309504880;
constexpr double kLnSqrt2Pi = 0.91893853320467274178;
constexpr double kLnSqrtPi = 0.57236494292470008707;
// Tails smaller than this are computed on the log scale: below 1e-308 doubles lose digits, then vanish.
constexpr double kSmallestTrustedTail = 1e-290;

bool IsProbability(double p) { return p >= 0.0 && p <= 1.0; }

// The continued fraction b0 + a1/(b1 + a2/(b2 + ...)) by the modified Lentz algorithm (Thompson & Barnett 1986).
// `term(i)` gives {a_i, b_i} for i >= 1.
template <typename Term>
double ContinuedFraction(double b0, Term term) {
  constexpr double kTiny = 1e-300;
  constexpr int kMaxTerms = 100'000;
  double value = b0 == 0.0 ? kTiny : b0;
  double c = value;
  double d = 0.0;
  for (int i = 1; i <= kMaxTerms; ++i) {
    const auto [a, b] = term(i);
    d = b + a * d;
    if (d == 0.0) d = kTiny;
    c = b + a / c;
    if (c == 0.0) c = kTiny;
    d = 1.0 / d;
    const double factor = c * d;
    value *= factor;
    if (std::abs(factor - 1.0) < 1e-15) break;
  }
  return value;
}

struct FractionTerm {
  double a;
  double b;
};

// The fraction of the incomplete beta function: I_x(a, b) = x^a (1-x)^b / (a B(a,b)) / fraction (DLMF 8.17.22).
double BetaFraction(double x, double a, double b) {
  return ContinuedFraction(1.0, [=](int i) {
    const double m = i / 2;
    const double at = a + 2.0 * m;
    const double d = i % 2 == 0 ? m * (b - m) * x / ((at - 1.0) * at) : -(a + m) * (a + b + m) * x / (at * (at + 1.0));
    return FractionTerm{d, 1.0};
  });
}

// ln Gamma(x) minus Stirling's leading terms, x >= 10 (DLMF 5.11.1).
double StirlingCorrection(double x) {
  const double y = 1.0 / (x * x);
  return (1.0 / 12 + y * (-1.0 / 360 + y * (1.0 / 1260 + y * (-1.0 / 1680 + y * (1.0 / 1188 - y * 691.0 / 360360))))) /
         x;
}

}  // namespace

double NormalPdf(double x) { return std::exp(-0.5 * x * x - kLnSqrt2Pi); }

double NormalCdf(double x) { return 0.5 * std::erfc(-x * kInvSqrt2); }

double NormalSf(double x) { return 0.5 * std::erfc(x * kInvSqrt2); }

double NormalLogSf(double x) {
  if (x < 0.0) return std::log1p(-NormalSf(-x));
  if (!(x > 30.0)) return std::log(NormalSf(x));
  if (x == kInf) return -kInf;
  // Mills' ratio (DLMF 7.9.1): Sf(x) = pdf(x) / (x + 1/(x + 2/(x + ...))).
  const double fraction = ContinuedFraction(x, [x](int i) { return FractionTerm{static_cast<double>(i), x}; });
  return -0.5 * x * x - kLnSqrt2Pi - std::log(fraction);
}

double NormalQuantile(double probability) {
  if (probability == 0.5) return 0.0;
  if (!IsProbability(probability)) return kNaN;
  if (probability == 0.0) return -kInf;
  if (probability == 1.0) return kInf;
  return -kSqrt2 * boost::math::erfc_inv(2.0 * probability, Quiet());
}

double NormalLogTwoSidedP(double z) { return std::log(2.0) + NormalLogSf(std::abs(z)); }

double StudentTCdf(double t, double df) { return StudentTSf(-t, df); }

double StudentTSf(double t, double df) {
  if (std::isnan(t) || !(df > 0.0)) return kNaN;
  if (df == kInf) return NormalSf(t);
  if (std::isinf(t)) return t > 0.0 ? 0.0 : 1.0;
  return boost::math::cdf(boost::math::complement(StudentT(df), t));
}

double StudentTLogSf(double t, double df) {
  if (std::isnan(t) || !(df > 0.0)) return kNaN;
  if (df == kInf) return NormalLogSf(t);
  if (t < 0.0) return std::log1p(-StudentTSf(-t, df));
  if (t == kInf) return -kInf;
  const double tail = StudentTSf(t, df);
  if (tail > kSmallestTrustedTail) return std::log(tail);
  // Wallace (1959): beyond this df the fraction below would cancel, while this has converged.
  if (df > 1e8) return NormalLogSf(std::sqrt(df * std::log1p(t / df * t)) * ((8.0 * df + 1.0) / (8.0 * df + 3.0)));
  // Sf(t) = I_x(df/2, 1/2) / 2 with x = df / (df + t^2).
  const double a = 0.5 * df;
  const double t_over_scale = t / std::sqrt(df);
  const bool square_overflows = t_over_scale > 1e150;
  const double square = square_overflows ? 0.0 : t_over_scale * t_over_scale;
  const double ln_x = square_overflows ? -2.0 * std::log(t_over_scale) : -std::log1p(square);
  const double ln_1_minus_x = square_overflows ? 0.0 : -std::log1p(1.0 / square);
  const double ln_inverse_beta = -std::log(boost::math::tgamma_delta_ratio(a, 0.5, Quiet())) - kLnSqrtPi;
  const double ln_fraction = std::log(BetaFraction(std::exp(ln_x), a, 0.5));
  return a * ln_x + 0.5 * ln_1_minus_x - std::log(a) + ln_inverse_beta - ln_fraction - std::log(2.0);
}

double StudentTQuantile(double probability, double df) {
  if (!IsProbability(probability) || !(df > 0.0)) return kNaN;
  if (probability == 0.0) return -kInf;
  if (probability == 1.0) return kInf;
  if (df == kInf) return NormalQuantile(probability);
  return boost::math::quantile(StudentT(df), probability);
}

double ChiSquaredSf(double x, double df) {
  if (std::isnan(x) || !(df > 0.0) || df == kInf) return kNaN;
  if (x <= 0.0) return 1.0;
  if (x == kInf) return 0.0;
  return boost::math::cdf(boost::math::complement(ChiSquared(df), x));
}

double ChiSquaredLogSf(double x, double df) {
  const double tail = ChiSquaredSf(x, df);
  if (std::isnan(tail)) return kNaN;
  if (tail > 0.5) return x > 0.0 ? std::log1p(-boost::math::cdf(ChiSquared(df), x)) : 0.0;
  if (tail > kSmallestTrustedTail) return std::log(tail);
  if (x == kInf) return -kInf;
  // Gamma(a, y) = exp(-y) y^a / fraction (DLMF 8.9.2), a = df/2, y = x/2.
  const double a = 0.5 * df;
  const double y = 0.5 * x;
  const double fraction = ContinuedFraction(y + 1.0 - a, [=](int i) {
    return FractionTerm{-i * (i - a), y + 2.0 * i + 1.0 - a};
  });
  return -y + a * std::log(y) - std::log(fraction) - LogGamma(a);
}

double ChiSquaredQuantile(double probability, double df) {
  if (!IsProbability(probability) || !(df > 0.0) || df == kInf) return kNaN;
  if (probability == 0.0) return 0.0;
  if (probability == 1.0) return kInf;
  return boost::math::quantile(ChiSquared(df), probability);
}

double FSf(double f, double df1, double df2) {
  if (std::isnan(f) || !(df1 > 0.0) || !(df2 > 0.0) || df1 == kInf) return kNaN;
  if (df2 == kInf) return ChiSquaredSf(f * df1, df1);
  if (f <= 0.0) return 1.0;
  if (f == kInf) return 0.0;
  return boost::math::cdf(boost::math::complement(FisherF(df1, df2), f));
}

double BetaCdf(double x, double a, double b) {
  if (std::isnan(x) || !(a > 0.0) || !(b > 0.0) || a == kInf || b == kInf) return kNaN;
  return boost::math::ibeta(a, b, std::clamp(x, 0.0, 1.0), QuietLong());
}

double BetaSf(double x, double a, double b) {
  if (std::isnan(x) || !(a > 0.0) || !(b > 0.0) || a == kInf || b == kInf) return kNaN;
  return boost::math::ibetac(a, b, std::clamp(x, 0.0, 1.0), QuietLong());
}

double BetaQuantile(double probability, double a, double b) {
  if (!IsProbability(probability) || !(a > 0.0) || !(b > 0.0) || a == kInf || b == kInf) return kNaN;
  if (probability == 0.0 || probability == 1.0) return probability;
  return boost::math::ibeta_inv(a, b, probability, Quiet());
}

double LogBeta(double a, double b) {
  if (!(a > 0.0) || !(b > 0.0) || a == kInf || b == kInf) return kNaN;
  // Differences of ln Gamma would cancel for large arguments; Stirling's leading terms are subtracted by hand.
  const double small = std::min(a, b);
  const double large = std::max(a, b);
  const double sum = small + large;
  if (large < 10.0) return LogGamma(small) + LogGamma(large) - LogGamma(sum);
  const double correction = StirlingCorrection(large) - StirlingCorrection(sum);
  const double ln_large_share = std::log1p(-small / sum);
  if (small < 10.0) {
    return LogGamma(small) + correction + small - small * std::log(sum) + (large - 0.5) * ln_large_share;
  }
  return kLnSqrt2Pi - 0.5 * std::log(large) + StirlingCorrection(small) + correction +
         (small - 0.5) * std::log(small / sum) + large * ln_large_share;
}

double LogGammaCorrection(double x) {
  if (x >= 10.0) return StirlingCorrection(x);
  return LogGamma(x) - ((x - 0.5) * std::log(x) - x + kLnSqrt2Pi);
}

double LogGamma(double x) { return x > 0.0 ? boost::math::lgamma(x, Quiet()) : kNaN; }

double BinomialCdf(double successes, double trials, double probability) {
  if (std::isnan(successes) || !(trials >= 0.0) || trials == kInf || !IsProbability(probability)) return kNaN;
  const double k = std::floor(successes);
  if (k < 0.0) return 0.0;
  if (k >= trials) return 1.0;
  return BetaSf(probability, k + 1.0, trials - k);
}

double BinomialSf(double successes, double trials, double probability) {
  if (std::isnan(successes) || !(trials >= 0.0) || trials == kInf || !IsProbability(probability)) return kNaN;
  const double k = std::floor(successes);
  if (k < 0.0) return 1.0;
  if (k >= trials) return 0.0;
  return BetaCdf(probability, k + 1.0, trials - k);
}

}  // namespace tierwise
