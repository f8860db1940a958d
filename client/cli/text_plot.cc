// SPDX-License-Identifier: Apache-2.0
#include "client/cli/text_plot.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/progress.h"
#include "client/cli/text_table.h"

namespace tierwise {
namespace {

constexpr int kLeastBar = 10;
constexpr int kMostBar = 40;
constexpr absl::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};  // of a column, from the left
constexpr absl::string_view kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr absl::string_view kAsciiHeights[] = {"_", ".", "-", "=", "+", "*", "%", "#"};
constexpr absl::string_view kShades[] = {" ", "░", "▒", "▓", "█"};
constexpr absl::string_view kAsciiShades[] = {" ", ".", ":", "*", "#"};

// 0 for NaN.
double Clamped(double share) { return share > 0 ? std::min(share, 1.0) : 0; }

// Which of `count` equal steps a share from 0 to 1 is on.
size_t StepOf(double share, size_t count) {
  return std::min(static_cast<size_t>(Clamped(share) * static_cast<double>(count)), count - 1);
}

// The mean of the finite values; NaN where there is none.
double MeanOf(absl::Span<const double> values) {
  double sum = 0;
  int count = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    ++count;
  }
  return count > 0 ? sum / count : std::nan("");
}

}  // namespace

PlotStyle PlotStyleOf(const Terminal& terminal) {
  return {.has_unicode = terminal.out_has_unicode, .has_color = terminal.out_has_color, .width = terminal.width};
}

std::string Bar(double share, int columns, bool has_unicode) {
  const double clamped = Clamped(share);
  if (clamped == 0 || columns <= 0) return "";
  std::string bar;
  if (!has_unicode) {
    bar.assign(static_cast<size_t>(std::max(std::lround(clamped * columns), 1L)), '#');
    return bar;
  }
  const long eighths = std::max(std::lround(clamped * columns * 8), 1L);
  for (long i = 0; i < eighths / 8; ++i) absl::StrAppend(&bar, kEighths[8]);
  absl::StrAppend(&bar, kEighths[eighths % 8]);
  return bar;
}

std::string BarChart(absl::Span<const std::string> titles, absl::Span<const LabelledBar> bars, const PlotStyle& style,
                     int indent) {
  if (bars.empty()) return "";
  const size_t figures = bars.front().figures.size();
  std::vector<TextTable::Column> columns;
  std::vector<int> widths(figures + 1, 0);
  double largest = 0;
  for (size_t c = 0; c <= figures; ++c) {
    const bool is_right = c > 0;
    columns.push_back({c < titles.size() ? titles[c] : "",
                       is_right ? TextTable::Align::kRight : TextTable::Align::kLeft, static_cast<int>(c)});
    widths[c] = DisplayWidth(columns.back().title);
  }
  for (const LabelledBar& bar : bars) {
    if (std::isfinite(bar.value)) largest = std::max(largest, bar.value);
    widths[0] = std::max(widths[0], DisplayWidth(bar.label));
    for (size_t c = 0; c < figures; ++c) widths[c + 1] = std::max(widths[c + 1], DisplayWidth(bar.figures[c]));
  }
  constexpr int kGap = 2;
  int left = style.width - indent;
  for (const int width : widths) left -= width + kGap;
  const int length = std::clamp(left, kLeastBar, kMostBar);
  columns.push_back({""});
  TextTable table(columns);
  for (const LabelledBar& bar : bars) {
    std::vector<TextTable::Cell> row = {{bar.label, {}}};
    for (const std::string& figure : bar.figures) row.push_back({figure, {}});
    row.push_back({largest > 0 ? Bar(bar.value / largest, length, style.has_unicode) : "", Style::kCyan});
    table.AddRow(std::move(row));
  }
  return table.Render(style.width, style.has_color, indent);
}

std::string Sparkline(absl::Span<const double> values, double lower, double upper, int columns, bool has_unicode) {
  const size_t count = std::min(values.size(), static_cast<size_t>(std::max(columns, 0)));
  std::string line;
  for (size_t c = 0; c < count; ++c) {
    const size_t begin = c * values.size() / count, end = (c + 1) * values.size() / count;
    const double value = MeanOf(values.subspan(begin, end - begin));
    if (std::isnan(value)) {
      line += ' ';
      continue;
    }
    const size_t step = upper > lower ? StepOf((value - lower) / (upper - lower), std::size(kHeights)) : 0;
    absl::StrAppend(&line, has_unicode ? kHeights[step] : kAsciiHeights[step]);
  }
  return line;
}

std::string RenderHeatMatrix(const HeatMatrix& matrix, const PlotStyle& style, int indent) {
  std::vector<TextTable::Column> columns = {{matrix.corner}};
  for (const std::string& title : matrix.columns) columns.push_back({title, TextTable::Align::kRight});
  TextTable table(columns);
  const auto* shades = style.has_unicode ? kShades : kAsciiShades;
  for (size_t r = 0; r < matrix.rows.size(); ++r) {
    std::vector<TextTable::Cell> row = {{matrix.rows[r], {}}};
    for (const HeatMatrix::Cell& cell : matrix.cells[r]) {
      const double shade = Clamped(cell.shade);
      // Blank is nothing at all; the darkest, nearly all.
      const size_t step = shade == 0 ? 0 : 1 + StepOf(shade, std::size(kShades) - 1);
      std::string text = cell.text;
      if (!text.empty()) absl::StrAppend(&text, " ", shades[step]);
      row.push_back({std::move(text), {}});
    }
    table.AddRow(std::move(row));
  }
  return table.Render(style.width, style.has_color, indent);
}

std::string PlotNumber(double number) {
  if (!std::isfinite(number)) return std::isnan(number) ? "-" : number > 0 ? "inf" : "-inf";
  const double size = std::fabs(number);
  if (size >= 1e15) return absl::StrFormat("%.2e", number);
  if (size >= 99.95) return WithThousands(std::llround(number));
  if (size == 0) return "0";
  if (size < 1e-4) return absl::StrFormat("%.2e", number);
  const int decimals = static_cast<int>(2 - std::floor(std::log10(size)));
  std::string text = absl::StrFormat("%.*f", std::max(decimals, 0), number);
  // 12.0 and 0.500 say no more than 12 and 0.5.
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace tierwise
