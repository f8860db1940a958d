// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_check.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/attribute_type_name.h"
#include "experiments/audience/condition_limits.h"
#include "experiments/audience/condition_printer.h"
#include "experiments/audience/condition_text.h"
#include "experiments/audience/literal_check.h"
#include "experiments/audience/literal_text.h"
#include "experiments/audience/segment_expansion.h"
#include "experiments/base/nearest_name.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

// The ids of a collection.
std::vector<std::string> IdsOf(const Definitions& definitions, absl::string_view collection) {
  std::vector<std::string> ids;
  for (const Definitions::Pointer& definition : definitions.InCollection(collection)) {
    ids.emplace_back(IdOf(*definition));
  }
  return ids;
}

std::string SuggestionFor(absl::string_view id, const Definitions& definitions, absl::string_view collection) {
  const std::vector<std::string> ids = IdsOf(definitions, collection);
  return DidYouMean(id, std::vector<absl::string_view>(ids.begin(), ids.end()));
}

// What may follow an attribute of a type, for people.
absl::string_view OperatorsOf(v1::AttributeType type) {
  switch (type) {
    case v1::ATTRIBUTE_TYPE_BOOL:
      return "=, !=, is set";
    case v1::ATTRIBUTE_TYPE_INT:
    case v1::ATTRIBUTE_TYPE_DOUBLE:
      return "=, !=, <, <=, >, >=, in, between, is set";
    case v1::ATTRIBUTE_TYPE_STRING:
      return "=, !=, in, starts_with, ends_with, contains, is set, and <, <=, >, >= with a version";
    case v1::ATTRIBUTE_TYPE_TIMESTAMP:
      return "=, !=, <, <=, >, >=, between, is set";
    case v1::ATTRIBUTE_TYPE_STRING_LIST:
      return "contains, is set";
    default:
      return "nothing";
  }
}

class Checker {
 public:
  Checker(const PrintedCondition& printed, const Definitions& definitions, absl::string_view field, Problems& problems)
      : printed_(printed), definitions_(definitions), expander_(definitions), field_(field), problems_(problems) {}

  void Node(const v1::ConditionNode& node) {
    switch (node.kind_case()) {
      case v1::ConditionNode::kAllOf:
        return List(node, node.all_of(), "and");
      case v1::ConditionNode::kAnyOf:
        return List(node, node.any_of(), "or");
      case v1::ConditionNode::kNegation:
        return Node(node.negation());
      case v1::ConditionNode::kComparison:
        return Comparison(node, node.comparison());
      case v1::ConditionNode::kMembership:
        return Membership(node, node.membership());
      case v1::ConditionNode::kBetween:
        return Between(node, node.between());
      case v1::ConditionNode::kTextTest:
        return TextTest(node, node.text_test());
      case v1::ConditionNode::kPresence:
        Attribute(node, node.presence().attribute());
        return;
      case v1::ConditionNode::kSegment:
        return Segment(node);
      case v1::ConditionNode::kConstant:
        return;
      case v1::ConditionNode::KIND_NOT_SET:
        return Add(&node, "a node of the tree tests nothing: one of its kinds is required");
    }
  }

  void Size(const v1::ConditionNode& tree) {
    if (expanded_nodes_ + SizeOf(tree).nodes > kMaxExpandedNodes) {
      Add(&tree,
          absl::StrCat("with its segments written out the condition has more than ", kMaxExpandedNodes, " nodes"));
    }
  }

 private:
  void Add(const void* part, absl::string_view description) {
    const size_t column = ColumnOf(printed_.text, printed_.offsets.at(part));
    problems_.Add(field_, absl::StrCat("column ", column, ": ", description));
  }

  void List(const v1::ConditionNode& node, const v1::ConditionList& list, absl::string_view word) {
    if (list.operands_size() < 2) {
      Add(&node, absl::StrCat("`", word, "` needs at least two operands, this has ", list.operands_size()));
    }
    for (const v1::ConditionNode& operand : list.operands()) Node(operand);
  }

  // The declared attribute, or null and a problem.
  const v1::Attribute* Attribute(const v1::ConditionNode& node, const std::string& id) {
    const v1::Attribute* attribute = definitions_.FindAttribute(id);
    if (attribute == nullptr) {
      Add(&node, absl::StrCat("unknown attribute ", PrintString(absl::string_view(id).substr(0, 63)),
                              SuggestionFor(id, definitions_, "attributes")));
    }
    return attribute;
  }

