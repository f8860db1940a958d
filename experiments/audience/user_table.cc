// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/user_table.h"

#include <shared_mutex>
#include <utility>

#include "experiments/audience/time_micros.h"
#include "experiments/base/fact_rows.h"

namespace tierwise {
namespace {

// Of a column or a tiering that is not declared.
constexpr size_t kNone = ReadPlan::kNoTiering;

bool IsAge(const v1::Attribute& attribute) {
  const v1::Aggregate aggregate = attribute.derivation().aggregate();
  return aggregate == v1::AGGREGATE_RECENCY_DAYS || aggregate == v1::AGGREGATE_TENURE_DAYS;
}

ColumnKind KindOf(const v1::Attribute& attribute) {
  if (IsAge(attribute)) return ColumnKind::kAge;
  switch (attribute.type()) {
    case v1::ATTRIBUTE_TYPE_BOOL:
      return ColumnKind::kBool;
    case v1::ATTRIBUTE_TYPE_INT:
      return ColumnKind::kInt;
    case v1::ATTRIBUTE_TYPE_DOUBLE:
      return ColumnKind::kDouble;
    case v1::ATTRIBUTE_TYPE_TIMESTAMP:
      return ColumnKind::kTime;
    case v1::ATTRIBUTE_TYPE_STRING_LIST:
      return ColumnKind::kList;
    default:
      return ColumnKind::kText;
  }
}

std::string DerivationOf(const v1::Attribute& attribute) {
  return attribute.has_derivation() ? attribute.derivation().SerializeAsString() + "." : "";
}

}  // namespace

struct UserTable::Write {
  size_t column;
  bool is_set = false;
  ColumnKind kind;
  int64_t integer = 0;
  double number = 0;
  uint32_t code = 0;

  void To(uint32_t row, TableColumn& values) const {
    if (!is_set) return values.Clear(row);
    switch (kind) {
      case ColumnKind::kBool:
        return values.SetBool(row, integer != 0);
      case ColumnKind::kInt:
      case ColumnKind::kTime:
      case ColumnKind::kAge:
        return values.SetInteger(row, integer);
      case ColumnKind::kDouble:
        return values.SetDouble(row, number);
      case ColumnKind::kText:
      case ColumnKind::kList:
        return values.SetCode(row, code);
    }
  }
};

ReadPlan::ReadPlan(const UserTable& table, const AttributeSchema& schema, absl::Span<const int> slots,
                   absl::Span<const std::string> tierings) {
  const std::lock_guard lock(table.mutex_);
  for (const int slot : slots) {
    const size_t column = table.Declared(schema.IdOf(slot));
    if (column == kNone) continue;
    const UserTable::Column& declared = *table.columns_[column];
    columns_.push_back({slot, column, !declared.derivation.empty(), declared.dictionary.get()});
  }
  for (const std::string& tiering : tierings) tierings_.push_back(table.DeclaredTiering(tiering));
}

UserTable::UserTable()
    : shards_(std::make_unique<std::array<UserShard, kUserShards>>()), info_(std::make_shared<const VersionInfo>()) {}

UserTable::~UserTable() = default;

size_t UserTable::Declared(absl::string_view attribute) const {
  const auto declared = declared_.find(attribute);
  return declared == declared_.end() ? kNone : declared->second;
}

std::optional<int> UserTable::ColumnOf(absl::string_view attribute) const {
  const std::lock_guard lock(mutex_);
  const size_t column = Declared(attribute);
  if (column == kNone) return std::nullopt;
  return static_cast<int>(column);
}

size_t UserTable::DeclaredTiering(absl::string_view id) const {
  for (size_t i = 0; i < tierings_.size(); ++i) {
    if (tierings_[i].is_declared && tierings_[i].id == id) return i;
  }
  return kNone;
}

std::optional<int> UserTable::TieringOf(absl::string_view tiering) const {
  const std::lock_guard lock(mutex_);
  const size_t index = DeclaredTiering(tiering);
  if (index == kNone) return std::nullopt;
  return static_cast<int>(index);
}

std::shared_ptr<const VersionInfo> UserTable::info() const {
  const std::lock_guard lock(mutex_);
  return info_;
}

// What a declaration changes in the shards.
struct UserTable::Changes {
  std::vector<size_t> dropped_columns;
  std::vector<size_t> dropped_tierings;
  std::vector<std::pair<size_t, ColumnKind>> new_supplied;
};

void UserTable::DeclareColumns(const Definitions& definitions, Changes& changes) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = *columns_[i];
    if (!column.is_declared) continue;
    const v1::Attribute* const attribute = definitions.FindAttribute(column.attribute);
    if (attribute != nullptr && KindOf(*attribute) == column.kind && DerivationOf(*attribute) == column.derivation) {
      continue;
    }
    column.is_declared = false;
    declared_.erase(column.attribute);
    changes.dropped_columns.push_back(i);
  }
  for (const Definitions::Pointer& definition : definitions.InCollection("attributes")) {
    const v1::Attribute& attribute = definition->attribute();
    if (Declared(attribute.id()) != kNone) continue;
    const ColumnKind kind = KindOf(attribute);
    const bool has_dictionary = kind == ColumnKind::kText || kind == ColumnKind::kList;
    if (!attribute.has_derivation()) changes.new_supplied.emplace_back(columns_.size(), kind);
    declared_[attribute.id()] = columns_.size();
    columns_.push_back(
        std::make_unique<Column>(Column{.attribute = attribute.id(),
                                        .kind = kind,
                                        .derivation = DerivationOf(attribute),
                                        .dictionary = has_dictionary ? std::make_unique<ValueDictionary>() : nullptr}));
  }
}

