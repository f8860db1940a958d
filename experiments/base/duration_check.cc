// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/duration_check.h"

#include "absl/strings/str_cat.h"
#include "experiments/base/duration_text.h"
#include "experiments/base/proto_time.h"

namespace tierwise {
namespace {

constexpr int32_t kNanosPerMicro = 1'000;
constexpr int32_t kNanosPerSecond = 1'000'000'000;

}  // namespace

bool CheckDuration(const google::protobuf::Duration& duration, absl::Duration least, absl::Duration most,
                   absl::string_view field, Problems& problems) {
  if (duration.nanos() <= -kNanosPerSecond || duration.nanos() >= kNanosPerSecond) {
    problems.Add(field, absl::StrCat("has ", duration.nanos(), " nanos, allowed is 0 to 999,999,999"));
    return false;
  }
  const absl::Duration value = FromProto(duration);
  if (value < least || value > most) {
    problems.Add(field, absl::StrCat("is ", DurationText(value), ", allowed is ", DurationText(least), " to ",
                                     DurationText(most)));
    return false;
  }
  if (duration.nanos() % kNanosPerMicro != 0) {
    problems.Add(field, "must be a whole number of microseconds");
    return false;
  }
  return true;
}

int64_t MicrosOf(const google::protobuf::Duration& duration) { return absl::ToInt64Microseconds(FromProto(duration)); }

}  // namespace tierwise
