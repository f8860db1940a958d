// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/user_attributes.h"

#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "experiments/audience/attribute_type_name.h"
#include "experiments/audience/literal_text.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/problems.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

constexpr size_t kMaxTextBytes = 1024;
constexpr int kMaxListElements = 256;

absl::string_view TypeName(v1::AttributeValue::ValueCase value) {
  switch (value) {
    case v1::AttributeValue::kBoolValue:
      return "BOOL";
    case v1::AttributeValue::kIntValue:
      return "INT";
    case v1::AttributeValue::kDoubleValue:
      return "DOUBLE";
    case v1::AttributeValue::kStringValue:
      return "STRING";
    case v1::AttributeValue::kTimeValue:
      return "TIMESTAMP";
    case v1::AttributeValue::kListValue:
      return "STRING_LIST";
    case v1::AttributeValue::VALUE_NOT_SET:
      break;
  }
  return "unset";
}

// What is wrong with a string as a value; empty where nothing is.
std::string TextProblem(absl::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return absl::StrCat("has ", text.size(), " bytes, at most ", kMaxTextBytes, " are allowed");
  }
  if (ValidUtf8Prefix(text) < text.size()) return "is not valid UTF-8";
  return "";
}

std::string ListProblem(const v1::StringList& list) {
  if (list.values_size() > kMaxListElements) {
    return absl::StrCat("has ", list.values_size(), " elements, at most ", kMaxListElements, " are allowed");
  }
  for (int i = 0; i < list.values_size(); ++i) {
    if (const std::string problem = TextProblem(list.values(i)); !problem.empty()) {
      return absl::StrCat("element ", i, " ", problem);
    }
  }
  return "";
}

}  // namespace

UserAttributes::UserAttributes(const AttributeSchema& schema) : values_(static_cast<size_t>(schema.size())) {
  set_slots_.reserve(values_.size());
}

void UserAttributes::Clear() {
  for (const int slot : set_slots_) values_[static_cast<size_t>(slot)].kind = Kind::kUnset;
  set_slots_.clear();
}

UserAttributes::Value& UserAttributes::Claim(int slot, Kind kind) {
  Value& value = values_[static_cast<size_t>(slot)];
  if (value.kind == Kind::kUnset) set_slots_.push_back(slot);
  value.kind = kind;
  return value;
}

void UserAttributes::SetBool(int slot, bool value) { Claim(slot, Kind::kScalar).integer = value ? 1 : 0; }
void UserAttributes::SetInt(int slot, int64_t value) { Claim(slot, Kind::kScalar).integer = value; }
void UserAttributes::SetDouble(int slot, double value) { Claim(slot, Kind::kScalar).number = value; }
void UserAttributes::SetTimeMicros(int slot, int64_t micros_since_epoch) { SetInt(slot, micros_since_epoch); }

void UserAttributes::SetString(int slot, absl::string_view value) {
  Value& stored = Claim(slot, Kind::kScalar);
  stored.text = value.data();
  stored.size = static_cast<uint32_t>(value.size());
}

void UserAttributes::SetList(int slot, absl::Span<const absl::string_view> values) {
  Value& stored = Claim(slot, Kind::kViews);
  stored.views = values.data();
  stored.size = static_cast<uint32_t>(values.size());
}

void UserAttributes::SetList(int slot, const v1::StringList& values) { Claim(slot, Kind::kMessage).message = &values; }

absl::Status UserAttributes::Set(const AttributeSchema& schema, const v1::AttributeValue& value) {
  const std::optional<int> slot = schema.SlotOf(value.attribute());
  if (!slot.has_value() || value.value_case() == v1::AttributeValue::VALUE_NOT_SET) return absl::OkStatus();
  const auto invalid = [&](absl::string_view what) {
    return InvalidField(absl::StrCat("attributes.", value.attribute()), what);
  };
  const v1::AttributeType type = schema.TypeOf(*slot);
  if (type == v1::ATTRIBUTE_TYPE_BOOL && value.has_bool_value()) {
    SetBool(*slot, value.bool_value());
  } else if (type == v1::ATTRIBUTE_TYPE_INT && value.has_int_value()) {
    SetInt(*slot, value.int_value());
  } else if (type == v1::ATTRIBUTE_TYPE_DOUBLE && value.has_int_value()) {
    SetDouble(*slot, static_cast<double>(value.int_value()));
  } else if (type == v1::ATTRIBUTE_TYPE_DOUBLE && value.has_double_value()) {
    if (!std::isfinite(value.double_value())) return invalid("is not finite");
    SetDouble(*slot, value.double_value());
  } else if (type == v1::ATTRIBUTE_TYPE_STRING && value.has_string_value()) {
    if (const std::string problem = TextProblem(value.string_value()); !problem.empty()) return invalid(problem);
    SetString(*slot, value.string_value());
  } else if (type == v1::ATTRIBUTE_TYPE_TIMESTAMP && value.has_time_value()) {
    const std::optional<int64_t> micros = MicrosOf(value.time_value());
    if (!micros.has_value()) return invalid("is not a moment between the years 1 and 9999");
    SetTimeMicros(*slot, *micros);
  } else if (type == v1::ATTRIBUTE_TYPE_STRING_LIST && value.has_list_value()) {
    if (const std::string problem = ListProblem(value.list_value()); !problem.empty()) return invalid(problem);
    SetList(*slot, value.list_value());
  } else {
    return invalid(absl::StrCat("is ", TypeName(value.value_case()), ", the attribute is ", TypeName(type)));
  }
  return absl::OkStatus();
}

template <typename F>
bool UserAttributes::AnyElement(int slot, F f) const {
  const Value& value = at(slot);
  if (value.kind == Kind::kMessage) {
    for (const std::string& element : value.message->values()) {
      if (f(absl::string_view(element))) return true;
    }
    return false;
  }
  for (const absl::string_view element : absl::MakeConstSpan(value.views, value.size)) {
    if (f(element)) return true;
  }
  return false;
}

bool UserAttributes::ListContains(int slot, absl::string_view element) const {
  return AnyElement(slot, [&](absl::string_view other) { return other == element; });
}

void UserAttributes::ForEachElement(int slot, absl::FunctionRef<void(absl::string_view)> f) const {
  AnyElement(slot, [f](absl::string_view element) {
    f(element);
    return false;
  });
}

std::string UserAttributes::Print(int slot, v1::AttributeType type) const {
  switch (type) {
    case v1::ATTRIBUTE_TYPE_BOOL:
      return integer(slot) != 0 ? "true" : "false";
    case v1::ATTRIBUTE_TYPE_DOUBLE:
      return PrintDouble(number(slot));
    case v1::ATTRIBUTE_TYPE_STRING:
      return PrintString(text(slot));
    case v1::ATTRIBUTE_TYPE_TIMESTAMP:
      return PrintTime(absl::FromUnixMicros(integer(slot)));
    case v1::ATTRIBUTE_TYPE_STRING_LIST: {
      std::string list = "[";
      AnyElement(slot, [&](absl::string_view element) {
        absl::StrAppend(&list, list.size() > 1 ? ", " : "", PrintString(element));
        return false;
      });
      return list + "]";
    }
    default:
      return absl::StrCat(integer(slot));
  }
}

}  // namespace tierwise
