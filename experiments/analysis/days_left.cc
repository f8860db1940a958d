// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/days_left.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
constexpr double kMostDays = 3650.0;
constexpr double kPower = 0.8;

// How many times the users and the time of now it takes; +inf beyond `most`.
double GrowthNeeded(double z, const SequentialTest& test, double level, double users, double most) {
  const auto suffices = [&](double growth) {
    return z * std::sqrt(growth) >= test.ExpectedCriticalValue(level, users, growth) + NormalQuantile(kPower);
  };
  if (!suffices(most)) return std::numeric_limits<double>::infinity();
  double least = 0.0, ln_most = std::log(most);
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (least + ln_most);
    (suffices(std::exp(middle)) ? ln_most : least) = middle;
  }
  return std::exp(ln_most);
}

}  // namespace

std::optional<double> DaysLeft(const DecidingEvidence& evidence, double detectable, const SequentialTest& test,
                               const Pace& pace) {
  const double until_horizon = absl::FDivDuration(test.horizon() - pace.as_of, kDay);
  if (!test.IsOpen()) return until_horizon;
  const double elapsed = absl::FDivDuration(pace.as_of - pace.first_exposure, kDay);
  if (!(elapsed > 0.0) || !evidence.means.has_value()) return std::nullopt;
  const double most_growth = 1.0 + kMostDays / elapsed;
  double growth;
  if (!evidence.has_started) {
    growth = kEventsToStart / evidence.events;
  } else {
    const double se = std::sqrt(evidence.means->DifferenceVariance());
    const double effect = detectable > 0.0 ? detectable : std::abs(evidence.means->treatment - evidence.means->control);
    if (!(se > 0.0)) return std::nullopt;
    growth = GrowthNeeded(effect / se, test, pace.level, evidence.users, most_growth);
  }
  if (!(growth <= most_growth)) return std::nullopt;
  return elapsed * std::max(0.0, growth - 1.0);
}

}  // namespace tierwise
