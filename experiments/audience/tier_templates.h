// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tierwise/v1/definition.pb.h"

namespace tierwise {

// Names of the ready-made tierings, which are their ids, too.
inline constexpr absl::string_view kTierTemplates[] = {"value", "life-cycle", "rfm"};

// A ready-made tiering and, before it, the derived attributes that it needs, from events of that name, e.g. "purchase".
// Normalized; they compile together. docs/tiers.md lists tiers and groups.
//   value       head, waist and tail: the best 10 %, the next 40 % and the rest by the sum of values of 12 months
//   life-cycle  new, active, won_back, cooling, dormant, and prospect for users who have no such event
//   rfm         eleven named groups by recency, and by frequency and monetary value of 12 months; and prospects
// InvalidArgument for another name (`template`; it lists them) and for a name of an event that is empty, over 128 bytes
// or not UTF-8 (`event`).
absl::StatusOr<std::vector<v1::Definition>> TierTemplate(absl::string_view name, absl::string_view event);

}  // namespace tierwise