  void UnknownOperator(const void* test, const v1::Attribute& attribute, absl::string_view written) {
    Add(test, absl::StrCat(attribute.id(), " is ", TypeName(attribute.type()), ", which knows ",
                           OperatorsOf(attribute.type()), ", but not ", written));
  }

  // Adds what is wrong with a literal of `test` that stands against `attribute`; returns whether nothing is.
  bool Literal(const v1::Literal& literal, const v1::Attribute& attribute, const void* test) {
    if (literal.value_case() == v1::Literal::VALUE_NOT_SET) {
      Add(test, "a literal is required");
      return false;
    }
    const std::string problem = LiteralProblem(literal, attribute);
    if (!problem.empty()) Add(&literal, problem);
    return problem.empty();
  }

  void Comparison(const v1::ConditionNode& node, const v1::ComparisonTest& test) {
    const v1::ComparisonOperator comparison = test.operator_();
    const bool has_operator =
        v1::ComparisonOperator_IsValid(comparison) && comparison != v1::COMPARISON_OPERATOR_UNSPECIFIED;
    if (!has_operator) Add(&test, "an operator is required: =, !=, <, <=, > or >=");
    const v1::Attribute* attribute = Attribute(node, test.attribute());
    if (attribute == nullptr) return;
    const bool is_equality =
        comparison == v1::COMPARISON_OPERATOR_EQUAL || comparison == v1::COMPARISON_OPERATOR_NOT_EQUAL;
    const bool knows_order = attribute->type() == v1::ATTRIBUTE_TYPE_INT ||
                             attribute->type() == v1::ATTRIBUTE_TYPE_DOUBLE ||
                             attribute->type() == v1::ATTRIBUTE_TYPE_TIMESTAMP ||
                             (attribute->type() == v1::ATTRIBUTE_TYPE_STRING && test.literal().has_version_value());
    if (attribute->type() == v1::ATTRIBUTE_TYPE_STRING_LIST) return UnknownOperator(&test, *attribute, "comparisons");
    if (has_operator && !is_equality && !knows_order) UnknownOperator(&test, *attribute, "order");
    Literal(test.literal(), *attribute, &test);
  }

  void Membership(const v1::ConditionNode& node, const v1::Membership& test) {
    if (test.literals().empty()) Add(&test, "the list is empty; at least one literal is required");
    if (test.literals_size() > kMaxLiterals) {
      Add(&test,
          absl::StrCat("the list has ", test.literals_size(), " literals, at most ", kMaxLiterals, " are allowed"));
    }
    const v1::Attribute* attribute = Attribute(node, test.attribute());
    if (attribute == nullptr) return;
    if (attribute->type() != v1::ATTRIBUTE_TYPE_INT && attribute->type() != v1::ATTRIBUTE_TYPE_DOUBLE &&
        attribute->type() != v1::ATTRIBUTE_TYPE_STRING) {
      return UnknownOperator(&test, *attribute, "in");
    }
    for (const v1::Literal& literal : test.literals()) {
      if (literal.has_version_value()) {
        Add(&literal, "versions are compared with =, !=, <, <=, > and >=, not with in");
      } else {
        Literal(literal, *attribute, &test);
      }
    }
  }

  void Between(const v1::ConditionNode& node, const v1::Between& test) {
    const v1::Attribute* attribute = Attribute(node, test.attribute());
    if (attribute == nullptr) return;
    if (attribute->type() != v1::ATTRIBUTE_TYPE_INT && attribute->type() != v1::ATTRIBUTE_TYPE_DOUBLE &&
        attribute->type() != v1::ATTRIBUTE_TYPE_TIMESTAMP) {
      return UnknownOperator(&test, *attribute, "between");
    }
    const bool lower_fits = Literal(test.lower(), *attribute, &test);
    const bool upper_fits = Literal(test.upper(), *attribute, &test);
    if (lower_fits && upper_fits && IsBelow(test.upper(), test.lower())) {
      Add(&test.upper(), absl::StrCat("the upper bound ", PrintLiteral(test.upper()), " is below the lower bound ",
                                      PrintLiteral(test.lower())));
    }
  }

