// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/utf8.h"

#include <algorithm>

namespace tierwise {
namespace {

bool IsContinuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// The length of the sequence at the start of `text`, or 0 where there is no well-formed one.
size_t SequenceLength(absl::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  if (!IsContinuation(byte(1))) return 0;
  if (first < 0xE0) return 2;
  if (!IsContinuation(byte(2))) return 0;
  if (first < 0xF0) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (!IsContinuation(byte(3))) return 0;
  const bool overlong = first == 0xF0 && byte(1) < 0x90;
  const bool too_high = first == 0xF4 && byte(1) >= 0x90;
  return overlong || too_high ? 0 : 4;
}

}  // namespace

size_t ValidUtf8Prefix(absl::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = SequenceLength(text.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

void AppendUtf8(uint32_t code_point, std::string& text) {
  const auto append = [&](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xC0 | code_point >> 6);
    append(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    append(0xE0 | code_point >> 12);
    append(0x80 | (code_point >> 6 & 0x3F));
    append(0x80 | (code_point & 0x3F));
  } else {
    append(0xF0 | code_point >> 18);
    append(0x80 | (code_point >> 12 & 0x3F));
    append(0x80 | (code_point >> 6 & 0x3F));
    append(0x80 | (code_point & 0x3F));
  }
}

size_t ColumnOf(absl::string_view text, size_t offset) {
  const absl::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto continuations =
      std::count_if(before.begin(), before.end(), [](char c) { return IsContinuation(static_cast<uint8_t>(c)); });
  return 1 + before.size() - static_cast<size_t>(continuations);
}

}  // namespace tierwise
