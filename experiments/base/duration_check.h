// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "experiments/base/problems.h"
#include "google/protobuf/duration.pb.h"

namespace tierwise {

// Adds a problem under `field` unless `duration` is a valid proto, a whole number of microseconds, and from `least` to
// `most`. Returns whether it is.
bool CheckDuration(const google::protobuf::Duration& duration, absl::Duration least, absl::Duration most,
                   absl::string_view field, Problems& problems);

// REQUIRES: CheckDuration found nothing wrong, with `most` of at most 10,000 years.
int64_t MicrosOf(const google::protobuf::Duration& duration);

}  // namespace tierwise
