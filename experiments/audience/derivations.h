// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "experiments/audience/derivation_rule.h"
#include "experiments/audience/derived_value.h"
#include "experiments/base/definitions.h"
#include "experiments/base/facts.h"

namespace tierwise {

struct DerivedAttribute {
  std::string id;
  DerivedKind kind = DerivedKind::kInt;
  // Of the id and the definition: an attribute whose fingerprint is another one needs its values computed from all
  // events.
  uint64_t fingerprint = 0;
  // Of a user without events.
  DerivedValue without_events;
  DerivationRule rule;
};

// Attributes that are computed in one scan of the events.
struct DerivationPass {
  std::string property;                  // the one that the scan hands out; empty: none
  std::vector<std::string> event_names;  // each once: what EventColumns.name indexes
  bool needs_every_event = false;        // events of other names too, as kOtherName
  // Events of a greater age at `as_of` count for nothing. Unset: events of every age count.
  std::optional<int64_t> reach_micros;
  std::vector<DerivedAttribute> attributes;  // by id

  // Where to look for the users whose values may differ between two moments: those who have an event of the pass in one
  // of these ranges, or one that was recorded since. Ascending and apart. REQUIRES: before_micros <= after_micros.
  std::vector<TimeRange> ChangeRanges(int64_t before_micros, int64_t after_micros) const;
};

// All derived attributes of a catalog, compiled. Immutable; any number of threads may use it.
class Derivations {
 public:
  Derivations() = default;
  // REQUIRES: CheckAttribute and CheckDerivedAttributes found nothing wrong.
  explicit Derivations(const Definitions& definitions);

  // One without a property, if any attribute needs none; then one for each property, by property.
  absl::Span<const DerivationPass> passes() const { return passes_; }
  // Of all attributes: equal if and only if (but for a chance of 2^-64) nothing that decides a value has changed.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  std::vector<DerivationPass> passes_;
  uint64_t fingerprint_ = 0;
};

}  // namespace tierwise
