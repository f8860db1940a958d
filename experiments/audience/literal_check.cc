// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/literal_check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/attribute_type_name.h"
#include "experiments/audience/condition_limits.h"
#include "experiments/audience/literal_text.h"
#include "experiments/audience/semantic_version.h"
#include "experiments/audience/time_micros.h"
#include "experiments/base/nearest_name.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

// Every whole number up to this one is a double; of those beyond it some are not.
constexpr int64_t kMaxExactInt = int64_t{1} << 53;

constexpr char kVersionForm[] = "is not a version by semver.org, such as v\"1.2.3\" or v\"2.0.0-rc.1\"";

absl::string_view KindOf(const v1::Literal& literal) {
  switch (literal.value_case()) {
    case v1::Literal::kBoolValue:
      return "a bool";
    case v1::Literal::kIntValue:
      return "an int";
    case v1::Literal::kDoubleValue:
      return "a double";
    case v1::Literal::kStringValue:
      return "a string";
    case v1::Literal::kTimeValue:
    case v1::Literal::kNowOffset:
      return "a time";
    case v1::Literal::kVersionValue:
      return "a version";
    case v1::Literal::VALUE_NOT_SET:
      break;
  }
  return "nothing";
}

bool FitsType(const v1::Literal& literal, v1::AttributeType type) {
  switch (type) {
    case v1::ATTRIBUTE_TYPE_BOOL:
      return literal.has_bool_value();
    case v1::ATTRIBUTE_TYPE_INT:
      return literal.has_int_value();
    case v1::ATTRIBUTE_TYPE_DOUBLE:
      return literal.has_int_value() || literal.has_double_value();
    case v1::ATTRIBUTE_TYPE_STRING:
      return literal.has_string_value() || literal.has_version_value();
    case v1::ATTRIBUTE_TYPE_TIMESTAMP:
      return literal.has_time_value() || literal.has_now_offset();
    default:
      return false;
  }
}

std::string TimeProblem(const google::protobuf::Timestamp& time) {
  if (!MicrosOf(time).has_value()) return "the time is not of the years 1 to 9999";
  return time.nanos() % 1000 == 0 ? "" : "the time is finer than a microsecond";
}

std::string OffsetProblem(const google::protobuf::Duration& offset) {
  if (offset.nanos() != 0) return "an offset from now is a whole number of seconds";
  if (offset.seconds() < -kMaxOffsetSeconds || offset.seconds() > kMaxOffsetSeconds) {
    return "the offset from now is over 10,000 years";
  }
  return "";
}

double NumberOf(const v1::Literal& literal) {
  return literal.has_int_value() ? static_cast<double>(literal.int_value()) : literal.double_value();
}

}  // namespace

std::string StringProblem(absl::string_view text) {
  if (text.size() > kMaxStringBytes) {
    return absl::StrCat("the string has ", text.size(), " bytes, at most ", kMaxStringBytes, " are allowed");
  }
  return ValidUtf8Prefix(text) < text.size() ? "the string is not valid UTF-8" : "";
}

std::string AllowedValueProblem(absl::string_view value, const v1::Attribute& attribute) {
  const auto& allowed = attribute.allowed_values();
  if (allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return "";
  return absl::StrCat(PrintString(value), " is not among the allowed values of ", attribute.id(),
                      DidYouMean(value, std::vector<absl::string_view>(allowed.begin(), allowed.end())));
}

std::string LiteralProblem(const v1::Literal& literal, const v1::Attribute& attribute) {
  if (!FitsType(literal, attribute.type())) {
    return absl::StrCat(attribute.id(), " is ", TypeName(attribute.type()), ", but the literal is ", KindOf(literal));
  }
  switch (literal.value_case()) {
    case v1::Literal::kIntValue:
      if (attribute.type() == v1::ATTRIBUTE_TYPE_DOUBLE &&
          (literal.int_value() > kMaxExactInt || literal.int_value() < -kMaxExactInt)) {
        return absl::StrCat(attribute.id(), " is DOUBLE, which ", literal.int_value(),
                            " is too large to be exactly; write it with a point");
      }
      return "";
    case v1::Literal::kDoubleValue:
      return std::isfinite(literal.double_value()) ? "" : "the number is not finite";
    case v1::Literal::kStringValue: {
      const std::string problem = StringProblem(literal.string_value());
      return problem.empty() ? AllowedValueProblem(literal.string_value(), attribute) : problem;
    }
    case v1::Literal::kTimeValue:
      return TimeProblem(literal.time_value());
    case v1::Literal::kNowOffset:
      return OffsetProblem(literal.now_offset());
    case v1::Literal::kVersionValue: {
      const std::string problem = StringProblem(literal.version_value());
      if (!problem.empty() || ParseSemanticVersion(literal.version_value()).has_value()) return problem;
      return absl::StrCat(PrintString(literal.version_value()), " ", kVersionForm);
    }
    default:
      return "";
  }
}

bool IsBelow(const v1::Literal& a, const v1::Literal& b) {
  if (a.has_time_value() && b.has_time_value()) return *MicrosOf(a.time_value()) < *MicrosOf(b.time_value());
  if (a.has_now_offset() && b.has_now_offset()) return a.now_offset().seconds() < b.now_offset().seconds();
  if (a.has_int_value() && b.has_int_value()) return a.int_value() < b.int_value();
  const auto is_number = [](const v1::Literal& literal) {
    return literal.has_int_value() || literal.has_double_value();
  };
  return is_number(a) && is_number(b) && NumberOf(a) < NumberOf(b);
}

}  // namespace tierwise
