// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/audience/naive_evaluation.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "experiments/audience/semantic_version.h"

namespace tierwise {
namespace {

int Sign(double difference) { return difference < 0 ? -1 : difference > 0 ? 1 : 0; }

int64_t MicrosFrom(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000 + time.nanos() / 1'000;
}

// The order of a value to a literal; nothing where they have none.
std::optional<int> OrderOf(const v1::AttributeValue& value, const v1::Literal& literal, int64_t now_micros) {
  switch (value.value_case()) {
    case v1::AttributeValue::kBoolValue:
      return static_cast<int>(value.bool_value()) - static_cast<int>(literal.bool_value());
    case v1::AttributeValue::kIntValue:
      return value.int_value() < literal.int_value() ? -1 : value.int_value() > literal.int_value() ? 1 : 0;
    case v1::AttributeValue::kDoubleValue:
      return Sign(value.double_value() -
                  (literal.has_int_value() ? static_cast<double>(literal.int_value()) : literal.double_value()));
    case v1::AttributeValue::kStringValue: {
      if (literal.has_string_value()) return value.string_value().compare(literal.string_value());
      const auto version = ParseSemanticVersion(value.string_value());
      if (!version.has_value()) return std::nullopt;
      return ComparePrecedence(*version, *ParseSemanticVersion(literal.version_value()));
    }
    case v1::AttributeValue::kTimeValue: {
      const int64_t bound = literal.has_now_offset() ? now_micros + literal.now_offset().seconds() * 1'000'000
                                                     : MicrosFrom(literal.time_value());
      return Sign(static_cast<double>(MicrosFrom(value.time_value()) - bound));
    }
    default:
      return std::nullopt;
  }
}

bool Compares(v1::ComparisonOperator comparison, int order) {
  switch (comparison) {
    case v1::COMPARISON_OPERATOR_EQUAL:
      return order == 0;
    case v1::COMPARISON_OPERATOR_NOT_EQUAL:
      return order != 0;
    case v1::COMPARISON_OPERATOR_LESS:
      return order < 0;
    case v1::COMPARISON_OPERATOR_LESS_OR_EQUAL:
      return order <= 0;
    case v1::COMPARISON_OPERATOR_GREATER:
      return order > 0;
    default:
      return order >= 0;
  }
}

bool TextTestHolds(const v1::TextTest& test, const v1::AttributeValue& value) {
  if (value.has_list_value()) {
    const auto& elements = value.list_value().values();
    return std::find(elements.begin(), elements.end(), test.text()) != elements.end();
  }
  if (test.operator_() == v1::TEXT_OPERATOR_STARTS_WITH) return absl::StartsWith(value.string_value(), test.text());
  if (test.operator_() == v1::TEXT_OPERATOR_ENDS_WITH) return absl::EndsWith(value.string_value(), test.text());
  return absl::StrContains(value.string_value(), test.text());
}

}  // namespace

bool EvaluateNaively(const v1::ConditionNode& node, const KnownValues& user, const Definitions& definitions,
                     int64_t now_micros) {
  const auto holds = [&](const v1::ConditionNode& operand) {
    return EvaluateNaively(operand, user, definitions, now_micros);
  };
  const auto find = [&](const std::string& attribute) -> const v1::AttributeValue* {
    const auto it = user.find(attribute);
    return it == user.end() ? nullptr : &it->second;
  };
  switch (node.kind_case()) {
    case v1::ConditionNode::kAllOf:
      return std::all_of(node.all_of().operands().begin(), node.all_of().operands().end(), holds);
    case v1::ConditionNode::kAnyOf:
      return std::any_of(node.any_of().operands().begin(), node.any_of().operands().end(), holds);
    case v1::ConditionNode::kNegation:
      return !holds(node.negation());
    case v1::ConditionNode::kComparison: {
      const v1::AttributeValue* value = find(node.comparison().attribute());
      if (value == nullptr) return false;
      const std::optional<int> order = OrderOf(*value, node.comparison().literal(), now_micros);
      return order.has_value() && Compares(node.comparison().operator_(), *order);
    }
    case v1::ConditionNode::kMembership: {
      const v1::AttributeValue* value = find(node.membership().attribute());
      if (value == nullptr) return false;
      const bool is_in =
          std::any_of(node.membership().literals().begin(), node.membership().literals().end(),
                      [&](const v1::Literal& literal) { return OrderOf(*value, literal, now_micros) == 0; });
      return is_in != node.membership().negated();
    }
    case v1::ConditionNode::kBetween: {
      const v1::AttributeValue* value = find(node.between().attribute());
      return value != nullptr && OrderOf(*value, node.between().lower(), now_micros).value() >= 0 &&
             OrderOf(*value, node.between().upper(), now_micros).value() <= 0;
    }
    case v1::ConditionNode::kTextTest: {
      const v1::AttributeValue* value = find(node.text_test().attribute());
      return value != nullptr && TextTestHolds(node.text_test(), *value);
    }
    case v1::ConditionNode::kPresence:
      return (find(node.presence().attribute()) != nullptr) != node.presence().negated();
    case v1::ConditionNode::kSegment:
      return holds(definitions.FindSegment(node.segment().segment())->condition().tree());
    case v1::ConditionNode::kConstant:
      return node.constant();
    case v1::ConditionNode::KIND_NOT_SET:
      return false;
  }
  return false;
}

}  // namespace tierwise
