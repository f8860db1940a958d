// SPDX-License-Identifier: Apache-2.0
#include "client/cli/text_table.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

constexpr int kGap = 2;

struct CodePointRange {
  uint32_t first, last;
};
// Unicode's East Asian Width W and F, in coarse blocks.
constexpr CodePointRange kWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xAC00, 0xD7A3},
                                    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
                                    {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
constexpr CodePointRange kCombining[] = {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};

template <size_t kSize>
bool IsIn(uint32_t code, const CodePointRange (&ranges)[kSize]) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [code](const CodePointRange& range) { return range.first <= code && code <= range.last; });
}

// The code point at the front of `text`, taken off; a malformed byte stands for itself.
uint32_t TakeCodePoint(absl::string_view* text) {
  const auto byte = [text](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>((*text)[i])); };
  const uint32_t lead = byte(0);
  const size_t length = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
  uint32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
  bool is_valid = length <= text->size();
  for (size_t i = 1; is_valid && i < length; ++i) {
    is_valid = (byte(i) & 0xC0) == 0x80;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  text->remove_prefix(is_valid ? length : 1);
  return is_valid ? code : lead;
}

}  // namespace

int DisplayWidth(absl::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const uint32_t code = TakeCodePoint(&text);
    width += IsIn(code, kCombining) ? 0 : IsIn(code, kWide) ? 2 : 1;
  }
  return width;
}

std::string TextTable::Render(int width, bool has_color, int indent) const {
  std::vector<int> widths;
  for (size_t c = 0; c < columns_.size(); ++c) {
    int widest = DisplayWidth(columns_[c].title);
    for (const auto& row : rows_) widest = std::max(widest, DisplayWidth(row[c].text));
    widths.push_back(widest);
  }
  std::vector<bool> is_shown(columns_.size(), true);
  auto total = [&] {
    int sum = indent - kGap;
    for (size_t c = 0; c < columns_.size(); ++c) sum += is_shown[c] ? widths[c] + kGap : 0;
    return sum;
  };
  while (total() > width) {
    size_t dropped = columns_.size();
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!is_shown[c] || columns_[c].drop_order == 0) continue;
      if (dropped == columns_.size() || columns_[c].drop_order > columns_[dropped].drop_order) dropped = c;
    }
    if (dropped == columns_.size()) break;
    is_shown[dropped] = false;
  }

  std::string out;
  auto append_line = [&](auto text_of, auto style_of) {
    std::string line(static_cast<size_t>(indent), ' ');
    int blanks = 0;
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!is_shown[c]) continue;
      const std::string& text = text_of(c);
      const int padding = widths[c] - DisplayWidth(text);
      const bool is_right = columns_[c].align == Align::kRight;
      line.append(static_cast<size_t>(blanks + (is_right ? padding : 0)), ' ');
      const std::optional<Style> style = style_of(c);
      absl::StrAppend(&line, style.has_value() && !text.empty() ? Styled(has_color, *style, text) : text);
      blanks = kGap + (is_right ? 0 : padding);
    }
    absl::StrAppend(&out, absl::StripTrailingAsciiWhitespace(line), "\n");
  };
  if (std::any_of(columns_.begin(), columns_.end(), [](const Column& column) { return !column.title.empty(); })) {
    append_line([this](size_t c) -> const std::string& { return columns_[c].title; },
                [](size_t) { return std::optional<Style>(Style::kBold); });
  }
  for (const auto& row : rows_) {
    append_line([&row](size_t c) -> const std::string& { return row[c].text; },
                [&row](size_t c) { return row[c].style; });
  }
  return out;
}

}  // namespace tierwise
