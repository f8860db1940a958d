// SPDX-License-Identifier: Apache-2.0
#include "experiments/base/duration_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "experiments/base/duration_text.h"

namespace tierwise {
namespace {

// What is wrong with so long a duration, where a minute to a day is allowed.
std::string ProblemOf(int64_t seconds, int32_t nanos = 0) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  duration.set_nanos(nanos);
  Problems problems;
  const bool is_right = CheckDuration(duration, absl::Minutes(1), absl::Hours(24), "window", problems);
  EXPECT_EQ(is_right, problems.empty());
  return problems.empty() ? "" : problems.problems()[0].description;
}

TEST(DurationCheckTest, BothBoundsAreAllowed) {
  EXPECT_EQ(ProblemOf(60), "");
  EXPECT_EQ(ProblemOf(86'400), "");
  EXPECT_EQ(ProblemOf(59, 999'999'000), "is 59.999999s, allowed is 1m to 1d");
  EXPECT_EQ(ProblemOf(86'400, 1'000), "is 86400.000001s, allowed is 1m to 1d");
}

TEST(DurationCheckTest, OnlyWholeMicrosecondsOfAValidProtoAreTaken) {
  EXPECT_EQ(ProblemOf(60, 1'000), "");
  EXPECT_EQ(ProblemOf(60, 1), "must be a whole number of microseconds");
  EXPECT_EQ(ProblemOf(61, -1'000), "has -1000 nanos, allowed is 0 to 999,999,999");
  EXPECT_EQ(ProblemOf(60, 1'000'000'000), "has 1000000000 nanos, allowed is 0 to 999,999,999");
  EXPECT_NE(ProblemOf(std::numeric_limits<int64_t>::max()), "");
  EXPECT_NE(ProblemOf(std::numeric_limits<int64_t>::min()), "");
}

TEST(DurationTextTest, TheLargestUnitThatFits) {
  EXPECT_EQ(DurationText(absl::Hours(48)), "2d");
  EXPECT_EQ(DurationText(absl::Hours(25)), "25h");
  EXPECT_EQ(DurationText(absl::Minutes(90)), "90m");
  EXPECT_EQ(DurationText(absl::ZeroDuration()), "0s");
  EXPECT_EQ(DurationText(absl::Milliseconds(1'500)), "1.5s");
  EXPECT_EQ(DurationText(-absl::Nanoseconds(3'000'000'001)), "-3.000000001s");
}

}  // namespace
}  // namespace tierwise
