// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/audience/user_table_world.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/experiments/audience/audience_definitions.h"

namespace tierwise {
namespace {

void PutDerived(absl::string_view id, v1::AttributeType type, v1::Aggregate aggregate, Definitions& definitions) {
  v1::Definition definition;
  definition.mutable_attribute()->set_id(std::string(id));
  definition.mutable_attribute()->set_type(type);
  definition.mutable_attribute()->mutable_derivation()->set_aggregate(aggregate);
  definitions.Put(std::move(definition));
}

}  // namespace

Definitions TableDefinitions() {
  Definitions definitions = AudienceDefinitions();
  PutDerived("orders", v1::ATTRIBUTE_TYPE_INT, v1::AGGREGATE_COUNT, definitions);
  PutDerived("revenue", v1::ATTRIBUTE_TYPE_DOUBLE, v1::AGGREGATE_SUM, definitions);
  PutDerived("quiet_days", v1::ATTRIBUTE_TYPE_DOUBLE, v1::AGGREGATE_RECENCY_DAYS, definitions);
  PutDerived("favourite", v1::ATTRIBUTE_TYPE_STRING, v1::AGGREGATE_FAVOURITE, definitions);
  PutDerived("is_weekly", v1::ATTRIBUTE_TYPE_BOOL, v1::AGGREGATE_OCCURRED, definitions);
  for (const char* id : {"value", "second", "third", "fourth", "fifth"}) {
    v1::Definition definition;
    v1::Tiering& tiering = *definition.mutable_tiering();
    tiering.set_id(id);
    for (const auto& [tier, when] : {std::pair{"gold", "revenue >= 500"}, {"silver", "revenue >= 100"}}) {
      tiering.add_tiers()->set_id(tier);
      v1::TierRule& rule = *tiering.mutable_rules()->add_rules();
      rule.set_tier(tier);
      *rule.mutable_when() = ConditionOf(when);
    }
    tiering.add_tiers()->set_id("basic");
    tiering.mutable_rules()->set_otherwise("basic");
    definitions.Put(std::move(definition));
  }
  return definitions;
}

v1::AttributeValue ValueOf(absl::string_view attribute, double number) {
  v1::AttributeValue value;
  value.set_attribute(std::string(attribute));
  if (attribute == "age") {
    value.set_int_value(static_cast<int64_t>(number));
  } else {
    value.set_double_value(number);
  }
  return value;
}

v1::AttributeValue ValueOf(absl::string_view attribute, absl::string_view text) {
  v1::AttributeValue value;
  value.set_attribute(std::string(attribute));
  if (!text.empty()) value.set_string_value(std::string(text));
  return value;
}

void UpsertValues(UserTable& table, uint64_t key, const std::vector<v1::AttributeValue>& values) {
  table.Upsert(key, google::protobuf::RepeatedPtrField<v1::AttributeValue>(values.begin(), values.end()));
}

void UpsertKnown(UserTable& table, uint64_t key, const KnownValues& values) {
  std::vector<v1::AttributeValue> list;
  for (const auto& [attribute, value] : values) list.push_back(value);
  UpsertValues(table, key, list);
}

std::unique_ptr<TableRefresh> MustBegin(UserTable& table, int64_t as_of_micros, TableRefresh::Derived derived) {
  absl::StatusOr<std::unique_ptr<TableRefresh>> refresh = TableRefresh::Begin(table, as_of_micros, derived);
  EXPECT_TRUE(refresh.ok()) << refresh.status();
  return *std::move(refresh);
}

std::vector<int> AllSlots(const AttributeSchema& schema) {
  std::vector<int> slots;
  for (int slot = 0; slot < schema.size(); ++slot) slots.push_back(slot);
  return slots;
}

std::string ReadAll(const UserTable& table, const AttributeSchema& schema, uint64_t key) {
  UserAttributes attributes(schema);
  if (!table.Read(key, ReadPlan(table, schema, AllSlots(schema)), attributes, {})) return "unknown";
  std::string text;
  for (int slot = 0; slot < schema.size(); ++slot) {
    if (!attributes.has(slot)) continue;
    absl::StrAppend(&text, text.empty() ? "" : " ", schema.IdOf(slot), "=",
                    attributes.Print(slot, schema.TypeOf(slot)));
  }
  return text;
}

}  // namespace tierwise
