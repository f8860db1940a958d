// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/interval_proto.h"

#include <cmath>
#include <string>

namespace tierwise {

v1::Interval ToProto(const Interval& interval, absl::string_view method, v1::IntervalKind kind, double confidence) {
  v1::Interval proto;
  proto.set_method(std::string(method));
  proto.set_kind(kind);
  proto.set_confidence(confidence);
  if (std::isfinite(interval.lower)) proto.set_lower(interval.lower);
  if (std::isfinite(interval.upper)) proto.set_upper(interval.upper);
  return proto;
}

Interval FromProto(const v1::Interval& interval) {
  Interval result;
  if (interval.has_lower()) result.lower = interval.lower();
  if (interval.has_upper()) result.upper = interval.upper();
  return result;
}

}  // namespace tierwise
