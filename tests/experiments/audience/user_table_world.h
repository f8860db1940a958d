// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "experiments/audience/table_refresh.h"
#include "experiments/audience/user_table.h"
#include "experiments/base/definitions.h"
#include "tests/experiments/audience/random_conditions.h"

namespace tierwise {

// AudienceDefinitions and derived attributes `orders` (COUNT), `revenue` (SUM), `quiet_days` (RECENCY_DAYS),
// `favourite` (FAVOURITE) and `is_weekly` (OCCURRED); tierings `value` (gold by revenue >= 500, silver by >= 100,
// basic), `second`, `third`, `fourth` and `fifth` like it.
Definitions TableDefinitions();

// One value. "" as text: a value that is not set.
v1::AttributeValue ValueOf(absl::string_view attribute, double number);
v1::AttributeValue ValueOf(absl::string_view attribute, absl::string_view text);

void UpsertValues(UserTable& table, uint64_t key, const std::vector<v1::AttributeValue>& values);
void UpsertKnown(UserTable& table, uint64_t key, const KnownValues& values);

// Begins a refresh that must be possible.
std::unique_ptr<TableRefresh> MustBegin(UserTable& table, int64_t as_of_micros,
                                        TableRefresh::Derived derived = TableRefresh::Derived::kAnew);

// All slots of a schema.
std::vector<int> AllSlots(const AttributeSchema& schema);

// What Read finds, printed as `age=30 country="CN"` by slot; "unknown" where the user is not known.
std::string ReadAll(const UserTable& table, const AttributeSchema& schema, uint64_t key);

}  // namespace tierwise
