// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/literal_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

constexpr std::pair<int64_t, char> kUnits[] = {{604'800, 'w'}, {86'400, 'd'}, {3'600, 'h'}, {60, 'm'}};

// `now`, `now - 30d`. Fractions of a second, which CheckCondition refuses, are written as decimals.
std::string PrintOffset(const google::protobuf::Duration& offset) {
  if (offset.seconds() == 0 && offset.nanos() == 0) return "now";
  const bool is_past = offset.seconds() < 0 || offset.nanos() < 0;
  // Negated as unsigned, where the least value has a negative.
  const uint64_t seconds =
      is_past ? 0 - static_cast<uint64_t>(offset.seconds()) : static_cast<uint64_t>(offset.seconds());
  const char* sign = is_past ? "now - " : "now + ";
  if (offset.nanos() != 0) {
    return absl::StrCat(sign, PrintDouble(static_cast<double>(seconds) + std::abs(offset.nanos()) * 1e-9), "s");
  }
  for (const auto& [length, unit] : kUnits) {
    const auto unit_seconds = static_cast<uint64_t>(length);
    if (seconds % unit_seconds == 0) return absl::StrCat(sign, seconds / unit_seconds, std::string(1, unit));
  }
  return absl::StrCat(sign, seconds, "s");
}

}  // namespace

std::string PrintString(absl::string_view text) {
  std::string printed = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        printed += "\\\"";
        break;
      case '\\':
        printed += "\\\\";
        break;
      case '\b':
        printed += "\\b";
        break;
      case '\f':
        printed += "\\f";
        break;
      case '\n':
        printed += "\\n";
        break;
      case '\r':
        printed += "\\r";
        break;
      case '\t':
        printed += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          absl::StrAppend(&printed, "\\u", absl::Hex(c, absl::kZeroPad4));
        } else {
          printed += c;
        }
    }
  }
  return printed + "\"";
}

std::string PrintDouble(double value) {
  const double magnitude = std::abs(value);
  const bool is_plain = magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e15);
  std::array<char, 64> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value,
                                 is_plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string printed(digits.begin(), end.ptr);
  if (printed.find_first_of(".e") == std::string::npos && std::isfinite(value)) printed += ".0";
  return printed;
}

std::string PrintTime(absl::Time time) {
  return absl::StrCat("t\"", absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone()), "\"");
}

std::string PrintLiteral(const v1::Literal& literal) {
  switch (literal.value_case()) {
    case v1::Literal::kBoolValue:
      return literal.bool_value() ? "true" : "false";
    case v1::Literal::kIntValue:
      return absl::StrCat(literal.int_value());
    case v1::Literal::kDoubleValue:
      return PrintDouble(literal.double_value());
    case v1::Literal::kStringValue:
      return PrintString(literal.string_value());
    case v1::Literal::kTimeValue:
      return PrintTime(absl::FromUnixSeconds(literal.time_value().seconds()) +
                       absl::Nanoseconds(literal.time_value().nanos()));
    case v1::Literal::kNowOffset:
      return PrintOffset(literal.now_offset());
    case v1::Literal::kVersionValue:
      return absl::StrCat("v", PrintString(literal.version_value()));
    case v1::Literal::VALUE_NOT_SET:
      break;
  }
  return "?";
}

}  // namespace tierwise
