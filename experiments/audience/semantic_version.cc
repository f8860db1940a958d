// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/semantic_version.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace tierwise {
namespace {

bool IsDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

bool IsNumber(absl::string_view text) { return IsDigits(text) && (text.size() == 1 || text[0] != '0'); }

// Takes what precedes the first `separator` off the front of `text`, and the separator; all of it where there is none.
absl::string_view TakeUntil(absl::string_view& text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const absl::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

// Whether `text` is dot-separated identifiers of [0-9A-Za-z-]; with `numbers_are_plain`, numeric ones have no leading
// zero.
bool IsIdentifiers(absl::string_view text, bool numbers_are_plain) {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    const absl::string_view identifier = TakeUntil(text, '.');
    if (identifier.empty()) return false;
    for (const char c : identifier) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-') return false;
    }
    if (numbers_are_plain && IsDigits(identifier) && !IsNumber(identifier)) return false;
  }
  return true;
}

int CompareNumbers(absl::string_view a, absl::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

int CompareIdentifiers(absl::string_view a, absl::string_view b) {
  const bool a_is_number = IsDigits(a);
  const bool b_is_number = IsDigits(b);
  if (a_is_number && b_is_number) return CompareNumbers(a, b);
  if (a_is_number != b_is_number) return a_is_number ? -1 : 1;
  return a.compare(b);
}

}  // namespace

std::optional<SemanticVersion> ParseSemanticVersion(absl::string_view text) {
  if (const size_t plus = text.find('+'); plus != absl::string_view::npos) {
    if (!IsIdentifiers(text.substr(plus + 1), false)) return std::nullopt;
    text = text.substr(0, plus);
  }
  SemanticVersion version;
  if (const size_t hyphen = text.find('-'); hyphen != absl::string_view::npos) {
    version.prerelease = text.substr(hyphen + 1);
    if (!IsIdentifiers(version.prerelease, true)) return std::nullopt;
    text = text.substr(0, hyphen);
  }
  version.major = TakeUntil(text, '.');
  version.minor = TakeUntil(text, '.');
  version.patch = text;
  if (!IsNumber(version.major) || !IsNumber(version.minor) || !IsNumber(version.patch)) return std::nullopt;
  return version;
}

int ComparePrecedence(const SemanticVersion& a, const SemanticVersion& b) {
  if (const int order = CompareNumbers(a.major, b.major); order != 0) return order;
  if (const int order = CompareNumbers(a.minor, b.minor); order != 0) return order;
  if (const int order = CompareNumbers(a.patch, b.patch); order != 0) return order;
  if (a.prerelease.empty() || b.prerelease.empty()) {
    return static_cast<int>(a.prerelease.empty()) - static_cast<int>(b.prerelease.empty());
  }
  absl::string_view rest_a = a.prerelease;
  absl::string_view rest_b = b.prerelease;
  while (!rest_a.empty() && !rest_b.empty()) {
    if (const int order = CompareIdentifiers(TakeUntil(rest_a, '.'), TakeUntil(rest_b, '.')); order != 0) return order;
  }
  return static_cast<int>(!rest_a.empty()) - static_cast<int>(!rest_b.empty());
}

}  // namespace tierwise
