// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "experiments/audience/attribute_schema.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// What is known of one user, by slot of a schema. Strings and lists are borrowed: what they were set from must outlive
// their use. Made once and cleared between users, it allocates nothing. Not thread-safe.
class UserAttributes {
 public:
  explicit UserAttributes(const AttributeSchema& schema);

  // Forgets every value, in time proportional to how many are set.
  void Clear();

  // REQUIRES, of each: `slot` is one of the schema's and of that type; a double is finite.
  void SetBool(int slot, bool value);
  void SetInt(int slot, int64_t value);
  void SetDouble(int slot, double value);
  void SetString(int slot, absl::string_view value);
  void SetTimeMicros(int slot, int64_t micros_since_epoch);
  void SetList(int slot, absl::Span<const absl::string_view> values);
  void SetList(int slot, const v1::StringList& values);

  // Sets whatever `value` holds; a value that is unset, or of an attribute that the schema does not have, changes
  // nothing. InvalidArgument where the value is not of the attribute's type (an int is taken for a double), not finite,
  // longer than attribute.proto allows, or no moment between the years 1 and 9999.
  absl::Status Set(const AttributeSchema& schema, const v1::AttributeValue& value);

  bool has(int slot) const { return at(slot).kind != Kind::kUnset; }

  // REQUIRES, of each: has(slot), and the slot is of that type.
  // The value of a BOOL (0 or 1), an INT, or a TIMESTAMP in microseconds since the epoch.
  int64_t integer(int slot) const { return at(slot).integer; }
  double number(int slot) const { return at(slot).number; }
  absl::string_view text(int slot) const { return absl::string_view(at(slot).text, at(slot).size); }
  bool ListContains(int slot, absl::string_view element) const;
  void ForEachElement(int slot, absl::FunctionRef<void(absl::string_view)> f) const;
  // The value as a literal of a condition, or as a list of such, for people to read.
  std::string Print(int slot, v1::AttributeType type) const;

 private:
  enum class Kind : uint8_t { kUnset, kScalar, kViews, kMessage };
  struct Value {
    union {
      int64_t integer = 0;
      double number;
      const char* text;
      const absl::string_view* views;
      const v1::StringList* message;
    };
    uint32_t size = 0;  // of `text` in bytes, of `views` in elements
    Kind kind = Kind::kUnset;
  };

  const Value& at(int slot) const { return values_[static_cast<size_t>(slot)]; }
  // The value of a slot, from now on set.
  Value& Claim(int slot, Kind kind);
  // Calls `f` with each element until it returns true; returns whether it did.
  template <typename F>
  bool AnyElement(int slot, F f) const;

  std::vector<Value> values_;
  std::vector<int> set_slots_;
};

}  // namespace tierwise
