// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tierwise {

// What the number in a DerivedValue is.
enum class DerivedKind : uint8_t {
  kBool,      // integer: 0 or 1
  kInt,       // integer
  kDouble,    // number, finite
  kTime,      // integer: microseconds since the epoch
  kAge,       // integer: the time, in microseconds since the epoch, whose distance to now in days is the value
  kProperty,  // key: KeyOf(text) of a value of the pass's property
  kStage,     // integer: a LifeStage, an index into kLifeStageNames
};

// A user's stage of the life cycle.
enum class LifeStage : uint8_t { kNew, kActive, kCooling, kDormant, kWonBack };
// By stage: the value of the attribute.
inline constexpr absl::string_view kLifeStageNames[] = {"new", "active", "cooling", "dormant", "won_back"};

// The value of one derived attribute for one user.
struct DerivedValue {
  union {
    int64_t integer = 0;
    double number;
    uint64_t key;
  };
  bool is_known = false;  // false: no value

  static DerivedValue OfInteger(int64_t integer) { return {.integer = integer, .is_known = true}; }
  // No value where it is not finite.
  static DerivedValue OfNumber(double number) { return {.number = number, .is_known = std::isfinite(number)}; }
  static DerivedValue OfKey(uint64_t key) { return {.key = key, .is_known = true}; }
};

// The derived attributes of one pass for some users.
struct DerivedUsers {
  absl::Span<const uint64_t> user;        // KeyOf(user_id), each once
  absl::Span<const DerivedValue> values;  // of the first user in the order of the pass's attributes; of the second; ...
};

}  // namespace tierwise
