// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/skewness.h"

#include <algorithm>
#include <cmath>

namespace tierwise {
namespace {

double Bounded(double skewness) { return std::clamp(skewness, -kMostSkewness, kMostSkewness); }

}  // namespace

double StudentizedQuantile(double w, double skewness) {
  if (std::isinf(w)) return w;
  const double g = Bounded(skewness);
  return w - g * (2.0 * w * w + 1.0) / 6.0 + g * g * w * (20.0 * w * w - 5.0) / 72.0;
}

double NormalizeStudentized(double statistic, double skewness) {
  const double g = Bounded(skewness);
  if (g == 0.0 || !std::isfinite(statistic)) return statistic;
  // The cubic's slope is at least 0.58, so Newton's steps stay on the increasing branch; from far out they shrink the
  // distance by a third each.
  double w = std::clamp(statistic, -10.0 - std::cbrt(std::abs(statistic) * 4.0 / (g * g)),
                        10.0 + std::cbrt(std::abs(statistic) * 4.0 / (g * g)));
  constexpr int kMostSteps = 100;
  for (int step = 0; step < kMostSteps; ++step) {
    const double slope = 1.0 - g * w * 2.0 / 3.0 + g * g * (60.0 * w * w - 5.0) / 72.0;
    const double change = (StudentizedQuantile(w, g) - statistic) / slope;
    w -= change;
    if (std::abs(change) <= 1e-14 * (1.0 + std::abs(w))) break;
  }
  return w;
}

double ScoreQuantile(double w, double skewness) {
  if (std::isinf(w)) return w;
  const double sixth = Bounded(skewness) / 6.0;
  const double shifted = w - sixth;
  const double bend = sixth * shifted;
  return shifted * (1.0 + bend + bend * bend / 3.0);
}

double NormalizeScore(double statistic, double skewness) {
  const double sixth = Bounded(skewness) / 6.0;
  if (std::isinf(statistic) || sixth == 0.0) return statistic;
  // (cbrt(1 + 3 s x) - 1) / s, without the difference that cancels.
  const double root = std::cbrt(1.0 + 3.0 * sixth * statistic);
  return 3.0 * statistic / (root * root + root + 1.0) + sixth;
}

ThirdMoments ThirdMomentsOfMeans(const UserShape& control, const UserShape& treatment) {
  const double share = treatment.users / (control.users + treatment.users);
  const double variance = (1.0 - share) * control.variance + share * treatment.variance;
  if (!(variance > 0.0)) return {};
  const double third = (1.0 - share) * control.third + share * treatment.third;
  const double measured = control.variance / control.users + treatment.variance / treatment.users;
  const double expected = variance / control.users + variance / treatment.users;
  const double scale = measured / expected * std::sqrt(measured / expected);
  return {scale * third / control.users / control.users, scale * third / treatment.users / treatment.users};
}

}  // namespace tierwise
