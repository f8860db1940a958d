// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/metric.pb.h"

namespace tierwise {

// Adds a problem for everything in `metric` that metric.proto does not allow; `field` is the path of the metric. Reads
// nothing but the metric itself; `meta` is not looked at.
void CheckMetric(const v1::Metric& metric, absl::string_view field, Problems& problems);

}  // namespace tierwise
