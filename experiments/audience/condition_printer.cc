// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_printer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "experiments/audience/literal_text.h"

namespace tierwise {
namespace {

absl::string_view OperatorText(v1::ComparisonOperator comparison) {
  switch (comparison) {
    case v1::COMPARISON_OPERATOR_EQUAL:
      return "=";
    case v1::COMPARISON_OPERATOR_NOT_EQUAL:
      return "!=";
    case v1::COMPARISON_OPERATOR_LESS:
      return "<";
    case v1::COMPARISON_OPERATOR_LESS_OR_EQUAL:
      return "<=";
    case v1::COMPARISON_OPERATOR_GREATER:
      return ">";
    case v1::COMPARISON_OPERATOR_GREATER_OR_EQUAL:
      return ">=";
    default:
      return "?";
  }
}

absl::string_view OperatorText(v1::TextOperator text_operator) {
  switch (text_operator) {
    case v1::TEXT_OPERATOR_STARTS_WITH:
      return "starts_with";
    case v1::TEXT_OPERATOR_ENDS_WITH:
      return "ends_with";
    case v1::TEXT_OPERATOR_CONTAINS:
      return "contains";
    default:
      return "?";
  }
}

class Printer {
 public:
  void Node(const v1::ConditionNode& node) {
    Mark(&node);
    switch (node.kind_case()) {
      case v1::ConditionNode::kAllOf:
        return List(node.all_of(), " and ", false);
      case v1::ConditionNode::kAnyOf:
        return List(node.any_of(), " or ", true);
      case v1::ConditionNode::kNegation:
        Write("not ");
        return Operand(node.negation(), IsList(node.negation()));
      case v1::ConditionNode::kComparison:
        Attribute(node.comparison(), OperatorText(node.comparison().operator_()));
        return Literal(node.comparison().literal());
      case v1::ConditionNode::kMembership:
        Attribute(node.membership(), node.membership().negated() ? "not in" : "in");
        return Literals(node.membership());
      case v1::ConditionNode::kBetween:
        Attribute(node.between(), "between");
        Literal(node.between().lower());
        Write(" and ");
        return Literal(node.between().upper());
      case v1::ConditionNode::kTextTest:
        Attribute(node.text_test(), OperatorText(node.text_test().operator_()));
        Mark(&node.text_test().text());
        return Write(PrintString(node.text_test().text()));
      case v1::ConditionNode::kPresence:
        Write(node.presence().attribute(), " ");
        Mark(&node.presence());
        return Write(node.presence().negated() ? "is not set" : "is set");
      case v1::ConditionNode::kSegment:
        return Write("segment(", node.segment().segment(), ")");
      case v1::ConditionNode::kConstant:
        return Write(node.constant() ? "true" : "false");
      case v1::ConditionNode::KIND_NOT_SET:
        return Write("?");
    }
  }

  PrintedCondition Take() && { return std::move(printed_); }

 private:
  static bool IsList(const v1::ConditionNode& node) { return node.has_all_of() || node.has_any_of(); }

  void Mark(const void* part) { printed_.offsets[part] = printed_.text.size(); }

  template <typename... Parts>
  void Write(const Parts&... parts) {
    absl::StrAppend(&printed_.text, parts...);
  }

  void Operand(const v1::ConditionNode& node, bool in_parentheses) {
    if (in_parentheses) Write("(");
    Node(node);
    if (in_parentheses) Write(")");
  }

  // `and` binds tighter than `or`, so of the lists inside an `or` only another `or` needs parentheses.
  void List(const v1::ConditionList& list, absl::string_view separator, bool is_any_of) {
    if (list.operands().empty()) Write("?");
    bool is_first = true;
    for (const v1::ConditionNode& operand : list.operands()) {
      if (!is_first) Write(separator);
      is_first = false;
      Operand(operand, is_any_of ? operand.has_any_of() : IsList(operand));
    }
  }

  // `attribute operator `, with the place of the operator kept for `test`.
  template <typename Test>
  void Attribute(const Test& test, absl::string_view operator_text) {
    Write(test.attribute(), " ");
    Mark(&test);
    Write(operator_text, " ");
  }

  void Literal(const v1::Literal& literal) {
    Mark(&literal);
    Write(PrintLiteral(literal));
  }

  void Literals(const v1::Membership& membership) {
    Write("[");
    for (int i = 0; i < membership.literals_size(); ++i) {
      if (i > 0) Write(", ");
      Literal(membership.literals(i));
    }
    Write("]");
  }

  PrintedCondition printed_;
};

}  // namespace

PrintedCondition PrintWithOffsets(const v1::ConditionNode& tree) {
  Printer printer;
  printer.Node(tree);
  return std::move(printer).Take();
}

}  // namespace tierwise
