// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// Events by name.
class EventNames {
 public:
  EventNames() = default;
  // Holds none of `names` names yet.
  explicit EventNames(size_t names) : holds_(names + 1) {}

  // An index beyond the names is every other name.
  void Add(size_t name) { holds_[name < holds_.size() ? name : holds_.size() - 1] = 1; }
  bool Has(size_t name) const { return holds_[name < holds_.size() ? name : holds_.size() - 1] != 0; }

 private:
  std::vector<uint8_t> holds_ = {0};  // by name; the last one is every other name's
};

// A derivation, compiled. All times are in microseconds.
struct DerivationRule {
  static constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

  v1::Aggregate aggregate = v1::AGGREGATE_COUNT;
  EventNames events;
  EventNames denominator_events;  // RATIO
  bool is_ratio_of_sums = false;  // RATIO
  int64_t window = kUnlimited;    // an event counts up to that age, itself included
  int64_t session_gap = 0;        // SESSIONS
  int64_t new_for = 0;            // LIFE_CYCLE, and those below
  int64_t active_for = 0;
  int64_t dormant_after = 0;
  int64_t won_back_for = 0;

  // The ages at which an event that grows older can change the value: it counts otherwise at greater ages than at this
  // one.
  std::vector<int64_t> Horizons() const;
  // The greatest age at which an event can count, or kUnlimited.
  int64_t Reach() const;
};

}  // namespace tierwise
