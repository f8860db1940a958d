// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tierwise {

// The mean response at one dose, as estimated from its users.
struct DosePoint {
  double dose = 0.0;      // >= 0; 0 is no offer
  double mean = 0.0;      // per user
  double variance = 0.0;  // of the mean: squared standard error, > 0
};

// A conversion rate with its binomial variance. With no conversion, or nothing but conversions, the variance is that of
// (conversions + 1/2) / (n + 1), so that such a dose still has a finite weight. REQUIRES: 0 <= conversions <= n, n > 0.
DosePoint RatePoint(double dose, int64_t conversions, int64_t n);

// The curves f(d), in the parametrisation of R's DoseFinding; the parameters come in the order named here.
enum class DoseModel {
  kConstant,     // e0
  kLinear,       // e0 + slope d
  kLogLinear,    // e0 + slope ln(1 + d / offset); the offset is fixed at a hundredth of the largest dose
  kQuadratic,    // e0 + b1 d + b2 d^2
  kEmax,         // e0 + e_max d / (ed50 + d)
  kSigmoidEmax,  // e0 + e_max d^h / (ed50^h + d^h)
  kLogistic,     // e0 + e_max / (1 + exp((ed50 - d) / delta))
  kExponential,  // e0 + e1 (exp(d / delta) - 1)
};

// "constant", "linear", "log-linear", "quadratic", "Emax", "sigmoid Emax", "logistic", "exponential".
absl::string_view DoseModelName(DoseModel model);

// Parameters that the data choose; 2 for kLogLinear, whose offset is given.
int FreeParameters(DoseModel model);

// Parameters that enter non-linearly, and are therefore searched for in a box: 0, 1 or 2.
int NonlinearParameters(DoseModel model);

// The box of the non-linear parameters, first and second; unused entries are ignored.
struct NonlinearBounds {
  std::array<double, 2> low{};
  std::array<double, 2> high{};
};

// DoseFinding's defBnds: ed50 in [0.001, 1.5] x max dose, h in [0.5, 10], the logistic's delta in [0.01, 0.5] x max
// dose, the exponential's in [0.1, 2] x max dose. All of these are positive: the search runs on their logarithms.
NonlinearBounds DefaultBounds(DoseModel model, double max_dose);

// The shape s(d) of a model with `nonlinear` parameters: the curve is e0 + slope s(d). Not for kConstant and
// kQuadratic.
double DoseShape(DoseModel model, absl::Span<const double> nonlinear, double dose);

// Problems of `points` as data for a dose-response, each field prefixed by `field` (e.g. "tiers[1].points"): fewer than
// two points, doses that are negative or not ascending, means that are not finite, variances that are not positive; two
// points at one dose are refused with their difference.
absl::Status CheckDosePoints(absl::string_view field, absl::Span<const DosePoint> points);

}  // namespace tierwise
