// SPDX-License-Identifier: Apache-2.0
#include "client/cli/yaml_message.h"

#include <cmath>
#include <set>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/message_text.h"
#include "client/cli/suggestion.h"
#include "client/cli/time_text.h"
#include "client/cli/yaml_struct.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

constexpr int kMaxNodes = 1'000'000;

std::string Join(const std::string& path, absl::string_view name) {
  return path.empty() ? std::string(name) : absl::StrCat(path, ".", name);
}

std::vector<std::string> FieldNames(const Descriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) {
    if (!IsOutputOnly(*type->field(i))) names.push_back(type->field(i)->name());
  }
  return names;
}

const FieldDescriptor* FindField(const Descriptor* type, const std::string& name) {
  const FieldDescriptor* field = type->FindFieldByName(name);
  return field != nullptr ? field : type->FindFieldByCamelcaseName(name);
}

const EnumValueDescriptor* FindValue(const EnumDescriptor* type, const std::string& name) {
  for (int i = 1; i < type->value_count(); ++i) {
    if (name == type->value(i)->name() || name == ShortName(type, type->value(i)->number())) return type->value(i);
  }
  return nullptr;
}

const char* NameOfType(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return "a whole number";
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number, 0 or more";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a finite number";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    default:
      return "text";
  }
}

const char* ShapeOf(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  if (node.IsNull()) return "empty";
  return "a single value";
}

template <typename Value, typename Set, typename Add>
bool Store(bool is_valid, const Value& value, bool is_repeated, Set set, Add add) {
  if (!is_valid) return false;
  if (is_repeated) {
    add(value);
  } else {
    set(value);
  }
  return true;
}

// False where `text` is not a value of the field's type.
bool StoreScalar(const std::string& text, const FieldDescriptor* field, google::protobuf::Message* message) {
  const auto* reflection = message->GetReflection();
  const bool is_repeated = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t value = 0;
      return Store(
          absl::SimpleAtoi(text, &value), value, is_repeated,
          [&](int32_t v) { reflection->SetInt32(message, field, v); },
          [&](int32_t v) { reflection->AddInt32(message, field, v); });
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      int64_t value = 0;
      return Store(
          absl::SimpleAtoi(text, &value), value, is_repeated,
          [&](int64_t v) { reflection->SetInt64(message, field, v); },
          [&](int64_t v) { reflection->AddInt64(message, field, v); });
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      uint32_t value = 0;
      return Store(
          absl::SimpleAtoi(text, &value), value, is_repeated,
          [&](uint32_t v) { reflection->SetUInt32(message, field, v); },
          [&](uint32_t v) { reflection->AddUInt32(message, field, v); });
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      uint64_t value = 0;
      return Store(
          absl::SimpleAtoi(text, &value), value, is_repeated,
          [&](uint64_t v) { reflection->SetUInt64(message, field, v); },
          [&](uint64_t v) { reflection->AddUInt64(message, field, v); });
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double value = 0;
      return Store(
          absl::SimpleAtod(text, &value) && std::isfinite(value), value, is_repeated,
          [&](double v) { reflection->SetDouble(message, field, v); },
          [&](double v) { reflection->AddDouble(message, field, v); });
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return Store(
          text == "true" || text == "false", text == "true", is_repeated,
          [&](bool v) { reflection->SetBool(message, field, v); },
          [&](bool v) { reflection->AddBool(message, field, v); });
    case FieldDescriptor::CPPTYPE_STRING:
      return Store(
          true, text, is_repeated, [&](const std::string& v) { reflection->SetString(message, field, v); },
          [&](const std::string& v) { reflection->AddString(message, field, v); });
    default:
      return false;
  }
}

}  // namespace

void YamlMessageReader::AddProblem(const YAML::Node& node, absl::string_view path, absl::string_view description) {
  const YAML::Mark mark = node.Mark();
  const std::string position = mark.is_null() ? file_ : absl::StrCat(file_, ":", mark.line + 1);
  problems_->Add(path.empty() ? position : absl::StrCat(position, ": ", path), description);
}

bool YamlMessageReader::IsTooLarge(const YAML::Node& node, const std::string& path) {
  if (++nodes_ == kMaxNodes) AddProblem(node, path, "more than 1,000,000 values; aliases may expand too often");
  return nodes_ >= kMaxNodes;
}

void YamlMessageReader::Read(const YAML::Node& node, absl::string_view ignored_key,
                             google::protobuf::Message* message) {
  lines_.clear();
  ReadMessage(node, "", ignored_key, message);
}

