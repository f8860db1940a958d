// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "experiments/audience/user_scan.h"

namespace tierwise {

// Some attributes of some users, by user in one order for all columns.
struct NumberSample {
  std::vector<uint64_t> keys;
  std::vector<std::vector<double>> columns;  // one for each slot asked for; NaN: no value
};

// At most `max_users` users, chosen by their keys: the same for the same users, whatever the number of threads. All of
// them where there are no more. `slots` are of INT, DOUBLE or TIMESTAMP attributes, the last in microseconds since the
// epoch.
NumberSample SampleNumbers(const UserScan& scan, const AttributeSchema& schema, absl::Span<const int> slots,
                           size_t max_users, int threads);

}  // namespace tierwise
