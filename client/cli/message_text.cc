// SPDX-License-Identifier: Apache-2.0
#include "client/cli/message_text.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/time_text.h"
#include "experiments/base/definitions.h"
#include "google/protobuf/struct.pb.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using nlohmann::ordered_json;

ordered_json FromStruct(const google::protobuf::Struct& value);

ordered_json FromValue(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kBoolValue:
      return value.bool_value();
    case google::protobuf::Value::kNumberValue: {
      const double number = value.number_value();
      // 2^53: beyond it a double does not name one whole number.
      if (std::abs(number) <= 9007199254740992.0 && number == std::floor(number)) return static_cast<int64_t>(number);
      return number;
    }
    case google::protobuf::Value::kStringValue:
      return value.string_value();
    case google::protobuf::Value::kStructValue:
      return FromStruct(value.struct_value());
    case google::protobuf::Value::kListValue: {
      ordered_json list = ordered_json::array();
      for (const auto& element : value.list_value().values()) list.push_back(FromValue(element));
      return list;
    }
    default:
      return nullptr;
  }
}

// A Struct has no order: names in alphabetical order make texts comparable.
ordered_json FromStruct(const google::protobuf::Struct& value) {
  std::vector<std::string> names;
  for (const auto& [name, member] : value.fields()) names.push_back(name);
  std::sort(names.begin(), names.end());
  ordered_json object = ordered_json::object();
  for (const std::string& name : names) object[name] = FromValue(value.fields().at(name));
  return object;
}

ordered_json FromMessage(const Message& message, Fields fields) {
  const auto* type = message.GetDescriptor();
  if (type == google::protobuf::Duration::descriptor()) {
    return DurationText(FromProto(static_cast<const google::protobuf::Duration&>(message)));
  }
  if (type == google::protobuf::Timestamp::descriptor()) {
    return TimeText(FromProto(static_cast<const google::protobuf::Timestamp&>(message)));
  }
  if (type == google::protobuf::Struct::descriptor()) {
    return FromStruct(static_cast<const google::protobuf::Struct&>(message));
  }
  if (type == v1::Condition::descriptor() && !static_cast<const v1::Condition&>(message).text().empty()) {
    return static_cast<const v1::Condition&>(message).text();
  }
  return ToReadableJson(message, fields);
}

ordered_json FromField(const Message& message, const FieldDescriptor* field, Fields fields) {
  const Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->GetInt32(message, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->GetInt64(message, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->GetUInt32(message, field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection->GetUInt64(message, field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection->GetDouble(message, field);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection->GetFloat(message, field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return ShortName(field->enum_type(), reflection->GetEnumValue(message, field));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = reflection->GetString(message, field);
      return field->type() == FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(text) : text;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FromMessage(reflection->GetMessage(message, field), fields);
  }
  return nullptr;
}

ordered_json FromElement(const Message& message, const FieldDescriptor* field, int index, Fields fields) {
  const Reflection* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->GetRepeatedInt32(message, field, index);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->GetRepeatedInt64(message, field, index);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->GetRepeatedUInt32(message, field, index);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection->GetRepeatedUInt64(message, field, index);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection->GetRepeatedDouble(message, field, index);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection->GetRepeatedFloat(message, field, index);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetRepeatedBool(message, field, index);
    case FieldDescriptor::CPPTYPE_ENUM:
      return ShortName(field->enum_type(), reflection->GetRepeatedEnumValue(message, field, index));
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetRepeatedString(message, field, index);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FromMessage(reflection->GetRepeatedMessage(message, field, index), fields);
  }
  return nullptr;
}

bool IsShown(const Message& message, const FieldDescriptor* field, Fields fields) {
  if (fields == Fields::kInput && IsOutputOnly(*field)) return false;
  if (field->is_repeated()) {
    return fields == Fields::kComplete || message.GetReflection()->FieldSize(message, field) > 0;
  }
  if (field->has_presence()) return message.GetReflection()->HasField(message, field);
  return fields == Fields::kComplete || message.GetReflection()->HasField(message, field);
}

}  // namespace

std::string ShortName(const EnumDescriptor* type, int number) {
  const auto* value = type->FindValueByNumber(number);
  if (value == nullptr) return absl::StrCat(number);
  const absl::string_view prefix = absl::StripSuffix(type->value(0)->name(), "UNSPECIFIED");
  return absl::AsciiStrToLower(absl::StripPrefix(value->name(), prefix));
}

bool IsOutputOnly(const FieldDescriptor& field) {
  static constexpr absl::string_view kNames[] = {
      "tierwise.v1.Attribute.meta",
      "tierwise.v1.Segment.meta",
      "tierwise.v1.Tiering.meta",
      "tierwise.v1.Metric.meta",
      "tierwise.v1.Layer.meta",
      "tierwise.v1.Holdout.meta",
      "tierwise.v1.Campaign.meta",
      "tierwise.v1.Campaign.state",
      "tierwise.v1.Campaign.pinned_version",
      "tierwise.v1.Campaign.launch_time",
      "tierwise.v1.Campaign.conclusion",
      "tierwise.v1.TierPlan.phase",
      "tierwise.v1.LayerPlacement.ranges",
      "tierwise.v1.Conclusion.time",
      "tierwise.v1.TierQuantiles.cuts",
      "tierwise.v1.TierQuantiles.cut_time",
      "tierwise.v1.TierRfm.cuts",
      "tierwise.v1.TierRfm.cut_time",
  };
  return std::find(std::begin(kNames), std::end(kNames), absl::string_view(field.full_name())) != std::end(kNames);
}

ordered_json ToReadableJson(const Message& message, Fields fields) {
  ordered_json object = ordered_json::object();
  const auto* type = message.GetDescriptor();
  std::vector<const FieldDescriptor*> ordered;
  for (int i = 0; i < type->field_count(); ++i) ordered.push_back(type->field(i));
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return a->number() < b->number(); });
  for (const FieldDescriptor* field : ordered) {
    if (!IsShown(message, field, fields)) continue;
    if (!field->is_repeated()) {
      object[field->name()] = FromField(message, field, fields);
      continue;
    }
    ordered_json& list = object[field->name()] = ordered_json::array();
    const int size = message.GetReflection()->FieldSize(message, field);
    for (int i = 0; i < size; ++i) list.push_back(FromElement(message, field, i, fields));
  }
  return object;
}

ordered_json ToReadableJson(const v1::Definition& definition, Fields fields) {
  const Message* resource = ResourceOf(definition);
  ordered_json object = ordered_json::object();
  if (resource == nullptr) return object;
  object["kind"] = resource->GetDescriptor()->name();
  object.update(ToReadableJson(*resource, fields));
  return object;
}

}  // namespace tierwise
