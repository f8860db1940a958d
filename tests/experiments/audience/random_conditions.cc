// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/audience/random_conditions.h"

#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/audience/literal_check.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

constexpr absl::string_view kAttributes[] = {"is_member",   "age",           "spend", "country",
                                             "app_version", "last_order_at", "tags"};
constexpr absl::string_view kWords[] = {"a", "ab", "abc", "b", "bc", "1.0.0", "1.0.0-rc.1", "2.0.0"};
constexpr absl::string_view kVersions[] = {"1.0.0", "1.0.0-rc.1", "1.0.0+build", "2.0.0"};

}  // namespace

std::string RandomConditions::WildText() {
  std::string text;
  for (int i = 1 + Below(12); i > 0; --i) {
    constexpr uint32_t kLimits[] = {0x20, 0x80, 0x800, 0xD800, 0x110000};
    uint32_t code_point = static_cast<uint32_t>(random_() % kLimits[Below(std::size(kLimits))]);
    if (code_point >= 0xD800 && code_point < 0xE000) code_point = '"';
    AppendUtf8(code_point, text);
  }
  return text;
}

std::string RandomConditions::Word(bool is_wild) {
  return is_wild ? WildText() : std::string(kWords[Below(std::size(kWords))]);
}

double RandomConditions::WildDouble() {
  while (true) {
    const uint64_t bits = random_();
    double value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    if (Coin()) value = std::ldexp(static_cast<double>(Below(2000) - 1000), Below(20) - 10);
    if (std::isfinite(value)) return value;
  }
}

v1::Literal RandomConditions::LiteralFor(absl::string_view attribute, bool is_wild) {
  v1::Literal literal;
  if (attribute == "is_member") {
    literal.set_bool_value(Coin());
  } else if (attribute == "age") {
    literal.set_int_value(is_wild ? static_cast<int64_t>(random_() >> Below(64)) : Below(5) - 2);
  } else if (attribute == "spend") {
    if (Coin()) {
      literal.set_int_value(Below(4) - 2);
    } else {
      literal.set_double_value(is_wild ? WildDouble() : (Below(9) - 4) / 2.0);
    }
  } else if (attribute == "country") {
    literal.set_string_value(Word(is_wild));
  } else if (attribute == "app_version") {
    literal.set_version_value(std::string(kVersions[Below(std::size(kVersions))]));
  } else if (Coin()) {
    constexpr int64_t kUnits[] = {1, 60, 3'600, 86'400, 604'800};
    const int64_t count = is_wild ? Below(500'000) - 250'000 : Below(5) - 2;
    literal.mutable_now_offset()->set_seconds(count * (is_wild ? kUnits[Below(std::size(kUnits))] : 1));
  } else {
    const int64_t offset = is_wild ? static_cast<int64_t>(random_() % 200'000'000'000) - 50'000'000'000 : Below(5) - 2;
    literal.mutable_time_value()->set_seconds(kNowSeconds + offset);
    if (is_wild && Coin()) literal.mutable_time_value()->set_nanos(Below(1'000'000) * 1'000);
  }
  return literal;
}

void RandomConditions::Compare(absl::string_view attribute, bool is_wild, v1::ConditionNode& node) {
  v1::ComparisonTest& test = *node.mutable_comparison();
  test.set_attribute(std::string(attribute));
  *test.mutable_literal() = LiteralFor(attribute, is_wild);
  const bool knows_order = attribute != "is_member" && attribute != "country";
  test.set_operator_(static_cast<v1::ComparisonOperator>(1 + Below(knows_order ? 6 : 2)));
}

void RandomConditions::Leaf(v1::ConditionNode& node, bool is_wild) {
  const std::string attribute(kAttributes[Below(std::size(kAttributes))]);
  const bool is_number = attribute == "age" || attribute == "spend";
  const int choice = Below(6);
  if (choice == 0) {
    node.mutable_presence()->set_attribute(attribute);
    node.mutable_presence()->set_negated(Coin());
  } else if (choice == 1 && (is_number || attribute == "country")) {
    node.mutable_membership()->set_attribute(attribute);
    node.mutable_membership()->set_negated(Coin());
    for (int i = Below(4); i >= 0; --i) *node.mutable_membership()->add_literals() = LiteralFor(attribute, is_wild);
  } else if (choice == 2 && (is_number || attribute == "last_order_at")) {
    v1::Literal lower = LiteralFor(attribute, is_wild);
    v1::Literal upper = LiteralFor(attribute, is_wild);
    if (IsBelow(upper, lower)) std::swap(lower, upper);
    node.mutable_between()->set_attribute(attribute);
    *node.mutable_between()->mutable_lower() = std::move(lower);
    *node.mutable_between()->mutable_upper() = std::move(upper);
  } else if (attribute == "tags" || (choice == 3 && attribute == "country")) {
    node.mutable_text_test()->set_attribute(attribute);
    node.mutable_text_test()->set_text(Word(is_wild));
    node.mutable_text_test()->set_operator_(attribute == "tags" ? v1::TEXT_OPERATOR_CONTAINS
                                                                : static_cast<v1::TextOperator>(1 + Below(3)));
  } else {
    Compare(attribute, is_wild, node);
  }
}

v1::ConditionNode RandomConditions::Tree(int depth, bool is_wild, const std::vector<std::string>& segments) {
  v1::ConditionNode node;
  const int choice = depth <= 1 ? 3 + Below(7) : Below(10);
  if (choice < 2) {
    v1::ConditionList& list = choice == 0 ? *node.mutable_all_of() : *node.mutable_any_of();
    for (int i = 2 + Below(3); i > 0; --i) *list.add_operands() = Tree(depth - 1, is_wild, segments);
  } else if (choice == 2) {
    *node.mutable_negation() = Tree(depth - 1, is_wild, segments);
  } else if (choice == 3 && Below(3) == 0) {
    node.set_constant(Coin());
  } else if (choice == 4 && !segments.empty()) {
    node.mutable_segment()->set_segment(segments[static_cast<size_t>(Below(static_cast<int>(segments.size())))]);
  } else {
    Leaf(node, is_wild);
  }
  return node;
}

KnownValues RandomConditions::User() {
  KnownValues values;
  for (const absl::string_view attribute : kAttributes) {
    if (Below(4) == 0) continue;
    v1::AttributeValue& value = values[std::string(attribute)];
    value.set_attribute(std::string(attribute));
    if (attribute == "is_member") {
      value.set_bool_value(Coin());
    } else if (attribute == "age") {
      value.set_int_value(Below(5) - 2);
    } else if (attribute == "spend") {
      value.set_double_value((Below(9) - 4) / 2.0);
    } else if (attribute == "last_order_at") {
      value.mutable_time_value()->set_seconds(kNowSeconds + Below(7) - 3);
    } else if (attribute == "tags") {
      value.mutable_list_value();
      for (int i = Below(4); i > 0; --i) value.mutable_list_value()->add_values(Word(false));
    } else {
      value.set_string_value(Word(false));
    }
  }
  return values;
}

}  // namespace tierwise