void UserTable::DeclareTierings(const Definitions& definitions, Changes& changes) {
  for (size_t i = 0; i < tierings_.size(); ++i) {
    if (!tierings_[i].is_declared || definitions.FindTiering(tierings_[i].id) != nullptr) continue;
    tierings_[i].is_declared = false;
    changes.dropped_tierings.push_back(i);
  }
  for (const Definitions::Pointer& definition : definitions.InCollection("tierings")) {
    const std::string& id = definition->tiering().id();
    if (DeclaredTiering(id) == kNone) tierings_.push_back({.id = id});
  }
}

void UserTable::Declare(const Definitions& definitions) {
  const std::lock_guard declaring(declaring_);
  Changes changes;
  {
    const std::lock_guard lock(mutex_);
    DeclareColumns(definitions, changes);
    DeclareTierings(definitions, changes);
  }
  for (UserShard& shard : *shards_) {
    const std::lock_guard lock(shard.writer);
    for (const size_t column : changes.dropped_columns) {
      shard.SetSupplied(column, nullptr);
      shard.DropDerived(column);
    }
    for (const size_t tiering : changes.dropped_tierings) shard.DropTiering(tiering);
    for (const auto& [column, kind] : changes.new_supplied) {
      shard.SetSupplied(column, std::make_unique<TableColumn>(kind));
    }
  }
}

bool UserTable::Read(uint64_t user_key, const ReadPlan& plan, UserAttributes& attributes,
                     absl::Span<TierNow> tiers) const {
  const uint64_t order = UserOrder(user_key);
  const UserShard& shard = ShardOf(user_key);
  shard.Prefetch(order);
  const uint64_t number = visible();
  const std::shared_lock lock(shard.readers);
  const uint32_t row = shard.RowOf(order);
  if (row == UserShard::kNoRow) return false;
  const ShardVersion& version = shard.VersionAt(number);
  if (!shard.IsKnown(row, version)) return false;
  shard.ReadRow(row, version, plan.columns(), attributes);
  for (size_t i = 0; i < tiers.size(); ++i) tiers[i] = shard.TierOf(order, plan.tierings()[i], number);
  return true;
}

TierNow UserTable::TierOf(uint64_t user_key, int tiering) const {
  const uint64_t order = UserOrder(user_key);
  const UserShard& shard = ShardOf(user_key);
  shard.Prefetch(order);
  const uint64_t number = visible();
  const std::shared_lock lock(shard.readers);
  return shard.TierOf(order, static_cast<size_t>(tiering), number);
}

