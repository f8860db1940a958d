// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/calibration_section.h"

// What only simulation can say, of methods and of the mistakes that they avoid. `runs` per line; fixed seeds.

namespace tierwise::bench {

// Size and power of rules for repeated looks, with known variance.
Section SequentialPower(int runs);

// Coverage of the best of k arms' interval, as it stands and corrected for having been chosen.
Section BestArms(int runs);

// What regression adjustment leaves of the variance.
Section AdjustedVariance(int runs);

}  // namespace tierwise::bench
