// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/attribute_distribution.h"

#include <algorithm>
#include <cmath>

namespace tierwise {
namespace {

constexpr double kManyTimes = 1'000;

// The ends of `count` steps from `lower` to `upper`, the last one exact.
void AddSteps(double lower, double upper, bool is_ratio, std::vector<HistogramStep>& steps) {
  double begin = lower;
  for (int i = 1; i <= kHistogramSteps; ++i) {
    const double part = static_cast<double>(i) / kHistogramSteps;
    // Of two parts, so that no difference overflows.
    const double even = lower * (1 - part) + upper * part;
    const double end = i == kHistogramSteps ? upper : is_ratio ? lower * std::pow(upper / lower, part) : even;
    steps.push_back({.lower = begin, .upper = end});
    begin = end;
  }
}

}  // namespace

std::vector<HistogramStep> StepsFor(absl::Span<const std::vector<double>> groups) {
  double least = HUGE_VAL;
  double greatest = -HUGE_VAL;
  double least_positive = HUGE_VAL;
  for (const std::vector<double>& values : groups) {
    for (const double value : values) {
      least = std::min(least, value);
      greatest = std::max(greatest, value);
      if (value > 0) least_positive = std::min(least_positive, value);
    }
  }
  if (least > greatest) return {};
  if (least == greatest) return {{.lower = least, .upper = greatest}};
  std::vector<HistogramStep> steps;
  if (least < 0 || greatest / least_positive <= kManyTimes) {
    AddSteps(least, greatest, false, steps);
  } else {
    if (least == 0) steps.push_back({.lower = 0, .upper = least_positive});
    AddSteps(least_positive, greatest, true, steps);
  }
  return steps;
}

double NearestRank(absl::Span<const double> sorted, double q) {
  const double rank = std::ceil(q * static_cast<double>(sorted.size()));
  return sorted[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

AttributeDistribution DistributionOf(std::vector<double>& values, absl::Span<const HistogramStep> steps) {
  AttributeDistribution distribution;
  distribution.users = static_cast<int64_t>(values.size());
  distribution.bins.assign(steps.begin(), steps.end());
  if (values.empty()) return distribution;
  std::sort(values.begin(), values.end());
  // A running mean: sums of large values would overflow.
  double mean = 0;
  double count = 0;
  for (const double value : values) mean += (value - mean) / ++count;
  distribution.mean = mean;
  for (const double q : kDistributionQuantiles) distribution.quantiles.push_back(NearestRank(values, q));
  auto begin = values.begin();
  for (size_t i = 0; i < steps.size(); ++i) {
    const bool is_last = i + 1 == steps.size();
    const auto end = is_last ? values.end() : std::lower_bound(begin, values.end(), steps[i].upper);
    distribution.bins[i].users = end - begin;
    begin = end;
  }
  return distribution;
}

}  // namespace tierwise
