// SPDX-License-Identifier: Apache-2.0
#include "server/services/attribute_columns.h"

#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"

namespace tierwise {
namespace {

constexpr int kMaxColumns = 256;
constexpr size_t kMaxTextBytes = 1024;
constexpr uint32_t kMaxListLength = 256;

bool IsPresent(const v1::AttributeColumn& column, int user) {
  if (column.present().empty()) return true;
  const auto byte = static_cast<unsigned char>(column.present()[static_cast<size_t>(user / 8)]);
  return (byte >> (user % 8) & 1) != 0;
}

int CountPresent(const v1::AttributeColumn& column, int users) {
  if (column.present().empty()) return users;
  int count = 0;
  for (int user = 0; user < users; ++user) count += IsPresent(column, user) ? 1 : 0;
  return count;
}

// How many values each list of the column has, and which one the attribute's type reads.
struct ValueCounts {
  int read = -1;   // values in the list of the attribute's type; -1 where that type has none
  int others = 0;  // values in lists of other types
};

ValueCounts CountValues(const v1::AttributeColumn& column, v1::AttributeType type) {
  const int bools = column.bools_size();
  const int ints = column.ints_size();
  const int doubles = column.doubles_size();
  const int strings = column.strings_size();
  const int codes = column.string_codes_size();
  const int lists = column.list_lengths_size();
  const int times = column.times_micros_size();
  switch (type) {
    case v1::ATTRIBUTE_TYPE_BOOL:
      return {bools, ints + doubles + strings + codes + lists + times};
    case v1::ATTRIBUTE_TYPE_INT:
      return {ints, bools + doubles + strings + codes + lists + times};
    case v1::ATTRIBUTE_TYPE_DOUBLE:
      return {ints > 0 ? ints : doubles, bools + (ints > 0 ? doubles : 0) + strings + codes + lists + times};
    case v1::ATTRIBUTE_TYPE_STRING:
      return {codes > 0 ? codes : strings, bools + ints + doubles + lists + times};
    case v1::ATTRIBUTE_TYPE_STRING_LIST:
      return {lists, bools + ints + doubles + codes + times};
    case v1::ATTRIBUTE_TYPE_TIMESTAMP:
      return {times, bools + ints + doubles + strings + codes + lists};
    default:
      return {};
  }
}

absl::Status CheckValues(const v1::AttributeColumn& column, v1::AttributeType type, const std::string& field) {
  for (const double value : column.doubles()) {
    if (!std::isfinite(value)) return InvalidField(absl::StrCat(field, ".doubles"), "must be finite");
  }
  for (const std::string& text : column.strings()) {
    if (text.size() > kMaxTextBytes) {
      return InvalidField(
          absl::StrCat(field, ".strings"),
          absl::StrCat("has a text of ", text.size(), " bytes; at most ", kMaxTextBytes, " are allowed"));
    }
  }
  for (const uint32_t code : column.string_codes()) {
    if (code >= static_cast<uint32_t>(column.strings_size())) {
      return InvalidField(absl::StrCat(field, ".string_codes"),
                          absl::StrCat(code, " is outside the ", column.strings_size(), " strings"));
    }
  }
  if (type != v1::ATTRIBUTE_TYPE_STRING_LIST) return absl::OkStatus();
  uint64_t elements = 0;
  for (const uint32_t length : column.list_lengths()) {
    if (length > kMaxListLength) {
      return InvalidField(absl::StrCat(field, ".list_lengths"),
                          absl::StrCat(length, " is too long; at most ", kMaxListLength, " are allowed"));
    }
    elements += length;
  }
  if (elements != static_cast<uint64_t>(column.strings_size())) {
    return InvalidField(absl::StrCat(field, ".strings"),
                        absl::StrCat("has ", column.strings_size(), " texts where the list lengths sum to ", elements));
  }
  return absl::OkStatus();
}

absl::Status CheckColumn(const v1::AttributeColumn& column, v1::AttributeType type, int users,
                         const std::string& field) {
  const size_t bytes = static_cast<size_t>((users + 7) / 8);
  if (!column.present().empty() && column.present().size() != bytes) {
    return InvalidField(absl::StrCat(field, ".present"),
                        absl::StrCat("has ", column.present().size(), " bytes; ", users, " users need ", bytes));
  }
  const ValueCounts counts = CountValues(column, type);
  const int wanted = CountPresent(column, users);
  if (counts.others > 0 || counts.read != wanted) {
    return InvalidField(
        field, absl::StrCat("must have ", wanted, " values, all in the list for ", v1::AttributeType_Name(type),
                            "; it has ", std::max(counts.read, 0), " there and ", counts.others, " elsewhere"));
  }
  return CheckValues(column, type, field);
}

}  // namespace

absl::StatusOr<AttributeColumns> AttributeColumns::Create(
    const AttributeSchema& schema, const google::protobuf::RepeatedPtrField<v1::AttributeColumn>& columns, int users) {
  if (columns.size() > kMaxColumns) {
    return InvalidField("columns",
                        absl::StrCat("has ", columns.size(), " items; at most ", kMaxColumns, " are allowed"));
  }
  AttributeColumns result;
  std::set<absl::string_view> seen;
  for (int i = 0; i < columns.size(); ++i) {
    const v1::AttributeColumn& column = columns.Get(i);
    const std::string field = absl::StrCat("columns[", i, "]");
    if (!seen.insert(column.attribute()).second) {
      return InvalidField(field, absl::StrCat("\"", column.attribute(), "\" is given twice"));
    }
    const std::optional<int> slot = schema.SlotOf(column.attribute());
    if (!slot.has_value()) continue;
    const v1::AttributeType type = schema.TypeOf(*slot);
    if (absl::Status status = CheckColumn(column, type, users, field); !status.ok()) return status;
    result.cursors_.push_back({&column, *slot, type});
  }
  return result;
}

void AttributeColumns::Next(UserAttributes& user) {
  user.Clear();
  elements_.clear();
  size_t list_elements = 0;
  for (const Cursor& cursor : cursors_) {
    if (cursor.type == v1::ATTRIBUTE_TYPE_STRING_LIST && IsPresent(*cursor.column, next_user_)) {
      list_elements += cursor.column->list_lengths(cursor.next_value);
    }
  }
  // The lists that `user` borrows must not move while others are added.
  elements_.reserve(list_elements);
  for (Cursor& cursor : cursors_) {
    const v1::AttributeColumn& column = *cursor.column;
    if (!IsPresent(column, next_user_)) continue;
    const int at = cursor.next_value++;
    switch (cursor.type) {
      case v1::ATTRIBUTE_TYPE_BOOL:
        user.SetBool(cursor.slot, column.bools(at));
        break;
      case v1::ATTRIBUTE_TYPE_INT:
        user.SetInt(cursor.slot, column.ints(at));
        break;
      case v1::ATTRIBUTE_TYPE_DOUBLE:
        user.SetDouble(cursor.slot, column.ints_size() > 0 ? static_cast<double>(column.ints(at)) : column.doubles(at));
        break;
      case v1::ATTRIBUTE_TYPE_STRING:
        user.SetString(cursor.slot, column.string_codes_size() > 0
                                        ? column.strings(static_cast<int>(column.string_codes(at)))
                                        : column.strings(at));
        break;
      case v1::ATTRIBUTE_TYPE_TIMESTAMP:
        user.SetTimeMicros(cursor.slot, column.times_micros(at));
        break;
      case v1::ATTRIBUTE_TYPE_STRING_LIST: {
        const size_t begin = elements_.size();
        const auto length = static_cast<size_t>(column.list_lengths(at));
        for (size_t i = 0; i < length; ++i) elements_.push_back(column.strings(cursor.next_string++));
        user.SetList(cursor.slot, absl::MakeConstSpan(elements_).subspan(begin, length));
        break;
      }
      default:
        break;
    }
  }
  ++next_user_;
}

}  // namespace tierwise
