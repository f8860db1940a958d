// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_lines.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tierwise {
namespace {

constexpr int kGap = 2;
// Narrower columns of text are hard to read: such lines run over the terminal's edge instead.
constexpr int kLeastTextWidth = 30;

}  // namespace

std::vector<std::string> WrapText(absl::string_view text, int width) {
  std::vector<std::string> lines;
  int used = 0;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const int word_width = DisplayWidth(word);
    const bool is_unit = word.front() == '%';
    if (lines.empty() || (used + 1 + word_width > width && !is_unit)) {
      lines.emplace_back(word);
      used = word_width;
    } else {
      absl::StrAppend(&lines.back(), " ", word);
      used += 1 + word_width;
    }
  }
  return lines;
}

std::string Paragraph(absl::string_view text, int width, int indent) {
  std::string out;
  int blanks = indent;
  for (const std::string& line : WrapText(text, std::max(width - indent - 2, kLeastTextWidth))) {
    absl::StrAppend(&out, out.empty() ? "" : "\n", std::string(static_cast<size_t>(blanks), ' '), line);
    blanks = indent + 2;
  }
  return out;
}

std::string RenderLabelled(const std::vector<LabelledText>& rows, int width, bool has_color, int indent) {
  if (rows.empty()) return "";
  const size_t labels = rows.front().labels.size();
  int left = indent;
  for (size_t c = 0; c < labels; ++c) {
    int widest = 0;
    for (const LabelledText& row : rows) widest = std::max(widest, DisplayWidth(row.labels[c].text));
    left += widest + kGap;
  }
  TextTable table(std::vector<TextTable::Column>(labels + 1));
  for (const LabelledText& row : rows) {
    std::vector<TextTable::Cell> cells = row.labels;
    std::vector<std::string> lines = WrapText(row.text.text, std::max(width - left, kLeastTextWidth));
    if (lines.empty()) lines.emplace_back();
    for (std::string& line : lines) {
      cells.push_back({std::move(line), row.text.style});
      table.AddRow(std::move(cells));
      cells.assign(labels, {});
    }
  }
  return table.Render(width, has_color, indent);
}

}  // namespace tierwise
