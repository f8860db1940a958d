// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/time_micros.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"

namespace tierwise {
namespace {

// Whether `text` has the form of `pattern`, in which 0 stands for a digit.
bool HasForm(absl::string_view text, absl::string_view pattern) {
  if (text.size() != pattern.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool fits =
        pattern[i] == '0' ? absl::ascii_isdigit(static_cast<unsigned char>(text[i])) : text[i] == pattern[i];
    if (!fits) return false;
  }
  return true;
}

// absl::ParseTime takes more than RFC 3339: spaces, "infinite-past", any number of digits.
bool IsRfc3339(absl::string_view text) {
  constexpr absl::string_view kSeconds = "0000-00-00T00:00:00";
  if (!HasForm(text.substr(0, kSeconds.size()), kSeconds)) return false;
  text.remove_prefix(kSeconds.size());
  if (!text.empty() && text[0] == '.') {
    size_t digits = 0;
    while (1 + digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[1 + digits]))) ++digits;
    if (digits < 1 || digits > 6) return false;
    text.remove_prefix(1 + digits);
  }
  return text == "Z" || HasForm(text, "+00:00") || HasForm(text, "-00:00");
}

}  // namespace

std::optional<int64_t> MicrosOf(const google::protobuf::Timestamp& time) {
  if (time.seconds() < kMinTimestampSeconds || time.seconds() > kMaxTimestampSeconds) return std::nullopt;
  if (time.nanos() < 0 || time.nanos() > 999'999'999) return std::nullopt;
  return time.seconds() * 1'000'000 + time.nanos() / 1000;
}

std::optional<google::protobuf::Timestamp> ParseTimestamp(absl::string_view text) {
  absl::Time time;
  std::string error;
  if (!IsRfc3339(text) || !absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (seconds < kMinTimestampSeconds || seconds > kMaxTimestampSeconds) return std::nullopt;
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

}  // namespace tierwise
