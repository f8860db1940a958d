// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tierwise/v1/definition.pb.h"

namespace tierwise {

// Names of the ready-made tierings.
inline constexpr absl::string_view kTierTemplates[] = {"value", "life-cycle", "rfm"};

// The definitions of a ready-made tiering and of the derived attributes that it needs, from events of that name, e.g.
// "purchase"; normalized, ids begin with that of the template:
//   value       head, waist and tail: the best 10 %, the next 40 % and the rest by the sum of values of 12 months
//   life-cycle  new, won_back, active, cooling and dormant by the attribute `life_cycle`
//   rfm         eleven named groups by recency, and frequency and monetary value of 12 months
// NotFound for another name, which lists them; InvalidArgument for a name of an event that is empty, over 128 bytes or
// not UTF-8.
absl::StatusOr<std::vector<v1::Definition>> TierTemplate(absl::string_view name, absl::string_view event);

}  // namespace tierwise
