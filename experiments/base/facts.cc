// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/facts.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tierwise {

uint64_t KeyOf(absl::string_view id) { return XXH3_64bits(id.data(), id.size()); }

}  // namespace tierwise
