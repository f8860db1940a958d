// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/message_text.h"

namespace tierwise {
namespace {

using nlohmann::ordered_json;

constexpr size_t kLongestFlowList = 100;  // bytes

// What YAML 1.1 or 1.2 readers take for something other than text.
bool LooksLikeAnotherType(absl::string_view text) {
  static constexpr absl::string_view kReserved[] = {"true", "false", "null", "yes", "no", "on",
                                                    "off",  "y",     "n",    "~",   ""};
  const std::string lower = absl::AsciiStrToLower(text);
  if (std::find(std::begin(kReserved), std::end(kReserved), lower) != std::end(kReserved)) return true;
  double number;
  return absl::SimpleAtod(text, &number) || absl::StartsWith(lower, "0x") || absl::StartsWith(lower, "0o") ||
         text.find_first_not_of("0123456789_:.") == absl::string_view::npos;
}

bool IsPlain(absl::string_view text, bool in_flow) {
  if (LooksLikeAnotherType(text)) return false;
  if (absl::StrContains(" -?:,[]{}#&*!|>'\"%@`.=<", text.substr(0, 1))) return false;
  if (text.back() == ' ' || text.back() == ':') return false;
  if (absl::StrContains(text, ": ") || absl::StrContains(text, " #")) return false;
  if (in_flow && text.find_first_of(",[]{}") != absl::string_view::npos) return false;
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
}

std::string Scalar(const ordered_json& value, bool in_flow) {
  if (value.is_string() && IsPlain(value.get_ref<const std::string&>(), in_flow)) return value.get<std::string>();
  if (value.is_object()) return "{}";
  if (value.is_array()) return "[]";
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

bool IsScalar(const ordered_json& value) { return !value.is_structured() || value.empty(); }

// "[a, b]", or empty where the list is too long or holds more than scalars.
std::string FlowList(const ordered_json& list) {
  if (!std::all_of(list.begin(), list.end(), IsScalar)) return "";
  const std::string flow = absl::StrCat(
      "[",
      absl::StrJoin(list, ", ",
                    [](std::string* out, const ordered_json& element) { absl::StrAppend(out, Scalar(element, true)); }),
      "]");
  return flow.size() <= kLongestFlowList ? flow : "";
}

// Whether the text can stand as a literal block: several lines, nothing that the block form would change.
bool IsBlockText(const ordered_json& value) {
  if (!value.is_string()) return false;
  const std::string& text = value.get_ref<const std::string&>();
  if (!absl::StrContains(text, '\n') || text.front() == ' ' || text.front() == '\n') return false;
  if (absl::EndsWith(text, "\n\n")) return false;
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c != '\n' && absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
}

void AppendBlockText(const std::string& text, const std::string& indent, std::string* out) {
  const bool ends_in_newline = absl::EndsWith(text, "\n");
  absl::StrAppend(out, ends_in_newline ? " |\n" : " |-\n");
  for (const absl::string_view line : absl::StrSplit(absl::StripSuffix(text, "\n"), '\n')) {
    absl::StrAppend(out, line.empty() ? "" : indent, line, "\n");
  }
}

void Append(const ordered_json& value, int depth, std::string* out);

// After "name:" or "-".
void AppendValue(const ordered_json& value, int depth, std::string* out) {
  if (IsBlockText(value)) {
    AppendBlockText(value.get<std::string>(), std::string(static_cast<size_t>(2 * depth), ' '), out);
  } else if (IsScalar(value)) {
    absl::StrAppend(out, " ", Scalar(value, false), "\n");
  } else if (const std::string flow = value.is_array() ? FlowList(value) : ""; !flow.empty()) {
    absl::StrAppend(out, " ", flow, "\n");
  } else {
    absl::StrAppend(out, "\n");
    Append(value, depth, out);
  }
}

void Append(const ordered_json& value, int depth, std::string* out) {
  const std::string indent(static_cast<size_t>(2 * depth), ' ');
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      absl::StrAppend(out, indent, Scalar(name, false), ":");
      AppendValue(member, depth + 1, out);
    }
    return;
  }
  for (const ordered_json& element : value) {
    std::string item;
    if (element.is_structured() && !element.empty() && (element.is_object() || FlowList(element).empty())) {
      // The first line of a nested mapping or list stands beside the dash.
      Append(element, depth + 1, &item);
      item[static_cast<size_t>(2 * depth)] = '-';
    } else {
      item = absl::StrCat(indent, "-");
      AppendValue(element, depth + 1, &item);
    }
    absl::StrAppend(out, item);
  }
}

}  // namespace

std::string ToYaml(const ordered_json& value) {
  std::string out;
  if (IsScalar(value)) return absl::StrCat(Scalar(value, false), "\n");
  Append(value, 0, &out);
  return out;
}

}  // namespace tierwise
