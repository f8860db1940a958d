// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/calibration_section.h"

namespace tierwise::bench {

// The tables of the literature that need no simulation, beside what our functions give. The promise: every figure
// within half a unit of the last digit published.
Section PublishedTables();

}  // namespace tierwise::bench
