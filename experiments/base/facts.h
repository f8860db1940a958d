// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tierwise {

// Facts as the evidence join reads them: columns, with users and event ids as 64-bit keys and names as small indexes.

// XXH3 64-bit of a user id or an event id, as stored: changing it orphans every stored fact. Two of 10^8 users share a
// key with probability 3e-4; they would then count as one user.
uint64_t KeyOf(absl::string_view id);

// An index that stands for a name which the scan was not asked for.
inline constexpr uint16_t kOtherName = 0xffff;

// In place of a property's key: the event does not have it. No text has this key, but for a chance of 2^-64.
inline constexpr uint64_t kNoProperty = 0;

// Times from `begin` on and before `end`, in microseconds since the epoch.
struct TimeRange {
  int64_t begin_micros = 0;
  int64_t end_micros = 0;

  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

// A run of exposures of one campaign, in any order. All spans have the same length.
struct ExposureColumns {
  absl::Span<const uint64_t> user;        // KeyOf(user_id)
  absl::Span<const int64_t> time_micros;  // when it happened, since the epoch
  absl::Span<const uint16_t> variant;     // index into the scan's variants, or kOtherName
  absl::Span<const uint16_t> tier;        // index into the scan's tiers, or kOtherName
  absl::Span<const uint32_t> phase;
  absl::Span<const uint8_t> forced;  // 1 for a forced user
};

// A run of events, in any order. All spans have the same length, but for `property`.
struct EventColumns {
  absl::Span<const uint64_t> user;        // KeyOf(user_id)
  absl::Span<const int64_t> time_micros;  // when it happened, since the epoch
  absl::Span<const uint16_t> name;        // index into the scan's event names, or kOtherName
  absl::Span<const uint64_t> event;       // KeyOf(event_id): the same one again, of the same user, counts once
  absl::Span<const double> value;         // 0 where the event has none
  // KeyOf(the value, as text, of the property that the scan was asked for), or kNoProperty. Empty: it was asked for
  // none.
  absl::Span<const uint64_t> property = {};
};

// A run of users' moves between the tiers of one tiering, in any order. All spans have the same length.
struct MoveColumns {
  absl::Span<const uint64_t> user;        // KeyOf(user_id)
  absl::Span<const int64_t> time_micros;  // the moment as of which the refresh was, since the epoch
  absl::Span<const uint16_t> tier;        // where the user is from then on: index into the scan's tiers, or kOtherName
};

}  // namespace tierwise
