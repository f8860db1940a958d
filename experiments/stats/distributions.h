// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace tierwise {

// Distribution functions. The only file that includes Boost.Math is distributions.cc. None of these throws: an argument
// out of its domain (NaN, a negative scale) gives NaN. `Sf` is the upper tail, computed as such and never as 1 - cdf;
// `LogSf` is its natural logarithm, right also where the tail itself underflows to 0.

double NormalPdf(double x);
double NormalCdf(double x);
double NormalSf(double x);
double NormalLogSf(double x);
double NormalQuantile(double probability);  // -inf at 0, +inf at 1
// ln of the two-sided p-value of a standard normal `z`: ln(2 Sf(|z|)).
double NormalLogTwoSidedP(double z);

// df > 0, not necessarily whole; +inf df is the normal.
double StudentTCdf(double t, double df);
double StudentTSf(double t, double df);
double StudentTLogSf(double t, double df);
double StudentTQuantile(double probability, double df);

double ChiSquaredSf(double x, double df);
double ChiSquaredLogSf(double x, double df);
double ChiSquaredQuantile(double probability, double df);

double FSf(double f, double df1, double df2);

// a, b > 0.
double BetaCdf(double x, double a, double b);
double BetaSf(double x, double a, double b);
double BetaQuantile(double probability, double a, double b);  // 8 digits at least, also where a and b differ by 10^9
double LogBeta(double a, double b);                           // ln B(a, b)
// ln Gamma(x) less Stirling's (x - 1/2) ln x - x + ln sqrt(2 pi), x > 0: differences of ln Gamma at large x without
// cancelling.
double LogGammaCorrection(double x);
double LogGamma(double x);  // x > 0

double BinomialCdf(double successes, double trials, double probability);
double BinomialSf(double successes, double trials, double probability);  // P(X > successes)

}  // namespace tierwise
