// SPDX-License-Identifier: Apache-2.0
#include "client/cli/curve_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "client/cli/text_table.h"

namespace tierwise {
namespace {

constexpr int kLeastColumns = 10;
constexpr int kLeastHeight = 3;

// What may stand in a cell; what is listed later covers what is listed before.
enum class Ink { kBlank, kBand, kZero, kLine, kMark };

absl::string_view InkText(Ink ink, bool has_unicode) {
  switch (ink) {
    case Ink::kBlank:
      return " ";
    case Ink::kBand:
      return has_unicode ? "░" : ":";
    case Ink::kZero:
      return has_unicode ? "─" : "-";
    case Ink::kLine:
      return has_unicode ? "•" : "o";
    case Ink::kMark:
      return has_unicode ? "◆" : "X";
  }
  return " ";
}

struct Range {
  double lower = std::numeric_limits<double>::infinity();
  double upper = -std::numeric_limits<double>::infinity();

  void Include(double value) {
    if (!std::isfinite(value)) return;
    lower = std::min(lower, value);
    upper = std::max(upper, value);
  }
  bool empty() const { return lower > upper; }
  // A range of one value gets a width.
  void Widen() {
    if (lower < upper) return;
    const double margin = lower == 0 ? 1 : std::fabs(lower) / 2;
    lower -= margin;
    upper += margin;
  }
};

// `y` at `x`, straight between the points; NaN outside them and beside a point that is not finite.
double ValueAt(absl::Span<const double> xs, absl::Span<const double> ys, double x) {
  const auto next = std::lower_bound(xs.begin(), xs.end(), x);
  if (next == xs.end()) return std::nan("");
  const auto i = static_cast<size_t>(next - xs.begin());
  if (*next == x) return ys[i];
  if (i == 0) return std::nan("");
  const double share = (x - xs[i - 1]) / (xs[i] - xs[i - 1]);
  return ys[i - 1] + share * (ys[i] - ys[i - 1]);
}

class Canvas {
 public:
  Canvas(int width, int height, const Range& x, const Range& y)
      : width_(width),
        height_(height),
        x_(x),
        y_(y),
        cells_(static_cast<size_t>(width) * static_cast<size_t>(height), Ink::kBlank) {}

  double XOf(int column) const { return x_.lower + (x_.upper - x_.lower) * column / (width_ - 1); }
  int ColumnOf(double x) const { return Place(x, x_, width_); }
  int RowOf(double y) const { return height_ - 1 - Place(y, y_, height_); }

  void Put(int column, int row, Ink ink) {
    Ink& cell = cells_[static_cast<size_t>(row * width_ + column)];
    cell = std::max(cell, ink);
  }
  // All cells of a column from one value to another.
  void PutBetween(int column, double from, double to, Ink ink) {
    if (!std::isfinite(from) || !std::isfinite(to)) return;
    const int a = RowOf(from), b = RowOf(to);
    for (int row = std::min(a, b); row <= std::max(a, b); ++row) Put(column, row, ink);
  }
  Ink At(int column, int row) const { return cells_[static_cast<size_t>(row * width_ + column)]; }

 private:
  static int Place(double value, const Range& range, int cells) {
    const double share = (value - range.lower) / (range.upper - range.lower);
    return static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * (cells - 1)));
  }

  int width_, height_;
  Range x_, y_;
  std::vector<Ink> cells_;
};

bool HasBand(const PlotCurve& curve) {
  return curve.lower.size() == curve.x.size() && curve.upper.size() == curve.x.size();
}

void Draw(const PlotCurve& curve, absl::Span<const PlotMark> marks, int width, const Range& y, Canvas* canvas) {
  for (int column = 0; column < width; ++column) {
    const double x = canvas->XOf(column);
    if (y.lower <= 0 && 0 <= y.upper) canvas->Put(column, canvas->RowOf(0), Ink::kZero);
    if (HasBand(curve)) {
      canvas->PutBetween(column, ValueAt(curve.x, curve.lower, x), ValueAt(curve.x, curve.upper, x), Ink::kBand);
    }
    const double value = ValueAt(curve.x, curve.y, x);
    canvas->PutBetween(column, value, value, Ink::kLine);
  }
  for (size_t i = 0; i < curve.x.size(); ++i) {  // a lone point may lie between columns
    if (std::isfinite(curve.y[i])) canvas->Put(canvas->ColumnOf(curve.x[i]), canvas->RowOf(curve.y[i]), Ink::kLine);
  }
  for (const PlotMark& mark : marks) {
    if (std::isfinite(mark.x) && std::isfinite(mark.y)) {
      canvas->Put(canvas->ColumnOf(mark.x), canvas->RowOf(mark.y), Ink::kMark);
    }
  }
}

