// SPDX-License-Identifier: Apache-2.0
#include "client/cli/yaml_struct.h"

#include <cmath>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxValues = 100'000;

absl::Status ReadValue(const YAML::Node& node, int depth, int* values, google::protobuf::Value* value);

absl::Status ReadMembers(const YAML::Node& node, int depth, int* values, google::protobuf::Struct* object) {
  if (depth > kMaxDepth) return absl::InvalidArgumentError("nested more than 64 deep");
  for (const auto& member : node) {
    if (!member.first.IsScalar()) return absl::InvalidArgumentError("a member's name must be text");
    google::protobuf::Value& value = (*object->mutable_fields())[member.first.Scalar()];
    TIERWISE_RETURN_IF_ERROR(ReadValue(member.second, depth, values, &value));
  }
  return absl::OkStatus();
}

void ReadPlainScalar(const std::string& text, google::protobuf::Value* value) {
  double number = 0;
  const bool ends_like_number =
      !text.empty() && (absl::ascii_isdigit(static_cast<unsigned char>(text.back())) || text.back() == '.');
  if (text == "true" || text == "false") {
    value->set_bool_value(text == "true");
  } else if (text == "null" || text == "~" || text.empty()) {
    value->set_null_value(google::protobuf::NULL_VALUE);
  } else if (ends_like_number && absl::SimpleAtod(text, &number) && std::isfinite(number)) {
    value->set_number_value(number);
  } else {
    value->set_string_value(text);
  }
}

absl::Status ReadValue(const YAML::Node& node, int depth, int* values, google::protobuf::Value* value) {
  if (++*values > kMaxValues) return absl::InvalidArgumentError("more than 100,000 values");
  if (depth > kMaxDepth) return absl::InvalidArgumentError("nested more than 64 deep");
  if (node.IsMap()) return ReadMembers(node, depth + 1, values, value->mutable_struct_value());
  if (node.IsSequence()) {
    auto* list = value->mutable_list_value();
    for (const YAML::Node& element : node) {
      TIERWISE_RETURN_IF_ERROR(ReadValue(element, depth + 1, values, list->add_values()));
    }
  } else if (node.IsNull()) {
    value->set_null_value(google::protobuf::NULL_VALUE);
  } else if (node.Tag() == "!") {  // quoted
    value->set_string_value(node.Scalar());
  } else {
    ReadPlainScalar(node.Scalar(), value);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadYamlStruct(const YAML::Node& node, google::protobuf::Struct* value) {
  if (!node.IsMap()) return absl::InvalidArgumentError("must be a mapping (`name: value` lines)");
  int values = 0;
  return ReadMembers(node, 0, &values, value);
}

}  // namespace tierwise
