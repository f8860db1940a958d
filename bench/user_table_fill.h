// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/user_keys.h"
#include "experiments/audience/attribute_schema.h"
#include "experiments/audience/table_refresh.h"
#include "experiments/audience/user_table.h"
#include "experiments/base/definitions.h"

namespace tierwise::bench {

// Value `column` of a user, 0 up to 1,000.
inline double NumberOf(uint64_t key, int column) { return static_cast<double>((key >> (column * 5)) % 100'000) * 0.01; }

// A table of users with derived DOUBLE attributes number0, number1, ..., a STRING one, `country`, of 20 values, and
// the tiering `value` with the tiers head, waist and tail, refreshed.
struct FilledTable {
  FilledTable(uint64_t users, int doubles) {
    for (int i = 0; i < doubles; ++i)
      PutDerived(absl::StrCat("number", i), v1::ATTRIBUTE_TYPE_DOUBLE, v1::AGGREGATE_SUM);
    PutDerived("country", v1::ATTRIBUTE_TYPE_STRING, v1::AGGREGATE_FAVOURITE);
    v1::Definition definition;
    v1::Tiering& tiering = *definition.mutable_tiering();
    tiering.set_id("value");
    for (const char* tier : {"head", "waist", "tail"}) tiering.add_tiers()->set_id(std::string(tier));
    tiering.mutable_quantiles()->set_attribute("number0");
    for (const uint32_t share : {1'000U, 5'000U, 10'000U}) tiering.mutable_quantiles()->add_up_to_bp(share);
    definitions.Put(definition);
    schema = AttributeSchema(definitions);
    table.Declare(definitions);
    Refresh(users, doubles);
  }

  void PutDerived(const std::string& id, v1::AttributeType type, v1::Aggregate aggregate) {
    v1::Definition definition;
    definition.mutable_attribute()->set_id(id);
    definition.mutable_attribute()->set_type(type);
    definition.mutable_attribute()->mutable_derivation()->set_aggregate(aggregate);
    definitions.Put(definition);
  }

  void Refresh(uint64_t users, int doubles) {
    const std::unique_ptr<TableRefresh> refresh = *TableRefresh::Begin(table, 1, TableRefresh::Derived::kAnew);
    std::vector<int> columns;
    for (int i = 0; i < doubles; ++i) columns.push_back(*table.ColumnOf(absl::StrCat("number", i)));
    const int country = *table.ColumnOf("country");
    std::vector<uint32_t> codes;
    for (int i = 0; i < 20; ++i) codes.push_back(refresh->CodeOf(country, absl::StrCat("C", i)));
    const int value = *table.TieringOf("value");
    for (uint64_t number = 0; number < users; ++number) refresh->Add(KeyOfNumber(number));
    refresh->BeginTiering(value, 1, {"head", "waist", "tail"});
    for (uint64_t number = 0; number < users; ++number) {
      const uint64_t key = KeyOfNumber(number);
      const UserRow user = *refresh->Add(key);
      for (int i = 0; i < doubles; ++i) refresh->SetDouble(user, columns[static_cast<size_t>(i)], NumberOf(key, i));
      refresh->SetText(user, country, codes[key % codes.size()]);
      const double first = NumberOf(key, 0);
      refresh->SetTier(user, value, {.tier = first >= 900 ? 0 : first >= 500 ? 1 : 2, .since_micros = 1});
    }
    refresh->Commit();
  }

  Definitions definitions;
  AttributeSchema schema;
  UserTable table;
};

}  // namespace tierwise::bench
