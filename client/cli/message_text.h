// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "tierwise/v1/definition.pb.h"

namespace tierwise {

// Which fields a text form has.
enum class Fields {
  kInput,     // those that are set and that a request may carry: what `apply` takes
  kSet,       // those that are set
  kComplete,  // all, with their defaults, except messages and optional fields that are unset
};

// A message as people write it, in the order of field numbers: snake_case names, enum values short and in lower case
// ("double" for ATTRIBUTE_TYPE_DOUBLE), durations like "14d", times in RFC 3339, a Condition as its text alone, whole
// numbers as numbers.
nlohmann::ordered_json ToReadableJson(const google::protobuf::Message& message, Fields fields);

// A definition in the same form, with its `kind` ("Campaign") first.
nlohmann::ordered_json ToReadableJson(const v1::Definition& definition, Fields fields);

// Block-style YAML, ending in a newline. Reading it gives the same value back; text that a reader could take for
// something else is quoted.
std::string ToYaml(const nlohmann::ordered_json& value);

// `ATTRIBUTE_TYPE_DOUBLE` -> "double"; the number where the value has no name.
std::string ShortName(const google::protobuf::EnumDescriptor* type, int number);
template <typename Enum>
std::string ShortName(Enum value) {
  return ShortName(google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

// Whether the server fills the field in and ignores it in requests: the API says "Output only" of it.
bool IsOutputOnly(const google::protobuf::FieldDescriptor& field);

}  // namespace tierwise