  void TextTest(const v1::ConditionNode& node, const v1::TextTest& test) {
    const bool is_contains = test.operator_() == v1::TEXT_OPERATOR_CONTAINS;
    if (!v1::TextOperator_IsValid(test.operator_()) || test.operator_() == v1::TEXT_OPERATOR_UNSPECIFIED) {
      Add(&test, "an operator is required: starts_with, ends_with or contains");
    }
    const std::string problem = test.text().empty() ? "the text is empty" : StringProblem(test.text());
    // An empty text has no place of its own: messages share one.
    if (!problem.empty()) Add(test.text().empty() ? static_cast<const void*>(&test) : &test.text(), problem);
    const v1::Attribute* attribute = Attribute(node, test.attribute());
    if (attribute == nullptr) return;
    if (attribute->type() == v1::ATTRIBUTE_TYPE_STRING_LIST) {
      if (!is_contains) return UnknownOperator(&test, *attribute, "starts_with and ends_with");
      const std::string not_allowed = AllowedValueProblem(test.text(), *attribute);
      if (problem.empty() && !not_allowed.empty()) Add(&test.text(), not_allowed);
    } else if (attribute->type() != v1::ATTRIBUTE_TYPE_STRING) {
      UnknownOperator(&test, *attribute, "tests of text");
    }
  }

  void Segment(const v1::ConditionNode& node) {
    const std::string& id = node.segment().segment();
    if (definitions_.FindSegment(id) == nullptr) {
      return Add(&node, absl::StrCat("unknown segment ", PrintString(absl::string_view(id).substr(0, 63)),
                                     SuggestionFor(id, definitions_, "segments")));
    }
    const SegmentExpansion expansion = expander_.Expand(id);
    if (!expansion.problem.empty()) return Add(&node, expansion.problem);
    expanded_nodes_ = std::min<int64_t>(expanded_nodes_ + expansion.nodes, kMaxExpandedNodes + 1);
  }

  const PrintedCondition& printed_;
  const Definitions& definitions_;
  SegmentExpander expander_;
  absl::string_view field_;
  Problems& problems_;
  int64_t expanded_nodes_ = 0;
};

// Whether the tree can be printed and walked. Adds nothing.
bool IsOfAllowedSize(const v1::ConditionNode& tree) {
  const TreeSize size = SizeOf(tree);
  return size.depth <= kMaxConditionDepth && size.nodes <= kMaxConditionNodes;
}

}  // namespace

void NormalizeCondition(v1::Condition& condition, absl::string_view field, Problems& problems) {
  if (condition.has_tree() && !IsOfAllowedSize(condition.tree())) return;
  if (!condition.text().empty()) {
    absl::StatusOr<v1::ConditionNode> tree = ParseCondition(condition.text());
    if (!tree.ok()) {
      for (const Problem& problem : ProblemsOf(tree.status())) problems.Add(field, problem.description);
      return;
    }
    if (condition.has_tree() && !google::protobuf::util::MessageDifferencer::Equals(*tree, condition.tree())) {
      problems.Add(field, absl::StrCat("text and tree differ: the tree says ",
                                       PrintCondition(condition.tree()).substr(0, kMaxStringBytes)));
      return;
    }
    *condition.mutable_tree() = *std::move(tree);
  }
  if (condition.has_tree()) condition.set_text(PrintCondition(condition.tree()));
}

void CheckCondition(const v1::Condition& condition, const Definitions& definitions, absl::string_view field,
                    Problems& problems) {
  if (!condition.has_tree()) {
    if (condition.text().empty()) problems.Add(field, "column 1: a condition is required");
    return;
  }
  const TreeSize size = SizeOf(condition.tree());
  if (size.depth > kMaxConditionDepth) {
    problems.Add(field, absl::StrCat("column 1: the condition is more than ", kMaxConditionDepth, " deep"));
    return;
  }
  if (size.nodes > kMaxConditionNodes) {
    problems.Add(field, absl::StrCat("column 1: the condition has ", size.nodes, " nodes, at most ", kMaxConditionNodes,
                                     " are allowed"));
    return;
  }
  const PrintedCondition printed = PrintWithOffsets(condition.tree());
  if (printed.text.size() > kMaxConditionBytes) {
    problems.Add(field, absl::StrCat("column 1: the text has ", printed.text.size(), " bytes, at most ",
                                     kMaxConditionBytes, " are allowed"));
  }
  Checker checker(printed, definitions, field, problems);
  checker.Node(condition.tree());
  checker.Size(condition.tree());
}

}  // namespace tierwise
