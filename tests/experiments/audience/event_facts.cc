// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/audience/event_facts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/audience/attribute_check.h"
#include "experiments/audience/derivation_check.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace tierwise {

v1::Attribute DerivedAttributeOf(absl::string_view id, absl::string_view derivation) {
  v1::Attribute attribute;
  attribute.set_id(std::string(id));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(derivation), attribute.mutable_derivation()))
      << derivation;
  attribute.set_type(AttributeTypeOf(attribute.derivation().aggregate()));
  return attribute;
}

Definitions DefinitionsOf(absl::Span<const v1::Attribute> attributes) {
  Definitions definitions;
  Problems problems;
  for (const v1::Attribute& attribute : attributes) {
    CheckAttribute(attribute, attribute.id(), problems);
    v1::Definition definition;
    *definition.mutable_attribute() = attribute;
    definitions.Put(definition);
  }
  EXPECT_TRUE(problems.empty()) << problems.ToStatus();
  return definitions;
}

void Scan(const DerivationPass& pass, absl::Span<const EventFact> facts, size_t run,
          absl::FunctionRef<void(const EventColumns&)> consume) {
  while (!facts.empty()) {
    std::vector<uint64_t> user, event, property;
    std::vector<int64_t> time;
    std::vector<uint16_t> name;
    std::vector<double> value;
    for (const EventFact& fact : facts.first(std::min(run, facts.size()))) {
      const auto found = std::find(pass.event_names.begin(), pass.event_names.end(), fact.name);
      user.push_back(fact.user);
      event.push_back(fact.event);
      time.push_back(fact.time_micros);
      name.push_back(found == pass.event_names.end() ? kOtherName
                                                     : static_cast<uint16_t>(found - pass.event_names.begin()));
      value.push_back(fact.value);
      property.push_back(fact.property.empty() ? kNoProperty : KeyOf(fact.property));
    }
    EventColumns columns = {user, time, name, event, value};
    if (!pass.property.empty()) columns.property = property;
    consume(columns);
    facts.remove_prefix(user.size());
  }
}

std::string TextOf(DerivedKind kind, const DerivedValue& value, absl::Span<const EventFact> facts) {
  if (!value.is_known) return "none";
  switch (kind) {
    case DerivedKind::kBool:
      return value.integer != 0 ? "true" : "false";
    case DerivedKind::kInt:
    case DerivedKind::kTime:
    case DerivedKind::kAge:
      return absl::StrCat(value.integer);
    case DerivedKind::kDouble:
      return absl::StrFormat("%.17g", value.number);
    case DerivedKind::kStage:
      return std::string(kLifeStageNames[value.integer]);
    case DerivedKind::kProperty:
      break;
  }
  for (const EventFact& fact : facts) {
    if (KeyOf(fact.property) == value.key) return fact.property;
  }
  return "of no event";
}

}  // namespace tierwise
