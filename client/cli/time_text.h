// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "experiments/base/duration_text.h"  // IWYU pragma: export
#include "experiments/base/proto_time.h"     // IWYU pragma: export

namespace tierwise {

// Of people's words for times; the other way, and to protos, are experiments/base/duration_text.h and proto_time.h.

// "14d", "12h", "90m", "1h30m", "1.5s", "2w"; a day has 24 hours. Errors: InvalidArgument that says what is allowed.
absl::StatusOr<absl::Duration> ParseDurationText(absl::string_view text);

// RFC 3339 ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00+08:00"), "2026-01-31 08:00:00" and "2026-01-31", the last two
// in UTC. Errors: InvalidArgument that says what is allowed.
absl::StatusOr<absl::Time> ParseTimeText(absl::string_view text);
// The same for the value of a command line's option, which the error names.
absl::StatusOr<absl::Time> ParseTimeOption(absl::string_view option, absl::string_view text);
// RFC 3339 in UTC with as many decimals as it takes.
std::string TimeText(absl::Time time);
// For reading only: "2026-01-31 08:00:00 UTC".
std::string TimeTitle(absl::Time time);

}  // namespace tierwise
