// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// Of one catalog. With at most 200 events each, fewer names than a 16-bit index can tell apart.
inline constexpr int kMaxDerivedAttributes = 200;

// Adds everything in the derivation of `attribute` that attribute.proto does not allow, and a type of the attribute
// that is not the aggregate's. `field` is the path of the attribute. REQUIRES: it has a derivation.
void CheckDerivation(const v1::Attribute& attribute, absl::string_view field, Problems& problems);

// Adds a problem where a catalog derives more attributes than are allowed.
void CheckDerivedAttributes(const Definitions& definitions, Problems& problems);

// The type of an attribute that is derived by `aggregate`; UNSPECIFIED where that is no known aggregate.
v1::AttributeType AttributeTypeOf(v1::Aggregate aggregate);

// The names of the events that `attribute` is derived from, each once, in order of first use; empty where it is
// supplied, or derived from every event. That such events happen is for the caller to see: events are not declared.
std::vector<std::string> EventsOf(const v1::Attribute& attribute);

}  // namespace tierwise
