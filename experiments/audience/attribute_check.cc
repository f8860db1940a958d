// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/attribute_check.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "experiments/audience/attribute_type_name.h"
#include "experiments/audience/condition_lexer.h"
#include "experiments/audience/condition_limits.h"
#include "experiments/audience/derivation_check.h"
#include "experiments/base/definition_rules.h"

namespace tierwise {
namespace {

constexpr int kMaxAllowedValues = 1'000;

void CheckAttributeId(absl::string_view id, absl::string_view field, Problems& problems) {
  if (!IsId(id)) {
    CheckId(id, field, problems);
  } else if (!IsAttributeId(id)) {
    problems.Add(field, absl::StrCat("\"", id, "\" has a hyphen; ids of attributes have _ only"));
  } else if (IsReservedWord(id)) {
    problems.Add(field, absl::StrCat("\"", id, "\" is a word of the grammar of conditions"));
  }
}

void CheckAllowedValues(const v1::Attribute& attribute, absl::string_view field, Problems& problems) {
  if (attribute.allowed_values().empty()) return;
  if (attribute.type() != v1::ATTRIBUTE_TYPE_STRING && attribute.type() != v1::ATTRIBUTE_TYPE_STRING_LIST) {
    problems.Add(FieldPath(field, "allowed_values"),
                 absl::StrCat("is for STRING and STRING_LIST, the type is ", TypeName(attribute.type())));
    return;
  }
  if (attribute.allowed_values_size() > kMaxAllowedValues) {
    problems.Add(
        FieldPath(field, "allowed_values"),
        absl::StrCat("has ", attribute.allowed_values_size(), " values, at most ", kMaxAllowedValues, " are allowed"));
    return;
  }
  absl::flat_hash_set<absl::string_view> seen;
  for (int i = 0; i < attribute.allowed_values_size(); ++i) {
    const std::string path = FieldPath(field, "allowed_values", i);
    CheckText(attribute.allowed_values(i), kMaxStringBytes, path, problems);
    if (!seen.insert(attribute.allowed_values(i)).second) problems.Add(path, "is there already");
  }
}

}  // namespace

void CheckAttribute(const v1::Attribute& attribute, absl::string_view field, Problems& problems) {
  CheckAttributeId(attribute.id(), FieldPath(field, "id"), problems);
  CheckTexts(attribute.display_name(), attribute.description(), field, problems);
  if (attribute.type() == v1::ATTRIBUTE_TYPE_UNSPECIFIED || !v1::AttributeType_IsValid(attribute.type())) {
    problems.Add(FieldPath(field, "type"), "is required: BOOL, INT, DOUBLE, STRING, TIMESTAMP or STRING_LIST");
    return;
  }
  CheckAllowedValues(attribute, field, problems);
  if (attribute.has_derivation()) CheckDerivation(attribute, field, problems);
}

}  // namespace tierwise
