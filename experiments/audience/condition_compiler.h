// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "experiments/audience/condition_program.h"

namespace tierwise {

// Translates a tree into the tests of a program, last test first, so that every jump leads to a test that exists. A
// compiler is used once.
class ConditionProgram::Compiler {
 public:
  Compiler(const AttributeSchema& schema, const Definitions& definitions, ConditionProgram& program)
      : schema_(schema), definitions_(definitions), program_(program) {}

  void Compile(const v1::ConditionNode& tree) { program_.entry_ = Node(tree, kTrue, kFalse); }

 private:
  // Each returns where to enter what it emitted, given where that is to lead.
  int32_t Node(const v1::ConditionNode& node, int32_t if_true, int32_t if_false);
  int32_t Segment(const std::string& id, int32_t if_true, int32_t if_false);
  int32_t Leaf(const v1::ConditionNode& node, const std::string& attribute, Test test, int32_t if_true,
               int32_t if_false);

  Test ComparisonTest(const v1::ComparisonTest& comparison);
  Test MembershipTest(const v1::Membership& membership);
  Test BetweenTest(const v1::Between& between);
  Test TextTest(const v1::TextTest& text_test);

  v1::AttributeType TypeOf(const std::string& attribute) const;
  void SetText(absl::string_view text, Test& test);

  const AttributeSchema& schema_;
  const Definitions& definitions_;
  ConditionProgram& program_;
  std::string segment_;  // the innermost segment being inlined, if any
};

}  // namespace tierwise
