// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/cli/terminal.h"

namespace tierwise {

// What a plot is drawn with.
struct PlotStyle {
  bool has_unicode = false;  // blocks, else ASCII
  bool has_color = false;
  int width = 120;  // columns, labels and indent included
};

PlotStyle PlotStyleOf(const Terminal& terminal);

// A bar of up to `columns`: eighths of a block, or '#'. `share` is clamped to 0..1; one above 0 is always seen, NaN is
// none. Not padded.
std::string Bar(double share, int columns, bool has_unicode);

// One row of a bar chart.
struct LabelledBar {
  std::string label;
  double value = 0;                  // its length; negative and NaN draw nothing
  std::vector<std::string> figures;  // between label and bar, right-aligned
};

// Bars from 0 to the largest value. `titles` are those of the label and of each figure; none: no line of titles.
// Columns of figures go, the last first, where the terminal is narrow. REQUIRES: as many figures in every row.
std::string BarChart(absl::Span<const std::string> titles, absl::Span<const LabelledBar> bars, const PlotStyle& style,
                     int indent = 0);

// A value a column, by its height between `lower` and `upper`; more values than columns are averaged. NaN is a blank.
std::string Sparkline(absl::Span<const double> values, double lower, double upper, int columns, bool has_unicode);

// How a matrix of shares, such as a transition matrix, is labelled.
struct HeatMatrix {
  std::string corner;  // above the rows' labels, e.g. "from \\ to"
  std::vector<std::string> rows, columns;
  // For each row one cell a column: its text, and its shade from 0 to 1.
  struct Cell {
    std::string text;
    double shade = 0;
  };
  std::vector<std::vector<Cell>> cells;
};

// Each cell's text with a block as dark as its shade; without Unicode one of " .:*#". A matrix wider than the terminal
// wraps nothing: columns stay whole, the terminal cuts.
std::string RenderHeatMatrix(const HeatMatrix& matrix, const PlotStyle& style, int indent = 0);

// 1234567.8 -> "1,234,568", 12.345 -> "12.3", 0.01234 -> "0.0123", 2.5e9 -> "2,500,000,000", 1e15 -> "1.00e15":
// three significant digits, and never fewer than its whole part has.
std::string PlotNumber(double number);

}  // namespace tierwise
