// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr size_t kMaxBytes = 16 * 1024;
constexpr int kMaxDepth = 32;
constexpr size_t kMaxQuotedBytes = 63;

std::vector<std::pair<absl::string_view, const Value*>> SortedMembers(const Struct& object) {
  std::vector<std::pair<absl::string_view, const Value*>> members;
  for (const auto& [name, value] : object.fields()) members.emplace_back(name, &value);
  std::sort(members.begin(), members.end());
  return members;
}

void CheckObject(const Struct& object, int depth, const std::string& field, Problems& problems);

void CheckValue(const Value& value, int depth, const std::string& field, Problems& problems) {
  switch (value.kind_case()) {
    case Value::kNumberValue:
      if (!std::isfinite(value.number_value())) problems.Add(field, "is not a finite number");
      return;
    case Value::kStructValue:
      return CheckObject(value.struct_value(), depth + 1, field, problems);
    case Value::kListValue:
      if (depth >= kMaxDepth) {
        problems.Add(field, absl::StrCat("is nested more than ", kMaxDepth, " deep"));
        return;
      }
      for (int i = 0; i < value.list_value().values_size(); ++i) {
        CheckValue(value.list_value().values(i), depth + 1, absl::StrCat(field, "[", i, "]"), problems);
      }
      return;
    case Value::kNullValue:
    case Value::kStringValue:
    case Value::kBoolValue:
      return;
    case Value::KIND_NOT_SET:
      problems.Add(field, "has no value; null is written as null");
      return;
  }
}

void CheckObject(const Struct& object, int depth, const std::string& field, Problems& problems) {
  if (depth > kMaxDepth) {
    problems.Add(field, absl::StrCat("is nested more than ", kMaxDepth, " deep"));
    return;
  }
  for (const auto& [name, value] : SortedMembers(object)) {
    CheckValue(*value, depth, FieldPath(field, absl::CHexEscape(name.substr(0, kMaxQuotedBytes))), problems);
  }
}

void AppendText(absl::string_view text, std::string& json) {
  json += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        json += "\\\"";
        break;
      case '\\':
        json += "\\\\";
        break;
      case '\n':
        json += "\\n";
        break;
      case '\t':
        json += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          absl::StrAppendFormat(&json, "\\u%04x", static_cast<unsigned char>(c));
        } else {
          json += c;
        }
    }
  }
  json += '"';
}

void AppendNumber(double number, std::string& json) {
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  if (number == std::trunc(number) && std::fabs(number) <= kExactIntegers) {
    absl::StrAppend(&json, static_cast<int64_t>(number));
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  json.append(digits, end);
}

void AppendObject(const Struct& object, std::string& json);

void AppendList(const ListValue& list, std::string& json);

void AppendValue(const Value& value, std::string& json) {
  switch (value.kind_case()) {
    case Value::kNumberValue:
      return AppendNumber(value.number_value(), json);
    case Value::kStringValue:
      return AppendText(value.string_value(), json);
    case Value::kBoolValue:
      json += value.bool_value() ? "true" : "false";
      return;
    case Value::kStructValue:
      return AppendObject(value.struct_value(), json);
    case Value::kListValue:
      return AppendList(value.list_value(), json);
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      json += "null";
      return;
  }
}

void AppendList(const ListValue& list, std::string& json) {
  json += '[';
  for (int i = 0; i < list.values_size(); ++i) {
    if (i > 0) json += ',';
    AppendValue(list.values(i), json);
  }
  json += ']';
}

void AppendObject(const Struct& object, std::string& json) {
  json += '{';
  bool first = true;
  for (const auto& [name, value] : SortedMembers(object)) {
    if (!std::exchange(first, false)) json += ',';
    AppendText(name, json);
    json += ':';
    AppendValue(*value, json);
  }
  json += '}';
}

}  // namespace

void CheckParameters(const Struct& parameters, absl::string_view field, Problems& problems) {
  Problems found;
  CheckObject(parameters, 1, std::string(field), found);
  if (!found.empty()) {
    problems.AddAll("", found);
    return;
  }
  const std::string json = ParametersJson(parameters);
  if (json.size() > kMaxBytes) {
    problems.Add(field, absl::StrCat("has ", json.size(), " bytes as JSON, at most ", kMaxBytes, " are allowed"));
  } else if (ValidUtf8Prefix(json) < json.size()) {
    problems.Add(field, "has text that is not valid UTF-8");
  }
}

Struct WithOverrides(const Struct& parameters, const Struct& overrides) {
  Struct merged = parameters;
  for (const auto& [name, value] : overrides.fields()) (*merged.mutable_fields())[name] = value;
  return merged;
}

std::string ParametersJson(const Struct& parameters) {
  std::string json;
  AppendObject(parameters, json);
  return json;
}

}  // namespace tierwise
