// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/root_finding.h"

#include <cmath>
#include <limits>
#include <utility>

namespace tierwise {
namespace {

constexpr int kMaxIterations = 200;

// The step of Brent's method from `b`: inverse quadratic interpolation (secant where only two points differ), or the
// half interval `bisection` where that would leave the bracket or converge more slowly than `previous_step` allows.
double BrentStep(double a, double fa, double b, double fb, double c, double fc, double bisection, double previous_step,
                 double tolerance) {
  const double s = fb / fa;
  double p = 2.0 * bisection * s;
  double q = 1.0 - s;
  if (a != c) {
    const double r1 = fa / fc;
    const double r2 = fb / fc;
    p = s * (2.0 * bisection * r1 * (r1 - r2) - (b - a) * (r2 - 1.0));
    q = (r1 - 1.0) * (r2 - 1.0) * (s - 1.0);
  }
  if (p > 0.0) q = -q;
  p = std::abs(p);
  const bool is_inside = 2.0 * p < 3.0 * bisection * q - std::abs(tolerance * q);
  const bool is_fast = 2.0 * p < std::abs(previous_step * q);
  return is_inside && is_fast ? p / q : bisection;
}

}  // namespace

double FindRoot(absl::FunctionRef<double(double)> f, double lower, double upper, double tolerance) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  double a = lower, b = upper, c = upper;
  double fa = f(a), fb = f(b);
  if (fa == 0.0) return a;
  if (fb == 0.0) return b;
  if (std::isnan(fa) || std::isnan(fb) || (fa > 0.0) == (fb > 0.0)) return kNaN;
  double fc = fb;
  double step = b - a, previous_step = step;
  for (int i = 0; i < kMaxIterations; ++i) {
    if ((fb > 0.0) == (fc > 0.0)) {
      c = a;
      fc = fa;
      step = previous_step = b - a;
    }
    if (std::abs(fc) < std::abs(fb)) {
      a = std::exchange(b, c);
      c = a;
      fa = std::exchange(fb, fc);
      fc = fa;
    }
    const double enough = 2.0 * std::numeric_limits<double>::epsilon() * std::abs(b) + 0.5 * tolerance;
    const double bisection = 0.5 * (c - b);
    if (std::abs(bisection) <= enough || fb == 0.0) return b;
    double next = bisection;
    if (std::abs(previous_step) >= enough && std::abs(fa) > std::abs(fb)) {
      next = BrentStep(a, fa, b, fb, c, fc, bisection, previous_step, enough);
    }
    previous_step = next == bisection ? bisection : step;
    step = next;
    a = b;
    fa = fb;
    b += std::abs(step) > enough ? step : std::copysign(enough, bisection);
    fb = f(b);
    if (std::isnan(fb)) return kNaN;
  }
  return b;
}

}  // namespace tierwise
