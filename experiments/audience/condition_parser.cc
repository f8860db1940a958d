// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_parser.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_limits.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

constexpr char kExpectedLiteral[] =
    "a number, a string in double quotes, true, false, a time (t\"...\"), now or a version (v\"...\")";
constexpr char kExpectedOperator[] =
    "one of = != < <= > >= in, not in, between, starts_with, ends_with, contains, is set, is not set";

std::string Describe(const Token& token) {
  constexpr size_t kMaxShown = 40;
  if (token.kind == TokenKind::kEnd) return "the end";
  if (token.text.size() <= kMaxShown) return std::string(token.text);
  const absl::string_view shown = token.text.substr(0, kMaxShown);
  return absl::StrCat(shown.substr(0, ValidUtf8Prefix(shown)), "...");
}

v1::ComparisonOperator ComparisonOf(absl::string_view symbol) {
  if (symbol == "=") return v1::COMPARISON_OPERATOR_EQUAL;
  if (symbol == "!=") return v1::COMPARISON_OPERATOR_NOT_EQUAL;
  if (symbol == "<") return v1::COMPARISON_OPERATOR_LESS;
  if (symbol == "<=") return v1::COMPARISON_OPERATOR_LESS_OR_EQUAL;
  if (symbol == ">") return v1::COMPARISON_OPERATOR_GREATER;
  if (symbol == ">=") return v1::COMPARISON_OPERATOR_GREATER_OR_EQUAL;
  return v1::COMPARISON_OPERATOR_UNSPECIFIED;
}

v1::TextOperator TextOperatorOf(absl::string_view word) {
  if (word == "starts_with") return v1::TEXT_OPERATOR_STARTS_WITH;
  if (word == "ends_with") return v1::TEXT_OPERATOR_ENDS_WITH;
  if (word == "contains") return v1::TEXT_OPERATOR_CONTAINS;
  return v1::TEXT_OPERATOR_UNSPECIFIED;
}

class Parser {
 public:
  explicit Parser(Tokens tokens) : tokens_(std::move(tokens.tokens)), errors_(std::move(tokens.errors)) {}

  ParsedCondition Run() && {
    ParsedCondition parsed;
    Whole(parsed.tree, false);
    if (SizeOf(parsed.tree).depth > kMaxConditionDepth) TooDeep(0);
    std::stable_sort(errors_.begin(), errors_.end(),
                     [](const SyntaxError& a, const SyntaxError& b) { return a.offset < b.offset; });
    errors_.erase(std::unique(errors_.begin(), errors_.end(),
                              [](const SyntaxError& a, const SyntaxError& b) { return a.offset == b.offset; }),
                  errors_.end());
    parsed.errors = std::move(errors_);
    return parsed;
  }

 private:
  const Token& Current() const { return tokens_[at_]; }
  bool AtEnd() const { return Current().kind == TokenKind::kEnd; }
  // Whether the current token is this word or symbol. Strings never are: their text has quotes.
  bool Is(absl::string_view text) const { return Current().text == text && !AtEnd(); }
  bool Accept(absl::string_view text) {
    if (!Is(text)) return false;
    ++at_;
    return true;
  }

  void Error(size_t offset, std::string message) {
    if (!gave_up_) errors_.push_back({offset, std::move(message)});
  }
  void Expected(absl::string_view what) {
    Error(Current().offset, absl::StrCat("found ", Describe(Current()), ", expected ", what));
  }
  bool Expect(absl::string_view text) {
    if (Accept(text)) return true;
    Expected(text);
    return false;
  }
  void GiveUp(size_t offset, std::string message) {
    Error(offset, std::move(message));
    gave_up_ = true;
    at_ = tokens_.size() - 1;
  }
  void TooDeep(size_t offset) {
    GiveUp(offset, absl::StrCat("the condition is more than ", kMaxConditionDepth, " deep"));
  }

  // Skips to the next `and`, `or` or `)` outside the parentheses that are opened on the way.
  void Recover() {
    int open = 0;
    for (; !AtEnd(); ++at_) {
      if (open == 0 && (Is("and") || Is("or") || Is(")"))) return;
      if (Is("(")) ++open;
      if (Is(")")) --open;
    }
  }

  void CountNode() {
    if (++nodes_ > kMaxConditionNodes) {
      GiveUp(Current().offset, absl::StrCat("the condition has more than ", kMaxConditionNodes, " nodes"));
    }
  }

  // Reads operands separated by `separator`: into `node` where there is one only, else as a list of the kind that
  // `list_of` makes.
  template <typename ReadOperand, typename ListOf>
  void List(absl::string_view separator, v1::ConditionNode& node, ReadOperand read_operand, ListOf list_of) {
    read_operand(node);
    if (!Is(separator)) return;
    CountNode();
    v1::ConditionNode first = std::move(node);
    node.Clear();
    v1::ConditionList& list = *list_of(node);
    *list.add_operands() = std::move(first);
    while (Accept(separator)) read_operand(*list.add_operands());
  }

  // Reads to the end, or to the closing parenthesis.
  void Whole(v1::ConditionNode& node, bool in_parentheses) {
    AnyOf(node);
    while (!AtEnd() && !(in_parentheses && Is(")"))) {
      Expected(in_parentheses ? "and, or, )" : "and, or, the end");
      if (!Accept(")")) Recover();
      v1::ConditionNode ignored;
      if (Accept("and") || Accept("or")) AnyOf(ignored);
    }
  }

  void AnyOf(v1::ConditionNode& node) {
    List(
        "or", node, [this](v1::ConditionNode& operand) { AllOf(operand); },
        [](v1::ConditionNode& list) { return list.mutable_any_of(); });
  }

