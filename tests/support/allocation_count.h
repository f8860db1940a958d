// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace tierwise {

// How often this program has called operator new. A program that links this counts from its start.
int64_t AllocationCount();

}  // namespace tierwise
