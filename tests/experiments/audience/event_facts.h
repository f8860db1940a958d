// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "experiments/audience/derivations.h"
#include "experiments/base/facts.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// An event as tests write it down.
struct EventFact {
  uint64_t user = 1;
  std::string name;
  int64_t time_micros = 0;
  uint64_t event = 0;
  double value = 0.0;
  std::string property = {};  // of the one property that there is; empty: the event does not have it
};

// The attribute `id`, derived as the text form of a v1::Derivation says; its type is the aggregate's.
v1::Attribute DerivedAttributeOf(absl::string_view id, absl::string_view derivation);

// Definitions of nothing but `attributes`, which are known to be right.
Definitions DefinitionsOf(absl::Span<const v1::Attribute> attributes);

// Calls `consume` with the events as a scan for `pass` hands them out, in the order of `facts`, `run` at a time.
void Scan(const DerivationPass& pass, absl::Span<const EventFact> facts, size_t run,
          absl::FunctionRef<void(const EventColumns&)> consume);

// A value as text: "true", "3", "0.5" to the last digit, a time or an age as microseconds, a property as it is in one
// of `facts`, a stage by its name; "none" where there is no value.
std::string TextOf(DerivedKind kind, const DerivedValue& value, absl::Span<const EventFact> facts);

// The same from the definition, written down anew without regard to speed. `facts` may have events of other users.
std::string NaiveValue(const v1::Attribute& attribute, uint64_t user, absl::Span<const EventFact> facts,
                       int64_t as_of_micros);

}  // namespace tierwise
