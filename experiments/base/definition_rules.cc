// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/definition_rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

constexpr size_t kMaxIdBytes = 63;
constexpr size_t kMaxDisplayNameBytes = 200;
constexpr size_t kMaxDescriptionBytes = 4000;

bool IsLowerOrDigit(char c) { return absl::ascii_islower(static_cast<unsigned char>(c)) || (c >= '0' && c <= '9'); }

}  // namespace

std::string FieldPath(absl::string_view parent, absl::string_view name) {
  return absl::StrCat(parent, parent.empty() ? "" : ".", name);
}

std::string FieldPath(absl::string_view parent, absl::string_view name, int index) {
  return absl::StrCat(FieldPath(parent, name), "[", index, "]");
}

bool IsId(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxIdBytes && absl::ascii_islower(static_cast<unsigned char>(id[0])) &&
         std::all_of(id.begin(), id.end(), [](char c) { return IsLowerOrDigit(c) || c == '_' || c == '-'; });
}

bool IsAttributeId(absl::string_view id) { return IsId(id) && id.find('-') == absl::string_view::npos; }

void CheckId(absl::string_view id, absl::string_view field, Problems& problems) {
  if (IsId(id)) return;
  if (id.empty()) {
    problems.Add(field, "is required");
  } else {
    problems.Add(field,
                 absl::StrCat("\"", absl::CHexEscape(id.substr(0, kMaxIdBytes)),
                              "\" is not an id: a lower-case letter, then at most 62 lower-case letters, digits, _ "
                              "and -"));
  }
}

void CheckText(absl::string_view text, size_t max_bytes, absl::string_view field, Problems& problems) {
  if (text.size() > max_bytes) {
    problems.Add(field, absl::StrCat("has ", text.size(), " bytes, at most ", max_bytes, " are allowed"));
  } else if (const size_t valid = ValidUtf8Prefix(text); valid < text.size()) {
    problems.Add(field, absl::StrCat("is not valid UTF-8 at byte ", valid + 1));
  }
}

void CheckTexts(absl::string_view display_name, absl::string_view description, absl::string_view field,
                Problems& problems) {
  CheckText(display_name, kMaxDisplayNameBytes, FieldPath(field, "display_name"), problems);
  CheckText(description, kMaxDescriptionBytes, FieldPath(field, "description"), problems);
}

}  // namespace tierwise
