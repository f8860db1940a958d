// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/calibration_section.h"

// The relative lift by simulation. `runs` per line; fixed seeds.

namespace tierwise::bench {

// Coverage of the relative lift's intervals, and on which side they miss.
Section LiftMisses(int runs);

// Rejections of A/A tests on the relative scale when looked at from the first users on.
Section RelativePeeking(int runs);

}  // namespace tierwise::bench