TierState UserTable::TierStateOf(uint64_t user_key, int tiering) const {
  const uint64_t order = UserOrder(user_key);
  const UserShard& shard = ShardOf(user_key);
  const uint64_t number = visible();
  const std::shared_lock lock(shard.readers);
  const uint32_t row = shard.RowOf(order);
  const ShardVersion& version = shard.VersionAt(number);
  const auto index = static_cast<size_t>(tiering);
  if (row == UserShard::kNoRow || index >= version.tierings.size() || version.tierings[index] == nullptr) return {};
  return version.tierings[index]->StateOf(row);
}

void UserTable::Prefetch(uint64_t user_key) const { ShardOf(user_key).Prefetch(UserOrder(user_key)); }

std::shared_ptr<const TieringStanding> UserTable::StandingOf(int tiering) const {
  const std::shared_ptr<const VersionInfo> present = info();
  const auto index = static_cast<size_t>(tiering);
  return index < present->tierings.size() ? present->tierings[index] : nullptr;
}

int64_t UserTable::derived_time_micros() const { return info()->derived_time_micros; }

int64_t UserTable::users() const {
  int64_t users = 0;
  const uint64_t number = visible();
  for (const UserShard& shard : *shards_) {
    const std::shared_lock lock(shard.readers);
    const ShardVersion& version = shard.VersionAt(number);
    for (uint32_t row = 0; row < shard.rows(); ++row) users += shard.IsKnown(row, version) ? 1 : 0;
  }
  return users;
}

int64_t UserTable::bytes() const {
  int64_t total = sizeof(UserTable);
  for (const UserShard& shard : *shards_) {
    const std::shared_lock lock(shard.readers);
    total += shard.bytes();
  }
  const std::lock_guard lock(mutex_);
  for (const std::unique_ptr<Column>& column : columns_) {
    if (column->dictionary != nullptr) total += column->dictionary->bytes();
  }
  return total;
}

std::vector<UserTable::Write> UserTable::WritesOf(
    const google::protobuf::RepeatedPtrField<v1::AttributeValue>& values) const {
  std::vector<Write> writes;
  for (const v1::AttributeValue& value : values) {
    const size_t column = Declared(value.attribute());
    if (column == kNone || !columns_[column]->derivation.empty()) continue;
    const Column& declared = *columns_[column];
    Write write{.column = column, .is_set = true, .kind = declared.kind};
    switch (value.value_case()) {
      case v1::AttributeValue::kBoolValue:
        write.integer = value.bool_value() ? 1 : 0;
        break;
      case v1::AttributeValue::kIntValue:
        write.integer = value.int_value();
        write.number = static_cast<double>(value.int_value());
        break;
      case v1::AttributeValue::kDoubleValue:
        write.number = value.double_value();
        break;
      case v1::AttributeValue::kStringValue:
        write.code = declared.dictionary->CodeOf(value.string_value());
        break;
      case v1::AttributeValue::kTimeValue:
        write.integer = MicrosOf(value.time_value()).value_or(0);
        break;
      case v1::AttributeValue::kListValue: {
        const std::vector<absl::string_view> list(value.list_value().values().begin(),
                                                  value.list_value().values().end());
        write.code = declared.dictionary->CodeOfList(list);
        break;
      }
      case v1::AttributeValue::VALUE_NOT_SET:
        write.is_set = false;
        break;
    }
    writes.push_back(write);
  }
  return writes;
}

void UserTable::Upsert(uint64_t user_key, const google::protobuf::RepeatedPtrField<v1::AttributeValue>& values) {
  std::vector<Write> writes;
  {
    const std::lock_guard lock(mutex_);
    writes = WritesOf(values);
  }
  UserShard& shard = ShardOf(user_key);
  const std::lock_guard lock(shard.writer);
  const uint32_t row = shard.RowOrNew(UserOrder(user_key));
  shard.ChangeSupplied(row, [&](absl::Span<const std::unique_ptr<TableColumn>> columns) {
    for (const Write& write : writes) {
      if (write.column < columns.size() && columns[write.column] != nullptr) write.To(row, *columns[write.column]);
    }
  });
}

bool UserTable::Remove(uint64_t user_key) {
  UserShard& shard = ShardOf(user_key);
  const std::lock_guard lock(shard.writer);
  return shard.Remove(UserOrder(user_key));
}

}  // namespace tierwise
