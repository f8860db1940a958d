// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/audience/derivations.h"
#include "experiments/audience/derived_value.h"

namespace tierwise {

// An event, as far as one pass looks at it.
struct DerivationRow {
  uint64_t user_order;  // UserOrder(user key)
  int64_t time_micros;
  uint64_t event;  // KeyOf(event_id)
  union {
    double value;       // in a pass without a property
    uint64_t property;  // in one with a property
  };
  uint16_t name;  // index into the pass's event_names, or kOtherName

  // Orders users, and the events of one user by time. Rows that are neither less nor greater are the same fact.
  friend bool operator<(const DerivationRow& a, const DerivationRow& b);
};

}  // namespace tierwise
