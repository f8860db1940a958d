// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/stats/estimate.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// An infinite end becomes an unset one.
v1::Interval ToProto(const Interval& interval, absl::string_view method, v1::IntervalKind kind, double confidence);
// The reverse.
Interval FromProto(const v1::Interval& interval);

}  // namespace tierwise
