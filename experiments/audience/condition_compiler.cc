// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_compiler.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_text.h"
#include "experiments/audience/time_micros.h"

namespace tierwise {
namespace {

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double NumberOf(const v1::Literal& literal) {
  return literal.has_int_value() ? static_cast<double>(literal.int_value()) : literal.double_value();
}

// Of a bool, an int, a time or an offset from now, the last two in microseconds.
int64_t IntegerOf(const v1::Literal& literal) {
  switch (literal.value_case()) {
    case v1::Literal::kBoolValue:
      return literal.bool_value() ? 1 : 0;
    case v1::Literal::kTimeValue:
      return MicrosOf(literal.time_value()).value_or(0);
    case v1::Literal::kNowOffset:
      return literal.now_offset().seconds() * 1'000'000;
    default:
      return literal.int_value();
  }
}

// The orders of value to literal that `comparison` accepts; bits 0, 1, 2: before, equal, after.
uint8_t OrdersOf(v1::ComparisonOperator comparison) {
  switch (comparison) {
    case v1::COMPARISON_OPERATOR_EQUAL:
      return 0b010;
    case v1::COMPARISON_OPERATOR_NOT_EQUAL:
      return 0b101;
    case v1::COMPARISON_OPERATOR_LESS:
      return 0b001;
    case v1::COMPARISON_OPERATOR_LESS_OR_EQUAL:
      return 0b011;
    case v1::COMPARISON_OPERATOR_GREATER:
      return 0b100;
    case v1::COMPARISON_OPERATOR_GREATER_OR_EQUAL:
      return 0b110;
    default:
      return 0;
  }
}

bool HasUpperBound(v1::ComparisonOperator comparison) {
  return comparison != v1::COMPARISON_OPERATOR_GREATER && comparison != v1::COMPARISON_OPERATOR_GREATER_OR_EQUAL;
}

bool HasLowerBound(v1::ComparisonOperator comparison) {
  return comparison != v1::COMPARISON_OPERATOR_LESS && comparison != v1::COMPARISON_OPERATOR_LESS_OR_EQUAL;
}

}  // namespace

int32_t ConditionProgram::Compiler::Node(const v1::ConditionNode& node, int32_t if_true, int32_t if_false) {
  switch (node.kind_case()) {
    case v1::ConditionNode::kAllOf:
      for (int i = node.all_of().operands_size() - 1; i >= 0; --i) {
        if_true = Node(node.all_of().operands(i), if_true, if_false);
      }
      return if_true;
    case v1::ConditionNode::kAnyOf:
      for (int i = node.any_of().operands_size() - 1; i >= 0; --i) {
        if_false = Node(node.any_of().operands(i), if_true, if_false);
      }
      return if_false;
    case v1::ConditionNode::kNegation:
      return Node(node.negation(), if_false, if_true);
    case v1::ConditionNode::kComparison:
      return Leaf(node, node.comparison().attribute(), ComparisonTest(node.comparison()), if_true, if_false);
    case v1::ConditionNode::kMembership:
      return Leaf(node, node.membership().attribute(), MembershipTest(node.membership()), if_true, if_false);
    case v1::ConditionNode::kBetween:
      return Leaf(node, node.between().attribute(), BetweenTest(node.between()), if_true, if_false);
    case v1::ConditionNode::kTextTest:
      return Leaf(node, node.text_test().attribute(), TextTest(node.text_test()), if_true, if_false);
    case v1::ConditionNode::kPresence: {
      Test test;
      test.negated = node.presence().negated();
      return Leaf(node, node.presence().attribute(), test, if_true, if_false);
    }
    case v1::ConditionNode::kSegment:
      return Segment(node.segment().segment(), if_true, if_false);
    case v1::ConditionNode::kConstant:
      return node.constant() ? if_true : if_false;
    case v1::ConditionNode::KIND_NOT_SET:
      break;
  }
  return if_false;
}

int32_t ConditionProgram::Compiler::Segment(const std::string& id, int32_t if_true, int32_t if_false) {
  const v1::Segment* segment = definitions_.FindSegment(id);
  if (segment == nullptr) return if_false;
  std::string outer = std::exchange(segment_, id);
  const int32_t entry = Node(segment->condition().tree(), if_true, if_false);
  segment_ = std::move(outer);
  return entry;
}

int32_t ConditionProgram::Compiler::Leaf(const v1::ConditionNode& node, const std::string& attribute, Test test,
                                         int32_t if_true, int32_t if_false) {
  test.slot = schema_.SlotOf(attribute).value_or(0);
  test.if_true = if_true;
  test.if_false = if_false;
  program_.tests_.push_back(test);
  program_.wordings_.push_back(
      {absl::StrCat(segment_.empty() ? "" : absl::StrCat("segment(", segment_, "): "), PrintCondition(node)), attribute,
       TypeOf(attribute)});
  return static_cast<int32_t>(program_.tests_.size()) - 1;
}

v1::AttributeType ConditionProgram::Compiler::TypeOf(const std::string& attribute) const {
  const std::optional<int> slot = schema_.SlotOf(attribute);
  return slot.has_value() ? schema_.TypeOf(*slot) : v1::ATTRIBUTE_TYPE_UNSPECIFIED;
}

void ConditionProgram::Compiler::SetText(absl::string_view text, Test& test) {
  test.text_offset = static_cast<uint32_t>(program_.texts_.size());
  test.text_size = static_cast<uint32_t>(text.size());
  absl::StrAppend(&program_.texts_, text);
}

// Every comparison of numbers is a range with both ends included: `x < 5` is `x <= 4` for whole numbers, and for
// doubles `x <=` the double before 5.
ConditionProgram::Test ConditionProgram::Compiler::ComparisonTest(const v1::ComparisonTest& comparison) {
  const v1::ComparisonOperator op = comparison.operator_();
  const v1::Literal& literal = comparison.literal();
  Test test;
  if (literal.has_version_value()) {
    test.op = Op::kVersion;
    test.orders = OrdersOf(op);
    SetText(literal.version_value(), test);
    return test;
  }
  test.negated = op == v1::COMPARISON_OPERATOR_NOT_EQUAL;
  if (literal.has_string_value()) {
    test.op = Op::kText;
    SetText(literal.string_value(), test);
  } else if (TypeOf(comparison.attribute()) == v1::ATTRIBUTE_TYPE_DOUBLE) {
    const double value = NumberOf(literal);
    test.op = Op::kDoubleRange;
    test.lower.number = HasLowerBound(op) ? value : -kInfinity;
    test.upper.number = HasUpperBound(op) ? value : kInfinity;
    if (op == v1::COMPARISON_OPERATOR_GREATER) test.lower.number = std::nextafter(value, kInfinity);
    if (op == v1::COMPARISON_OPERATOR_LESS) test.upper.number = std::nextafter(value, -kInfinity);
  } else {
    const int64_t value = IntegerOf(literal);
    test.op = literal.has_now_offset() ? Op::kRelativeRange : Op::kIntegerRange;
    test.lower_moves = literal.has_now_offset() && HasLowerBound(op);
    test.upper_moves = literal.has_now_offset() && HasUpperBound(op);
    test.lower.integer = HasLowerBound(op) ? value : kLowest;
    test.upper.integer = HasUpperBound(op) ? value : kHighest;
    const bool is_strict_at_end = (op == v1::COMPARISON_OPERATOR_GREATER && value == kHighest) ||
                                  (op == v1::COMPARISON_OPERATOR_LESS && value == kLowest);
    if (is_strict_at_end) {
      test.lower.integer = kHighest;
      test.upper.integer = kLowest;
    } else if (op == v1::COMPARISON_OPERATOR_GREATER) {
      ++test.lower.integer;
    } else if (op == v1::COMPARISON_OPERATOR_LESS) {
      --test.upper.integer;
    }
  }
  return test;
}

ConditionProgram::Test ConditionProgram::Compiler::MembershipTest(const v1::Membership& membership) {
  Test test;
  test.negated = membership.negated();
  const auto collect = [&](Op op, auto& sets, auto value_of) {
    test.op = op;
    test.set = static_cast<uint32_t>(sets.size());
    auto& set = sets.emplace_back();
    for (const v1::Literal& literal : membership.literals()) set.insert(value_of(literal));
  };
  switch (TypeOf(membership.attribute())) {
    case v1::ATTRIBUTE_TYPE_INT:
      collect(Op::kIntegerSet, program_.integer_sets_, IntegerOf);
      break;
    case v1::ATTRIBUTE_TYPE_DOUBLE:
      collect(Op::kDoubleSet, program_.double_sets_, NumberOf);
      break;
    default:
      collect(Op::kTextSet, program_.text_sets_, [](const v1::Literal& literal) { return literal.string_value(); });
  }
  return test;
}

ConditionProgram::Test ConditionProgram::Compiler::BetweenTest(const v1::Between& between) {
  Test test;
  if (TypeOf(between.attribute()) == v1::ATTRIBUTE_TYPE_DOUBLE) {
    test.op = Op::kDoubleRange;
    test.lower.number = NumberOf(between.lower());
    test.upper.number = NumberOf(between.upper());
  } else {
    test.lower_moves = between.lower().has_now_offset();
    test.upper_moves = between.upper().has_now_offset();
    test.op = test.lower_moves || test.upper_moves ? Op::kRelativeRange : Op::kIntegerRange;
    test.lower.integer = IntegerOf(between.lower());
    test.upper.integer = IntegerOf(between.upper());
  }
  return test;
}

ConditionProgram::Test ConditionProgram::Compiler::TextTest(const v1::TextTest& text_test) {
  Test test;
  SetText(text_test.text(), test);
  switch (text_test.operator_()) {
    case v1::TEXT_OPERATOR_STARTS_WITH:
      test.op = Op::kStartsWith;
      break;
    case v1::TEXT_OPERATOR_ENDS_WITH:
      test.op = Op::kEndsWith;
      break;
    default:
      test.op = TypeOf(text_test.attribute()) == v1::ATTRIBUTE_TYPE_STRING_LIST ? Op::kListContains : Op::kContains;
  }
  return test;
}

}  // namespace tierwise
