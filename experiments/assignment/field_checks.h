// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"

namespace tierwise {

// A problem under `field` unless min <= count <= max; `what` names the things counted, e.g. "variants".
void CheckCount(int count, int min, int max, absl::string_view what, absl::string_view field, Problems& problems);

// A problem under `field` where `share_bp` is over 10,000.
void CheckShare(uint32_t share_bp, absl::string_view field, Problems& problems);

// A problem under `field` unless `salt` is 1 to 128 printable ASCII characters.
void CheckSalt(absl::string_view salt, absl::string_view field, Problems& problems);

// A problem under `field` unless `id` is one of `known`; `what` names its kind, e.g. "variant". Whether it is known.
bool CheckKnown(absl::string_view id, const std::vector<absl::string_view>& known, absl::string_view what,
                absl::string_view field, Problems& problems);

// A problem under `field` unless `definitions` has `id` in `collection`. Whether it has.
bool CheckReference(absl::string_view id, absl::string_view collection, absl::string_view what,
                    const Definitions& definitions, absl::string_view field, Problems& problems);

}  // namespace tierwise
