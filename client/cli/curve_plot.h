// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/cli/text_plot.h"

namespace tierwise {

// A curve, with a band around it where `lower` and `upper` are as long as `x`. Points that are not finite are left out.
struct PlotCurve {
  std::vector<double> x;  // ascending
  std::vector<double> y;
  std::vector<double> lower, upper;  // of the band; empty: none
};

// A point that stands out, e.g. the best dose.
struct PlotMark {
  double x = 0;
  double y = 0;
};

struct CurvePlotOptions {
  int height = 9;       // lines of the plot itself, at least 3
  int columns = 60;     // at most, of the plot itself; fewer on a narrow terminal
  std::string x_title;  // below the axis, e.g. "discount, percent"
  std::string y_title;  // above the plot
};

// The curve over its x, straight between points, with its band, a line at y = 0 where that is inside, and marks on top.
// Axes are labelled at their ends, y also in the middle; lines are at most style.width columns.
std::string RenderCurve(const PlotCurve& curve, absl::Span<const PlotMark> marks, const CurvePlotOptions& options,
                        const PlotStyle& style, int indent = 0);

}  // namespace tierwise
