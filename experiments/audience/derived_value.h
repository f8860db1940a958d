// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  kStage,     // integer: a LifeStage
};

// A user's stage of the life cycle.
enum class LifeStage : uint8_t { kNew, kActive, kCooling, kDormant, kWonBack };
inline constexpr int kLifeStages = 5;

// "new", "active", "cooling", "dormant" or "won_back".
absl::string_view LifeStageName(LifeStage stage);

// The value of one derived attribute for one user.
struct DerivedValue {
  union {
    int64_t integer = 0;
    double number;
    uint64_t key;
  };
  bool is_known = false;  // false: no value

  static DerivedValue OfInteger(int64_t integer);
  static DerivedValue OfNumber(double number);  // no value where it is not finite
  static DerivedValue OfKey(uint64_t key);
};

// The derived attributes of one pass for some users.
struct DerivedUsers {
  absl::Span<const uint64_t> user;        // KeyOf(user_id), each once
  absl::Span<const DerivedValue> values;  // of the first user in the order of the pass's attributes; of the second; ...
};

}  // namespace tierwise