  void AllOf(v1::ConditionNode& node) {
    List(
        "and", node, [this](v1::ConditionNode& operand) { Negation(operand); },
        [](v1::ConditionNode& list) { return list.mutable_all_of(); });
  }

  void Negation(v1::ConditionNode& node) {
    if (!Is("not")) return Operand(node);
    if (++nesting_ > kMaxConditionDepth) return TooDeep(Current().offset);
    ++at_;
    CountNode();
    Negation(*node.mutable_negation());
    --nesting_;
  }

  void Operand(v1::ConditionNode& node) {
    if (Is("(")) return Parentheses(node);
    CountNode();
    if (Is("true") || Is("false")) {
      node.set_constant(Is("true"));
      ++at_;
    } else if (Accept("segment")) {
      if (!Segment(*node.mutable_segment())) Recover();
    } else if (Current().kind == TokenKind::kWord && !IsReservedWord(Current().text)) {
      if (!Test(node)) Recover();
    } else {
      Expected("an attribute, segment(...), true, false, not or (");
      Recover();
    }
  }

  void Parentheses(v1::ConditionNode& node) {
    const size_t offset = Current().offset;
    if (++nesting_ > kMaxConditionDepth) return TooDeep(offset);
    ++at_;
    Whole(node, true);
    if (!Accept(")")) Error(offset, "the parenthesis is not closed");
    --nesting_;
  }

  bool Segment(v1::SegmentReference& reference) {
    if (!Expect("(")) return false;
    if (Current().kind != TokenKind::kWord || !IsId(Current().text)) {
      Expected("the id of a segment: a lower-case letter, then at most 62 lower-case letters, digits, _ and -");
      if (!Is(")") && !AtEnd()) ++at_;
      Accept(")");
      return false;
    }
    reference.set_segment(std::string(Current().text));
    ++at_;
    return Expect(")");
  }

  bool Test(v1::ConditionNode& node) {
    const std::string attribute(Current().text);
    if (!IsAttributeId(attribute)) {
      Expected("an attribute: a lower-case letter, then at most 62 lower-case letters, digits and _");
    }
    ++at_;
    if (const v1::ComparisonOperator comparison = ComparisonOf(Current().text);
        comparison != v1::COMPARISON_OPERATOR_UNSPECIFIED) {
      ++at_;
      node.mutable_comparison()->set_attribute(attribute);
      node.mutable_comparison()->set_operator_(comparison);
      return Literal(*node.mutable_comparison()->mutable_literal());
    }
    if (const v1::TextOperator text_operator = TextOperatorOf(Current().text);
        text_operator != v1::TEXT_OPERATOR_UNSPECIFIED) {
      ++at_;
      node.mutable_text_test()->set_attribute(attribute);
      node.mutable_text_test()->set_operator_(text_operator);
      return Text(*node.mutable_text_test()->mutable_text());
    }
    if (Is("in") || Is("not")) {
      node.mutable_membership()->set_attribute(attribute);
      return Membership(*node.mutable_membership());
    }
    if (Accept("between")) {
      node.mutable_between()->set_attribute(attribute);
      return Between(*node.mutable_between());
    }
    if (Accept("is")) {
      node.mutable_presence()->set_attribute(attribute);
      node.mutable_presence()->set_negated(Accept("not"));
      return Expect("set");
    }
    Expected(kExpectedOperator);
    return false;
  }

  bool Membership(v1::Membership& membership) {
    membership.set_negated(Accept("not"));
    if (!Expect("in") || !Expect("[")) return false;
    do {
      if (!Literal(*membership.add_literals())) return SkipList();
    } while (Accept(","));
    if (Accept("]")) return true;
    Expected(", or ]");
    return SkipList();
  }

  // After an error inside a list: to its end.
  bool SkipList() {
    while (!AtEnd() && !Is("]") && !Is("and") && !Is("or") && !Is(")")) ++at_;
    Accept("]");
    return false;
  }

  // An error in the lower bound does not hide the upper one, whose `and` would else be taken for a conjunction.
  bool Between(v1::Between& between) {
    const bool has_lower = Literal(*between.mutable_lower());
    if (!has_lower && !Is("and")) return false;
    return Expect("and") && Literal(*between.mutable_upper()) && has_lower;
  }

  bool Text(std::string& text) {
    if (!Current().literal.has_string_value()) {
      Expected("a string in double quotes");
      return false;
    }
    text = Current().literal.string_value();
    ++at_;
    return true;
  }

  bool Literal(v1::Literal& literal) {
    if (Is("true") || Is("false")) {
      literal.set_bool_value(Is("true"));
    } else if (Is("now")) {
      return Now(*literal.mutable_now_offset());
    } else if (Current().kind == TokenKind::kLiteral) {
      literal = Current().literal;
    } else {
      Expected(kExpectedLiteral);
      return false;
    }
    ++at_;
    return true;
  }

  bool Now(google::protobuf::Duration& offset) {
    ++at_;
    if (!Is("+") && !Is("-")) return true;
    const int64_t sign = Is("-") ? -1 : 1;
    ++at_;
    if (Current().kind != TokenKind::kDuration) {
      Expected("a duration, such as 30d");
      return false;
    }
    offset.set_seconds(sign * Current().literal.now_offset().seconds());
    ++at_;
    return true;
  }

  std::vector<Token> tokens_;
  std::vector<SyntaxError> errors_;
  size_t at_ = 0;
  int nodes_ = 0;
  int nesting_ = 0;  // of parentheses and `not`
  bool gave_up_ = false;
};

}  // namespace

ParsedCondition ParseTokens(Tokens tokens) { return Parser(std::move(tokens)).Run(); }

}  // namespace tierwise
