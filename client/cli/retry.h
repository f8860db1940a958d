// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace tierwise {

// Calls `attempt` until it succeeds, fails for good, or was tried six times within some eight seconds. Worth another
// try: Unavailable, ResourceExhausted, DeadlineExceeded.
absl::Status WithRetries(absl::FunctionRef<absl::Status()> attempt);

}  // namespace tierwise
