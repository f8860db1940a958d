// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/round_threshold.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace tierwise {
namespace {

// 10^15 is exact as a double, and a double has no more digits after the point than people read.
constexpr int kMaxDecimals = 15;

// The multiple of 10^exponent / divisor in (low, high] that is nearest to the middle; NaN where there is none.
double MultipleWithin(double low, double high, int exponent, double divisor) {
  // Powers of ten up to 10^22 are exact, so that the quotient is the nearest double to the decimal number.
  const double scale = std::pow(10.0, std::abs(exponent));
  const auto multiple = [&](double times) { return exponent >= 0 ? times * scale / divisor : times / divisor / scale; };
  const auto times_of = [&](double value) { return exponent >= 0 ? value / scale * divisor : value * scale * divisor; };
  const double middle = low + (high - low) / 2;
  for (const double times : {std::round(times_of(middle)), std::floor(times_of(high)), std::ceil(times_of(low))}) {
    if (multiple(times) > low && multiple(times) <= high) return multiple(times);
  }
  return std::nan("");
}

double RoundNumber(double low, double high, int least_exponent) {
  if (low < 0.0 && high >= 0.0) return 0.0;
  const double greatest = std::max(std::abs(low), std::abs(high));
  for (int exponent = static_cast<int>(std::ceil(std::log10(greatest))); exponent >= least_exponent; --exponent) {
    for (const double divisor : {1.0, 2.0}) {
      if (divisor == 2.0 && exponent == least_exponent) continue;  // half of the least step
      const double number = MultipleWithin(low, high, exponent, divisor);
      if (!std::isnan(number)) return number;
    }
  }
  return high;
}

double RoundTime(double low, double high) {
  const auto micros = [](absl::Time time) { return static_cast<double>(absl::ToUnixMicros(time)); };
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilSecond last = absl::ToCivilSecond(absl::FromUnixMicros(static_cast<int64_t>(high)), utc);
  for (const absl::Time time :
       {absl::FromCivil(absl::CivilYear(last), utc), absl::FromCivil(absl::CivilMonth(last), utc),
        absl::FromCivil(absl::CivilDay(last), utc), absl::FromCivil(absl::CivilHour(last), utc),
        absl::FromCivil(absl::CivilMinute(last), utc), absl::FromCivil(last, utc)}) {
    if (micros(time) > low) return micros(time);
  }
  return high;
}

}  // namespace

double RoundThreshold(double low, double high, v1::AttributeType type) {
  switch (type) {
    case v1::ATTRIBUTE_TYPE_TIMESTAMP:
      return RoundTime(low, high);
    case v1::ATTRIBUTE_TYPE_INT:
      return RoundNumber(low, high, 0);
    default:
      return RoundNumber(low, high, -kMaxDecimals);
  }
}

}  // namespace tierwise