std::string Blanks(int count) { return std::string(static_cast<size_t>(std::max(count, 0)), ' '); }

// The plot's lines behind their labels, then the axis.
std::string Framed(const Canvas& canvas, absl::Span<const std::string> labels, int width, const PlotStyle& style,
                   int indent) {
  int label_width = 0;
  for (const std::string& label : labels) label_width = std::max(label_width, DisplayWidth(label));
  std::string out;
  for (size_t row = 0; row < labels.size(); ++row) {
    absl::StrAppend(&out, Blanks(indent + label_width - DisplayWidth(labels[row])), labels[row],
                    style.has_unicode ? " ┤" : " |");
    std::string line;
    for (int column = 0; column < width; ++column) {
      const Ink ink = canvas.At(column, static_cast<int>(row));
      const absl::string_view text = InkText(ink, style.has_unicode);
      absl::StrAppend(&line, ink == Ink::kMark ? Styled(style.has_color, Style::kGreen, text) : std::string(text));
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    absl::StrAppend(&out, line, "\n");
  }
  absl::StrAppend(&out, Blanks(indent + label_width), style.has_unicode ? " └" : " +");
  for (int column = 0; column < width; ++column) absl::StrAppend(&out, style.has_unicode ? "─" : "-");
  return absl::StrCat(out, "\n");
}

}  // namespace

std::string RenderCurve(const PlotCurve& curve, absl::Span<const PlotMark> marks, const CurvePlotOptions& options,
                        const PlotStyle& style, int indent) {
  Range x, y;
  for (size_t i = 0; i < curve.x.size(); ++i) {
    x.Include(curve.x[i]);
    y.Include(curve.y[i]);
    if (HasBand(curve)) {
      y.Include(curve.lower[i]);
      y.Include(curve.upper[i]);
    }
  }
  for (const PlotMark& mark : marks) {
    x.Include(mark.x);
    y.Include(mark.y);
  }
  if (x.empty() || y.empty()) return "";
  x.Widen();
  y.Widen();
  const int height = std::max(options.height, kLeastHeight);
  std::vector<std::string> labels(static_cast<size_t>(height));
  labels.front() = PlotNumber(y.upper);
  labels[static_cast<size_t>(height / 2)] = PlotNumber(y.upper - (y.upper - y.lower) * (height / 2) / (height - 1));
  labels.back() = PlotNumber(y.lower);
  int label_width = 0;
  for (const std::string& label : labels) label_width = std::max(label_width, DisplayWidth(label));
  constexpr int kAxis = 2;
  const int width =
      std::clamp(style.width - indent - label_width - kAxis, kLeastColumns, std::max(options.columns, kLeastColumns));
  Canvas canvas(width, height, x, y);
  Draw(curve, marks, width, y, &canvas);

  std::string out;
  if (!options.y_title.empty()) absl::StrAppend(&out, Blanks(indent), options.y_title, "\n");
  absl::StrAppend(&out, Framed(canvas, labels, width, style, indent));
  const std::string first = PlotNumber(x.lower), last = PlotNumber(x.upper);
  std::string middle = options.x_title;
  const int room = width - DisplayWidth(first) - DisplayWidth(last) - DisplayWidth(middle);
  if (room < kAxis) middle.clear();  // the plot is too narrow for it
  const int blanks = std::max(width - DisplayWidth(first) - DisplayWidth(last) - DisplayWidth(middle), kAxis);
  absl::StrAppend(&out, Blanks(indent + label_width + kAxis), first, Blanks(blanks / 2), middle,
                  Blanks(blanks - blanks / 2), last, "\n");
  return out;
}

}  // namespace tierwise
