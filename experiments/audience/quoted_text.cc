// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/quoted_text.h"

#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

bool IsHighSurrogate(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

// The UTF-16 unit of `\uXXXX` at `at`, where there is one.
std::optional<uint32_t> UnitAt(absl::string_view input, size_t at) {
  uint32_t unit = 0;
  if (at + 6 > input.size() || input.substr(at, 2) != "\\u") return std::nullopt;
  for (const char c : input.substr(at + 2, 4)) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
  }
  if (!absl::SimpleHexAtoi(input.substr(at + 2, 4), &unit)) return std::nullopt;
  return unit;
}

// What a one-letter escape stands for; nothing where it is not one of JSON's.
std::optional<char> Unescape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return std::nullopt;
  }
}

// Reads the escape at `at`, adds what it stands for or an error, and returns its size.
size_t ReadEscape(absl::string_view input, size_t at, QuotedText& quoted) {
  const char letter = at + 1 < input.size() ? input[at + 1] : '\0';
  if (const std::optional<char> c = Unescape(letter); c.has_value()) {
    quoted.text += *c;
    return 2;
  }
  const std::optional<uint32_t> unit = UnitAt(input, at);
  if (!unit.has_value()) {
    quoted.errors.emplace_back(at,
                               "a \\ in a string is followed by one of \" \\ / b f n r t, or u and four hex digits");
    return 1;
  }
  if (IsHighSurrogate(*unit)) {
    if (const std::optional<uint32_t> low = UnitAt(input, at + 6); low.has_value() && IsLowSurrogate(*low)) {
      AppendUtf8(0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00), quoted.text);
      return 12;
    }
  }
  if (IsHighSurrogate(*unit) || IsLowSurrogate(*unit)) {
    quoted.errors.emplace_back(at, absl::StrCat(input.substr(at, 6), " is half of a surrogate pair"));
  } else {
    AppendUtf8(*unit, quoted.text);
  }
  return 6;
}

}  // namespace

QuotedText ReadQuoted(absl::string_view input) {
  QuotedText quoted;
  size_t at = 1;
  while (at < input.size() && input[at] != '"') {
    if (input[at] == '\\') {
      at += ReadEscape(input, at, quoted);
      continue;
    }
    if (static_cast<unsigned char>(input[at]) < 0x20) {
      quoted.errors.emplace_back(at, "a control character in a string is written with \\, such as \\n or \\u0007");
    } else {
      quoted.text += input[at];
    }
    ++at;
  }
  if (at == input.size()) {
    quoted.errors.emplace_back(0, "the string has no closing quote");
  } else {
    ++at;
  }
  quoted.size = at;
  return quoted;
}

}  // namespace tierwise
