// SPDX-License-Identifier: Apache-2.0
#include "tests/oracle/score_interval.h"

#include <algorithm>
#include <cmath>

namespace tierwise::oracle {
namespace {

long double Term(int64_t count, long double probability) {
  return count == 0 ? 0.0L : static_cast<long double>(count) * std::log(std::max(probability, 1e-4000L));
}

long double LogLikelihood(const Proportion& arm, long double rate) {
  return Term(arm.conversions, rate) + Term(arm.users - arm.conversions, 1.0L - rate);
}

// The control's rate of greatest likelihood given the difference, by thirds: the likelihood has one peak.
long double BestControlRate(const Proportion& control, const Proportion& treatment, long double difference) {
  long double low = std::max(0.0L, -difference), high = std::min(1.0L, 1.0L - difference);
  const auto likelihood = [&](long double rate) {
    return LogLikelihood(control, rate) + LogLikelihood(treatment, rate + difference);
  };
  for (int step = 0; step < 400; ++step) {
    const long double a = low + (high - low) / 3.0L, b = high - (high - low) / 3.0L;
    const bool is_left_lower = likelihood(a) < likelihood(b);
    (is_left_lower ? low : high) = is_left_lower ? a : b;
  }
  return 0.5L * (low + high);
}

// The score statistic of the difference; its sign where the restricted rates leave nothing to vary.
long double ScoreStatistic(const Proportion& control, const Proportion& treatment, long double difference) {
  const auto n_c = static_cast<long double>(control.users), n_t = static_cast<long double>(treatment.users);
  const long double observed =
      static_cast<long double>(treatment.conversions) / n_t - static_cast<long double>(control.conversions) / n_c;
  const long double c = BestControlRate(control, treatment, difference), t = c + difference;
  const long double variance =
      (std::max(0.0L, c * (1.0L - c)) / n_c + std::max(0.0L, t * (1.0L - t)) / n_t) * (n_c + n_t) / (n_c + n_t - 1.0L);
  const long double distance = observed - difference;
  if (distance == 0.0L) return 0.0L;
  return variance > 0.0L ? distance / std::sqrt(variance) : std::copysign(HUGE_VALL, distance);
}

// The normal quantile by bisection of the error function.
long double CriticalValueOf(double confidence) {
  long double low = 0.0L, high = 40.0L;
  for (int step = 0; step < 100; ++step) {
    const long double middle = 0.5L * (low + high);
    (std::erf(middle / std::sqrt(2.0L)) < static_cast<long double>(confidence) ? low : high) = middle;
  }
  return low;
}

}  // namespace

Interval ScoreIntervalByDefinition(const Proportion& control, const Proportion& treatment, double confidence) {
  const long double critical = CriticalValueOf(confidence);
  const long double observed =
      static_cast<long double>(treatment.conversions) / static_cast<long double>(treatment.users) -
      static_cast<long double>(control.conversions) / static_cast<long double>(control.users);
  const auto end = [&](long double outside) {
    long double inside = observed;
    if (std::abs(ScoreStatistic(control, treatment, outside)) <= critical) return static_cast<double>(outside);
    for (int step = 0; step < 100; ++step) {
      const long double middle = 0.5L * (inside + outside);
      (std::abs(ScoreStatistic(control, treatment, middle)) <= critical ? inside : outside) = middle;
    }
    return static_cast<double>(inside);
  };
  return {end(-1.0L), end(1.0L)};
}

}  // namespace tierwise::oracle
