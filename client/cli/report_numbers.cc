// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_numbers.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tierwise {

std::string NumberText(double number, const NumberStyle& style) {
  const double shown = style.is_percent ? 100 * number : number;
  std::string text = absl::StrFormat("%.*f", style.decimals, shown);
  // No "-0.00", which would claim a direction.
  if (text.find_first_not_of("-0.") == std::string::npos && text.front() == '-') text.erase(0, 1);
  const bool is_zero = text.find_first_not_of("0.") == std::string::npos;
  return absl::StrCat(style.is_signed && !is_zero && text.front() != '-' ? "+" : "", text, style.suffix);
}

std::string IntervalText(const v1::Interval& interval, const NumberStyle& style) {
  if (!interval.has_lower() && !interval.has_upper()) return "not enough data yet";
  NumberStyle bare = style;
  bare.suffix = "";
  return absl::StrCat("[", interval.has_lower() ? NumberText(interval.lower(), bare) : "..", ", ",
                      interval.has_upper() ? NumberText(interval.upper(), bare) : "..", "]");
}

int DecimalsFor(double width) {
  if (!(width > 0) || !std::isfinite(width)) return 2;
  return static_cast<int>(std::clamp(1 - std::floor(std::log10(width)), 0.0, 6.0));
}

std::string PValueText(const v1::Comparison& comparison) {
  if (!comparison.has_p_value()) return "";
  if (comparison.p_value() > 0 || !comparison.has_ln_p_value()) return PValueText(comparison.p_value());
  const double log10 = comparison.ln_p_value() / std::log(10.0);
  const double exponent = std::floor(log10);
  return absl::StrFormat("%.1fe%.0f", std::pow(10.0, log10 - exponent), exponent);
}

std::string PValueText(double p) {
  constexpr double kLeastPlain = 1e-4;
  if (p == 0) return "<1e-300";
  return p >= kLeastPlain ? absl::StrFormat("%.4f", p) : absl::StrFormat("%.1e", p);
}

std::string IntervalPlot(const v1::Effect& effect, double low, double high, int cells) {
  std::string plot(static_cast<size_t>(cells), ' ');
  const auto place = [&](double value) {
    const double share = (value - low) / (high - low);
    return static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * (cells - 1)));
  };
  const auto put = [&plot](int at, char mark) { plot[static_cast<size_t>(at)] = mark; };
  if (!effect.has_estimate() || effect.intervals().empty()) {
    put(place(0), '|');
    return plot;
  }
  const v1::Interval& interval = effect.intervals(0);
  if (!interval.has_lower() && !interval.has_upper()) {
    put(place(0), '|');
    put(place(effect.estimate()), 'o');
    return plot;
  }
  const bool ends_low = interval.has_lower() && interval.lower() >= low;
  const bool ends_high = interval.has_upper() && interval.upper() <= high;
  const int begin = ends_low ? place(interval.lower()) : 0;
  const int end = ends_high ? place(interval.upper()) : cells - 1;
  for (int i = begin; i <= end; ++i) put(i, '-');
  if (!ends_low) put(begin, '<');
  if (!ends_high) put(end, '>');
  put(place(0), '|');
  put(place(effect.estimate()), 'o');
  return plot;
}

}  // namespace tierwise
