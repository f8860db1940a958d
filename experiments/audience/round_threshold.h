// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// The number above `low` and at most `high` that people would write: with the fewest digits, of several the one nearest
// to the middle; whole for an INT; for a TIMESTAMP (microseconds since the epoch) the beginning of a year, month, day,
// hour, minute or second in UTC, whatever is first to be there. `high` where there is none. REQUIRES: low < high, both
// finite; whole numbers for INT and TIMESTAMP.
double RoundThreshold(double low, double high, v1::AttributeType type);

}  // namespace tierwise
