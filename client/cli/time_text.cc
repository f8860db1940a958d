// SPDX-License-Identifier: Apache-2.0
#include "client/cli/time_text.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

absl::StatusOr<absl::Duration> UnitOf(absl::string_view* text) {
  static constexpr std::pair<absl::string_view, int64_t> kUnits[] = {
      {"ms", 1}, {"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}};
  for (const auto& [name, millis] : kUnits) {
    if (text->substr(0, name.size()) == name) {
      text->remove_prefix(name.size());
      return absl::Milliseconds(millis);
    }
  }
  return absl::InvalidArgumentError("no unit");
}

absl::Status NotADuration(absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("`", text, "` is not a duration; write e.g. 14d, 12h, 90m, 1h30m or 30s"));
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDurationText(absl::string_view text) {
  absl::string_view rest = text;
  const bool is_negative = !rest.empty() && rest.front() == '-';
  if (is_negative) rest.remove_prefix(1);
  if (rest.empty()) return NotADuration(text);
  absl::Duration total;
  while (!rest.empty()) {
    const size_t digits = rest.find_first_not_of("0123456789.");
    double amount = 0;
    if (digits == absl::string_view::npos || digits == 0 || !absl::SimpleAtod(rest.substr(0, digits), &amount)) {
      return NotADuration(text);
    }
    rest.remove_prefix(digits);
    const absl::StatusOr<absl::Duration> unit = UnitOf(&rest);
    if (!unit.ok()) return NotADuration(text);
    total += amount * *unit;
  }
  // 10,000 years, the limit of google.protobuf.Duration.
  if (total > absl::Hours(24 * 365 * int64_t{10'000})) return NotADuration(text);
  return is_negative ? -total : total;
}

absl::StatusOr<absl::Time> ParseTimeText(absl::string_view text) {
  absl::Time time;
  const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
  for (const char* format :
       {absl::RFC3339_full, "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d"}) {
    if (absl::ParseTime(format, trimmed, &time, nullptr) && time != absl::InfiniteFuture() &&
        time != absl::InfinitePast()) {
      return time;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "`", text, "` is not a time; write e.g. 2026-01-31T08:00:00Z, 2026-01-31T08:00:00+08:00 or 2026-01-31"));
}

absl::StatusOr<absl::Time> ParseTimeOption(absl::string_view option, absl::string_view text) {
  const absl::StatusOr<absl::Time> time = ParseTimeText(text);
  if (!time.ok()) return absl::InvalidArgumentError(absl::StrCat(option, ": ", time.status().message()));
  return time;
}

std::string TimeText(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone()); }

std::string TimeTitle(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone()); }

}  // namespace tierwise
