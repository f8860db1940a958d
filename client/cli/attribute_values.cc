// SPDX-License-Identifier: Apache-2.0
#include "client/cli/attribute_values.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/catalog.h"
#include "client/cli/suggestion.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

// Unix times from here on are in milliseconds: as seconds it would be the year 5138.
constexpr int64_t kLeastMillis = 100'000'000'000;

absl::Status SetList(const std::string& text, absl::string_view separator, v1::StringList* list) {
  if (!text.empty() && text.front() == '[') {
    const nlohmann::json array = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!array.is_array()) return absl::InvalidArgumentError(absl::StrCat("`", text, "` is not a JSON array"));
    for (const auto& element : array)
      list->add_values(element.is_string() ? element.get<std::string>() : element.dump());
    return absl::OkStatus();
  }
  if (text.empty()) return absl::OkStatus();
  for (const absl::string_view element : absl::StrSplit(text, separator)) list->add_values(std::string(element));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AttributeTypes> FetchAttributeTypes(const Connection& connection) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Definition> definitions, FetchAll(connection, "attributes"));
  AttributeTypes types;
  for (const v1::Definition& definition : definitions) {
    types[definition.attribute().id()] = definition.attribute().type();
  }
  return types;
}

absl::StatusOr<absl::Time> ParseFileTime(absl::string_view text, TimeFormat format) {
  int64_t number = 0;
  if (format != TimeFormat::kRfc3339 && absl::SimpleAtoi(text, &number)) {
    const bool is_millis = format == TimeFormat::kUnixMillis || (format == TimeFormat::kAny && number >= kLeastMillis);
    return is_millis ? absl::FromUnixMillis(number) : absl::FromUnixSeconds(number);
  }
  double seconds = 0;
  if (format == TimeFormat::kUnixSeconds && absl::SimpleAtod(text, &seconds) && std::isfinite(seconds)) {
    return absl::UnixEpoch() + absl::Seconds(seconds);
  }
  if (format == TimeFormat::kAny || format == TimeFormat::kRfc3339) return ParseTimeText(text);
  return absl::InvalidArgumentError(absl::StrCat("`", text, "` is not a Unix time"));
}

absl::StatusOr<bool> ParseFileBool(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (lower == "true" || lower == "1" || lower == "yes") return true;
  if (lower == "false" || lower == "0" || lower == "no") return false;
  return absl::InvalidArgumentError(absl::StrCat("`", text, "` must be true or false (or 1/0, yes/no)"));
}

absl::StatusOr<double> ParseFileDouble(absl::string_view text) {
  double number = 0;
  if (absl::SimpleAtod(text, &number) && std::isfinite(number)) return number;
  return absl::InvalidArgumentError(absl::StrCat("`", text, "` must be a finite number"));
}

absl::StatusOr<v1::AttributeValue> ParseAttributeValue(const std::string& attribute, v1::AttributeType type,
                                                       const std::string& text, absl::string_view list_separator,
                                                       TimeFormat time_format) {
  v1::AttributeValue value;
  value.set_attribute(attribute);
  switch (type) {
    case v1::ATTRIBUTE_TYPE_BOOL: {
      TIERWISE_ASSIGN_OR_RETURN(const bool truth, ParseFileBool(text));
      value.set_bool_value(truth);
      break;
    }
    case v1::ATTRIBUTE_TYPE_INT: {
      int64_t number = 0;
      if (!absl::SimpleAtoi(text, &number)) {
        return absl::InvalidArgumentError(absl::StrCat("`", text, "` must be a whole number"));
      }
      value.set_int_value(number);
      break;
    }
    case v1::ATTRIBUTE_TYPE_DOUBLE: {
      TIERWISE_ASSIGN_OR_RETURN(const double number, ParseFileDouble(text));
      value.set_double_value(number);
      break;
    }
    case v1::ATTRIBUTE_TYPE_TIMESTAMP: {
      TIERWISE_ASSIGN_OR_RETURN(const absl::Time time, ParseFileTime(text, time_format));
      *value.mutable_time_value() = ToProto(time);
      break;
    }
    case v1::ATTRIBUTE_TYPE_STRING_LIST:
      TIERWISE_RETURN_IF_ERROR(SetList(text, list_separator, value.mutable_list_value()));
      break;
    default:
      value.set_string_value(text);
  }
  return value;
}

absl::StatusOr<v1::AttributeValue> ParseAttributeOption(const std::string& option, const AttributeTypes& types) {
  const size_t equals = option.find('=');
  if (equals == std::string::npos || equals == 0) {
    return absl::InvalidArgumentError(absl::StrCat("--attr ", option, ": must be of the form attribute=value"));
  }
  const std::string attribute = option.substr(0, equals);
  const auto type = types.find(attribute);
  if (type == types.end()) {
    std::vector<std::string> known;
    for (const auto& [id, declared] : types) known.push_back(id);
    return absl::InvalidArgumentError(
        absl::StrCat("--attr ", option, ": no attribute `", attribute, "` is declared", Suggestion(attribute, known)));
  }
  absl::StatusOr<v1::AttributeValue> value = ParseAttributeValue(attribute, type->second, option.substr(equals + 1));
  if (value.ok()) return value;
  return absl::InvalidArgumentError(absl::StrCat("--attr ", option, ": ", value.status().message()));
}

}  // namespace tierwise
