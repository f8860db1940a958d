// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_program.h"

#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_compiler.h"
#include "experiments/audience/semantic_version.h"

namespace tierwise {

ConditionProgram::ConditionProgram(const v1::ConditionNode& tree, const AttributeSchema& schema,
                                   const Definitions& definitions) {
  Compiler(schema, definitions, *this).Compile(tree);
}

std::vector<int> ConditionProgram::slots() const {
  std::set<int> slots;
  for (const Test& test : tests_) slots.insert(test.slot);
  return {slots.begin(), slots.end()};
}

bool ConditionProgram::VersionMatches(const Test& test, absl::string_view value) const {
  const std::optional<SemanticVersion> version = ParseSemanticVersion(value);
  const std::optional<SemanticVersion> other = ParseSemanticVersion(TextOf(test));
  if (!version.has_value() || !other.has_value()) return false;
  const int order = ComparePrecedence(*version, *other);
  const int bit = order < 0 ? 0 : order == 0 ? 1 : 2;
  return (test.orders >> bit & 1) != 0;
}

bool ConditionProgram::Matches(const Test& test, const UserAttributes& user, int64_t now_micros) const {
  switch (test.op) {
    case Op::kIsSet:
      return true;
    case Op::kIntegerRange: {
      const int64_t value = user.integer(test.slot);
      return test.lower.integer <= value && value <= test.upper.integer;
    }
    case Op::kRelativeRange: {
      const int64_t value = user.integer(test.slot);
      return test.lower.integer + (test.lower_moves ? now_micros : 0) <= value &&
             value <= test.upper.integer + (test.upper_moves ? now_micros : 0);
    }
    case Op::kDoubleRange: {
      const double value = user.number(test.slot);
      return test.lower.number <= value && value <= test.upper.number;
    }
    case Op::kIntegerSet:
      return integer_sets_[test.set].contains(user.integer(test.slot));
    case Op::kDoubleSet:
      return double_sets_[test.set].contains(user.number(test.slot));
    case Op::kText:
      return user.text(test.slot) == TextOf(test);
    case Op::kTextSet:
      return text_sets_[test.set].contains(user.text(test.slot));
    case Op::kStartsWith:
      return absl::StartsWith(user.text(test.slot), TextOf(test));
    case Op::kEndsWith:
      return absl::EndsWith(user.text(test.slot), TextOf(test));
    case Op::kContains:
      return absl::StrContains(user.text(test.slot), TextOf(test));
    case Op::kListContains:
      return user.ListContains(test.slot, TextOf(test));
    case Op::kVersion:
      return VersionMatches(test, user.text(test.slot));
  }
  return false;
}

bool ConditionProgram::Holds(const Test& test, const UserAttributes& user, int64_t now_micros) const {
  if (!user.has(test.slot)) return test.op == Op::kIsSet && test.negated;
  return Matches(test, user, now_micros) != test.negated;
}

bool ConditionProgram::Evaluate(const UserAttributes& user, int64_t now_micros) const {
  int32_t at = entry_;
  while (at >= 0) {
    const Test& test = tests_[static_cast<size_t>(at)];
    at = Holds(test, user, now_micros) ? test.if_true : test.if_false;
  }
  return at == kTrue;
}

std::string ConditionProgram::Explain(const UserAttributes& user, int64_t now_micros) const {
  if (entry_ < 0) return entry_ == kTrue ? "always true" : "always false";
  int32_t at = entry_;
  int32_t last = at;
  bool holds = false;
  while (at >= 0) {
    last = at;
    const Test& test = tests_[static_cast<size_t>(at)];
    holds = Holds(test, user, now_micros);
    at = holds ? test.if_true : test.if_false;
  }
  const int slot = tests_[static_cast<size_t>(last)].slot;
  const Wording& wording = wordings_[static_cast<size_t>(last)];
  return absl::StrCat(wording.test, " is ", holds ? "true: " : "false: ", wording.attribute, " is ",
                      user.has(slot) ? user.Print(slot, wording.type) : "not set");
}

}  // namespace tierwise
