// SPDX-License-Identifier: Apache-2.0
#include "client/cli/time_text.h"

#include <gtest/gtest.h>

namespace tierwise {
namespace {

TEST(DurationTextTest, UnitsAddUp) {
  EXPECT_EQ(*ParseDurationText("14d"), absl::Hours(14 * 24));
  EXPECT_EQ(*ParseDurationText("2w"), absl::Hours(14 * 24));
  EXPECT_EQ(*ParseDurationText("1h30m"), absl::Minutes(90));
  EXPECT_EQ(*ParseDurationText("1.5s"), absl::Milliseconds(1500));
  EXPECT_EQ(*ParseDurationText("250ms"), absl::Milliseconds(250));
  EXPECT_EQ(*ParseDurationText("1209600s"), absl::Hours(14 * 24));
  EXPECT_EQ(*ParseDurationText("-12h"), -absl::Hours(12));
}

TEST(DurationTextTest, RefusesWhatHasNoUnitOrNoNumber) {
  for (const char* text : {"", "14", "d", "14 d", "14days", "1..5s", "inf", "-", "99999999999999d"}) {
    EXPECT_EQ(ParseDurationText(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(DurationTextTest, IsWrittenInTheLargestUnitThatDivides) {
  EXPECT_EQ(DurationText(absl::Hours(336)), "14d");
  EXPECT_EQ(DurationText(absl::Minutes(90)), "90m");
  EXPECT_EQ(DurationText(absl::Milliseconds(1500)), "1.5s");
  EXPECT_EQ(DurationText(absl::ZeroDuration()), "0s");
}

TEST(TimeTextTest, ReadsZonesDatesAndPlainTimes) {
  const absl::Time noon = absl::FromCivil(absl::CivilHour(2026, 1, 31, 12), absl::UTCTimeZone());
  EXPECT_EQ(*ParseTimeText("2026-01-31T12:00:00Z"), noon);
  EXPECT_EQ(*ParseTimeText("2026-01-31T20:00:00+08:00"), noon);
  EXPECT_EQ(*ParseTimeText("2026-01-31 12:00:00"), noon);
  EXPECT_EQ(*ParseTimeText("2026-01-31"), noon - absl::Hours(12));
  EXPECT_EQ(TimeText(noon + absl::Milliseconds(250)), "2026-01-31T12:00:00.25Z");
}

TEST(TimeTextTest, RefusesWhatIsNoTime) {
  for (const char* text : {"", "yesterday", "2026-02-30", "2026-01-31T25:00:00Z", "infinite-future"}) {
    EXPECT_FALSE(ParseTimeText(text).ok()) << text;
  }
}

}  // namespace
}  // namespace tierwise
