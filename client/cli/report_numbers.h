// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tierwise/v1/report.pb.h"

namespace tierwise {

// How the numbers of one column are written.
struct NumberStyle {
  bool is_percent = false;  // as hundredths
  const char* suffix = "";  // after each number
  int decimals = 2;
  bool is_signed = false;  // "+" before positive numbers
};

// 0.0765896 -> "+7.66%"; a true minus sign is not used, so that numbers can be copied.
std::string NumberText(double number, const NumberStyle& style);

// "[+7.00, +8.32]"; an unbounded end is "..". "not enough data yet" where neither end is set.
std::string IntervalText(const v1::Interval& interval, const NumberStyle& style);

// As many decimals as show `width` (e.g. the half width of an interval) with two significant digits, 0 to 6.
int DecimalsFor(double width);

// "0.0312", "3.2e-12"; right below what a double holds where its logarithm is given. Empty where there is none.
std::string PValueText(const v1::Comparison& comparison);
// "0.0312", "3.2e-12"; "<1e-300" for 0.
std::string PValueText(double p);

// The interval drawn over [low, high] in `cells` characters: `-` between its ends, `o` at the estimate, `|` at 0; an
// end outside is `<` or `>`. Without any end, the estimate alone. REQUIRES: low < high, cells >= 3.
std::string IntervalPlot(const v1::Effect& effect, double low, double high, int cells);

}  // namespace tierwise
