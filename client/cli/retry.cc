// SPDX-License-Identifier: Apache-2.0
#include "client/cli/retry.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tierwise {
namespace {

constexpr int kMaxTries = 6;
constexpr absl::Duration kFirstPause = absl::Milliseconds(250);  // doubled at each further try

bool IsWorthAnotherTry(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

absl::Status WithRetries(absl::FunctionRef<absl::Status()> attempt) {
  absl::Status status;
  absl::Duration pause = kFirstPause;
  for (int i = 0; i < kMaxTries; ++i, pause *= 2) {
    if (i > 0) absl::SleepFor(pause);
    status = attempt();
    if (!IsWorthAnotherTry(status)) break;
  }
  return status;
}

}  // namespace tierwise
