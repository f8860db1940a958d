// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/trend_test.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

// How many different values a monotone sequence takes.
size_t Levels(absl::Span<const double> fitted) {
  size_t levels = 1;
  for (size_t i = 1; i < fitted.size(); ++i) {
    if (fitted[i] != fitted[i - 1]) ++levels;
  }
  return levels;
}

double Statistic(absl::Span<const double> fitted, absl::Span<const double> weights) {
  double total = 0.0;
  double mean = 0.0;
  for (size_t i = 0; i < fitted.size(); ++i) {
    total += weights[i];
    mean += (fitted[i] - mean) * weights[i] / total;
  }
  double sum = 0.0;
  for (size_t i = 0; i < fitted.size(); ++i) sum += weights[i] * (fitted[i] - mean) * (fitted[i] - mean);
  return sum;
}

}  // namespace

TrendTest TestNoResponse(absl::Span<const DosePoint> points, MonotoneDirection direction, int draws,
                         RandomDraws& random) {
  const size_t k = points.size();
  std::vector<double> weights(k);
  std::vector<double> fitted(k);
  for (size_t i = 0; i < k; ++i) {
    weights[i] = 1.0 / points[i].variance;
    fitted[i] = points[i].mean;
  }
  PoolAdjacentViolators(absl::MakeSpan(fitted), weights, direction);
  TrendTest test{Statistic(fitted, weights), 1.0};
  if (Levels(fitted) == 1) return test;

  std::vector<int> count(k + 1, 0);
  for (int draw = 0; draw < draws; ++draw) {
    for (size_t i = 0; i < k; ++i) fitted[i] = random.Normal() / std::sqrt(weights[i]);
    PoolAdjacentViolators(absl::MakeSpan(fitted), weights, direction);
    ++count[Levels(fitted)];
  }
  test.p = 0.0;
  for (size_t levels = 2; levels <= k; ++levels) {
    test.p +=
        static_cast<double>(count[levels]) / draws * ChiSquaredSf(test.statistic, static_cast<double>(levels - 1));
  }
  return test;
}

}  // namespace tierwise