void YamlMessageReader::ReadMessage(const YAML::Node& node, const std::string& path, absl::string_view ignored_key,
                                    Message* message) {
  if (!node.IsMap()) {
    AddProblem(node, path, absl::StrCat("is ", ShapeOf(node), ", must be a mapping (`name: value` lines)"));
    return;
  }
  std::set<const Field*> seen;
  std::map<const google::protobuf::OneofDescriptor*, const Field*> chosen;
  for (const auto& member : node) {
    if (!member.first.IsScalar()) {
      AddProblem(member.first, path, "a field's name must be text");
      continue;
    }
    const std::string name = member.first.Scalar();
    if (name == ignored_key) continue;
    const std::string field_path = Join(path, name);
    const Field* field = FindField(message->GetDescriptor(), name);
    if (field == nullptr) {
      AddProblem(member.first, field_path,
                 absl::StrCat("unknown field", Suggestion(name, FieldNames(message->GetDescriptor()))));
      continue;
    }
    if (!seen.insert(field).second) {
      AddProblem(member.first, field_path, "given twice");
      continue;
    }
    if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
      const auto [other, is_first] = chosen.emplace(oneof, field);
      if (!is_first) {
        AddProblem(member.first, field_path,
                   absl::StrCat("stands beside `", other->second->name(), "`, but only one of the two may be given"));
        continue;
      }
    }
    ReadField(member.second, field_path, field, message);
  }
}

void YamlMessageReader::ReadField(const YAML::Node& node, const std::string& path, const Field* field,
                                  Message* message) {
  if (IsTooLarge(node, path)) return;
  lines_[path] = node.Mark().line + 1;
  if (!field->is_repeated()) {
    if (field->message_type() != nullptr) {
      ReadSubmessage(node, path, message->GetReflection()->MutableMessage(message, field));
    } else {
      ReadScalar(node, path, field, message);
    }
    return;
  }
  if (!node.IsSequence()) {
    AddProblem(node, path, absl::StrCat("is ", ShapeOf(node), ", must be a list"));
    return;
  }
  for (size_t i = 0; i < node.size(); ++i) {
    const std::string element = absl::StrCat(path, "[", i, "]");
    if (IsTooLarge(node[i], element)) return;
    lines_[element] = node[i].Mark().line + 1;
    if (field->message_type() != nullptr) {
      ReadSubmessage(node[i], element, message->GetReflection()->AddMessage(message, field));
    } else {
      ReadScalar(node[i], element, field, message);
    }
  }
}

void YamlMessageReader::ReadSubmessage(const YAML::Node& node, const std::string& path, Message* message) {
  const Descriptor* type = message->GetDescriptor();
  if (type == google::protobuf::Struct::descriptor()) {
    const absl::Status status = ReadYamlStruct(node, static_cast<google::protobuf::Struct*>(message));
    if (!status.ok()) AddProblem(node, path, status.message());
    return;
  }
  const bool is_duration = type == google::protobuf::Duration::descriptor();
  const bool is_time = type == google::protobuf::Timestamp::descriptor();
  const bool is_condition = type == v1::Condition::descriptor();
  if (!(is_duration || is_time || (is_condition && node.IsScalar()))) {
    ReadMessage(node, path, "", message);
    return;
  }
  if (!node.IsScalar()) {
    AddProblem(node, path, absl::StrCat("is ", ShapeOf(node), ", must be a ", is_time ? "time" : "duration"));
  } else if (is_condition) {
    static_cast<v1::Condition*>(message)->set_text(node.Scalar());
  } else if (is_duration) {
    const absl::StatusOr<absl::Duration> duration = ParseDurationText(node.Scalar());
    if (!duration.ok()) return AddProblem(node, path, duration.status().message());
    *static_cast<google::protobuf::Duration*>(message) = ToProto(*duration);
  } else {
    const absl::StatusOr<absl::Time> time = ParseTimeText(node.Scalar());
    if (!time.ok()) return AddProblem(node, path, time.status().message());
    *static_cast<google::protobuf::Timestamp*>(message) = ToProto(*time);
  }
}

void YamlMessageReader::ReadScalar(const YAML::Node& node, const std::string& path, const Field* field,
                                   Message* message) {
  if (!node.IsScalar()) {
    AddProblem(node, path, absl::StrCat("is ", ShapeOf(node), ", must be ", NameOfType(field)));
  } else if (field->enum_type() != nullptr) {
    ReadEnum(node, path, field, message);
  } else if (!StoreScalar(node.Scalar(), field, message)) {
    AddProblem(node, path, absl::StrCat("`", node.Scalar(), "` must be ", NameOfType(field)));
  }
}

void YamlMessageReader::ReadEnum(const YAML::Node& node, const std::string& path, const Field* field,
                                 Message* message) {
  const EnumDescriptor* type = field->enum_type();
  const EnumValueDescriptor* value = FindValue(type, node.Scalar());
  if (value == nullptr) {
    std::vector<std::string> names;
    for (int i = 1; i < type->value_count(); ++i) names.push_back(ShortName(type, type->value(i)->number()));
    AddProblem(node, path, absl::StrCat("`", node.Scalar(), "` must be one of ", absl::StrJoin(names, ", ")));
    return;
  }
  if (field->is_repeated()) {
    message->GetReflection()->AddEnum(message, field, value);
  } else {
    message->GetReflection()->SetEnum(message, field, value);
  }
}

}  // namespace tierwise
