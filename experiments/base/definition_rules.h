// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"

namespace tierwise {

// The path of a field: "parent.name", or "name" where `parent` is empty.
std::string FieldPath(absl::string_view parent, absl::string_view name);
// The path of an item of a repeated field: "parent.name[index]".
std::string FieldPath(absl::string_view parent, absl::string_view name, int index);

// Ids of every kind but attributes: [a-z][a-z0-9_-]{0,62}.
bool IsId(absl::string_view id);
// Ids of attributes: [a-z][a-z0-9_]{0,62}, without the hyphen.
bool IsAttributeId(absl::string_view id);

// Adds a problem under `field`, the path of the id, unless IsId.
void CheckId(absl::string_view id, absl::string_view field, Problems& problems);

// Adds a problem under `field`, the path of the text, where it has over `max_bytes` bytes or is not UTF-8.
void CheckText(absl::string_view text, size_t max_bytes, absl::string_view field, Problems& problems);

// The texts for people that every definition has: `field` is the path of the definition; at most 200 and 4,000 bytes of
// UTF-8.
void CheckTexts(absl::string_view display_name, absl::string_view description, absl::string_view field,
                Problems& problems);

}  // namespace tierwise
