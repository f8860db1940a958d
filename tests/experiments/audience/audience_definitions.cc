// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/audience/audience_definitions.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

#include "experiments/audience/condition_check.h"

namespace tierwise {
namespace {

void PutAttribute(absl::string_view id, v1::AttributeType type, std::initializer_list<absl::string_view> allowed_values,
                  Definitions& definitions) {
  v1::Definition definition;
  definition.mutable_attribute()->set_id(std::string(id));
  definition.mutable_attribute()->set_type(type);
  for (const absl::string_view value : allowed_values) {
    definition.mutable_attribute()->add_allowed_values(std::string(value));
  }
  definitions.Put(std::move(definition));
}

}  // namespace

Definitions AudienceDefinitions() {
  Definitions definitions;
  PutAttribute("is_member", v1::ATTRIBUTE_TYPE_BOOL, {}, definitions);
  PutAttribute("age", v1::ATTRIBUTE_TYPE_INT, {}, definitions);
  PutAttribute("spend", v1::ATTRIBUTE_TYPE_DOUBLE, {}, definitions);
  PutAttribute("country", v1::ATTRIBUTE_TYPE_STRING, {}, definitions);
  PutAttribute("plan", v1::ATTRIBUTE_TYPE_STRING, {"free", "pro"}, definitions);
  PutAttribute("app_version", v1::ATTRIBUTE_TYPE_STRING, {}, definitions);
  PutAttribute("last_order_at", v1::ATTRIBUTE_TYPE_TIMESTAMP, {}, definitions);
  PutAttribute("tags", v1::ATTRIBUTE_TYPE_STRING_LIST, {}, definitions);
  PutAttribute("interests", v1::ATTRIBUTE_TYPE_STRING_LIST, {"sports", "music"}, definitions);
  return definitions;
}

v1::Condition ConditionOf(absl::string_view text) {
  v1::Condition condition;
  condition.set_text(std::string(text));
  Problems problems;
  NormalizeCondition(condition, "condition", problems);
  EXPECT_TRUE(problems.empty()) << problems.ToStatus();
  return condition;
}

void PutSegment(absl::string_view id, absl::string_view text, Definitions& definitions) {
  v1::Definition definition;
  definition.mutable_segment()->set_id(std::string(id));
  *definition.mutable_segment()->mutable_condition() = ConditionOf(text);
  definitions.Put(std::move(definition));
}

}  // namespace tierwise
