// SPDX-License-Identifier: Apache-2.0
// What each aggregate is, on one user's events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/derivation_fold.h"
#include "tests/experiments/audience/event_facts.h"

namespace tierwise {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3'600 * kSecond;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kNow = 20'000 * kDay + 12 * kHour;  // noon, UTC

// One user's events as of noon.
class DerivationTest : public testing::Test {
 protected:
  EventFact& Add(const std::string& name, int64_t ago, double value = 0.0) {
    facts_.push_back({.name = name, .time_micros = kNow - ago, .event = facts_.size() + 1, .value = value});
    return facts_.back();
  }

  void AddWith(const std::string& property, int64_t ago) { Add("view", ago).property = property; }

  // Of an attribute derived as `derivation`, e.g. "COUNT events: 'order'", says.
  std::string Value(absl::string_view derivation) const { return ValueAsOf(derivation, kNow); }

  std::string ValueAsOf(absl::string_view derivation, int64_t as_of) const {
    const std::vector<v1::Attribute> attributes = {
        DerivedAttributeOf("a", absl::StrCat("aggregate: AGGREGATE_", derivation))};
    const Derivations derivations(DefinitionsOf(attributes));
    EXPECT_EQ(derivations.passes().size(), 1u);
    const DerivationPass& pass = derivations.passes().front();
    std::vector<DerivedValue> values(1, pass.attributes[0].without_events);
    Scan(pass, facts_, facts_.size(), [&](const EventColumns& columns) { values = DeriveFor(pass, columns, as_of); });
    return TextOf(pass.attributes[0].kind, values[0], facts_);
  }

  std::vector<EventFact> facts_;
};

constexpr char kWeek[] = " window { seconds: 604800 }";

TEST_F(DerivationTest, AUserWithoutEventsHasZeroOrNoValue) {
  for (const absl::string_view aggregate : {"COUNT", "SUM", "ACTIVE_DAYS", "SESSIONS", "DISTINCT property: 'p'"}) {
    EXPECT_EQ(Value(aggregate), "0") << aggregate;
  }
  for (const absl::string_view aggregate : {"OCCURRED", "REPEATED"}) EXPECT_EQ(Value(aggregate), "false") << aggregate;
  for (const absl::string_view aggregate :
       {std::string("MEAN"), std::string("FAVOURITE property: 'p'"), std::string("FIRST_TIME"),
        std::string("LAST_TIME"), std::string("RECENCY_DAYS"), std::string("TENURE_DAYS"),
        std::string("RATIO denominator_events: 'e'"), absl::StrCat("TREND", kWeek),
        std::string("LIFE_CYCLE events: 'e'")}) {
    EXPECT_EQ(Value(aggregate), "none") << aggregate;
  }
}

TEST_F(DerivationTest, OnlyEventsOfTheNamesGivenCount) {
  Add("order", kDay);
  Add("visit", kDay);
  Add("visit", kDay);
  EXPECT_EQ(Value("COUNT events: 'order'"), "1");
  EXPECT_EQ(Value("COUNT events: 'visit' events: 'order'"), "3");
  EXPECT_EQ(Value("COUNT events: 'refund'"), "0");
  EXPECT_EQ(Value("COUNT"), "3");
}

TEST_F(DerivationTest, BothEndsOfTheWindowCount) {
  Add("order", 7 * kDay + 1);
  Add("order", 7 * kDay);
  Add("order", 0);
  Add("order", -1);
  EXPECT_EQ(Value(absl::StrCat("COUNT", kWeek)), "2");
  EXPECT_EQ(Value("COUNT"), "3");
}

TEST_F(DerivationTest, TheSameEventCountsOnceAsTheEarliestCopyInTheWindow) {
  Add("order", 8 * kDay, 1.0).event = 7;
  Add("order", 2 * kDay, 3.0).event = 7;
  Add("order", 2 * kDay, 2.0).event = 7;
  Add("order", 1 * kDay, 5.0).event = 7;
  EXPECT_EQ(Value("COUNT"), "1");
  EXPECT_EQ(Value("SUM"), "1");
  EXPECT_EQ(Value(absl::StrCat("SUM", kWeek)), "2");
  EXPECT_EQ(Value("LAST_TIME"), absl::StrCat(kNow - 8 * kDay));
}

TEST_F(DerivationTest, ACopyOfAnotherNameHidesNothing) {
  Add("visit", 2 * kDay).event = 7;
  Add("order", 1 * kDay).event = 7;
  EXPECT_EQ(Value("COUNT events: 'order'"), "1");
  EXPECT_EQ(Value("COUNT events: 'visit' events: 'order'"), "1");
}

TEST_F(DerivationTest, ReturnsLowerSumAndMean) {
  Add("order", 3 * kDay, 40.0);
  Add("order", 2 * kDay, 10.0);
  Add("order", 1 * kDay, -65.0);
  EXPECT_EQ(Value("SUM"), "-15");
  EXPECT_EQ(Value("MEAN"), "-5");
}

TEST_F(DerivationTest, ASumBeyondAllNumbersIsNoValue) {
  Add("order", 2 * kDay, std::numeric_limits<double>::max());
  Add("order", 1 * kDay, std::numeric_limits<double>::max());
  EXPECT_EQ(Value("SUM"), "none");
  EXPECT_EQ(Value("MEAN"), "none");
}

TEST_F(DerivationTest, OccurredTellsAnActiveUser) {
  Add("visit", 8 * kDay);
  EXPECT_EQ(Value(absl::StrCat("OCCURRED", kWeek)), "false");
  Add("visit", 6 * kDay);
  EXPECT_EQ(Value(absl::StrCat("OCCURRED", kWeek)), "true");
}

TEST_F(DerivationTest, DaysBeginAtMidnightUtc) {
  Add("order", 12 * kHour + 1);  // yesterday, the last microsecond
  EXPECT_EQ(Value("ACTIVE_DAYS"), "1");
  EXPECT_EQ(Value("REPEATED"), "false");
  Add("order", 12 * kHour);
  Add("order", 0);
  EXPECT_EQ(Value("ACTIVE_DAYS"), "2");
  EXPECT_EQ(Value("REPEATED"), "true");
}

TEST_F(DerivationTest, ALongerGapBeginsAnotherSession) {
  Add("visit", 3 * kHour);
  Add("visit", 3 * kHour - 1'800 * kSecond);      // a gap of 30 minutes
  Add("visit", 3 * kHour - 3'600 * kSecond - 1);  // and a microsecond longer
  EXPECT_EQ(Value("SESSIONS"), "2");
  EXPECT_EQ(Value("SESSIONS session_gap { seconds: 3600 }"), "1");
  EXPECT_EQ(Value("SESSIONS session_gap { seconds: 60 }"), "3");
}

TEST_F(DerivationTest, DistinctCountsValuesOfTheProperty) {
  AddWith("shoes", 3 * kDay);
  AddWith("hats", 2 * kDay);
  AddWith("shoes", 1 * kDay);
  AddWith("", 1 * kDay);
  EXPECT_EQ(Value("DISTINCT property: 'category'"), "2");
}

TEST_F(DerivationTest, TheFavouriteIsTheMostFrequentAndOfEqualsTheLatest) {
  AddWith("shoes", 4 * kDay);
  AddWith("hats", 3 * kDay);
  EXPECT_EQ(Value("FAVOURITE property: 'category'"), "hats");
  AddWith("shoes", 5 * kDay);
  EXPECT_EQ(Value("FAVOURITE property: 'category'"), "shoes");
  AddWith("", 1 * kDay);
  AddWith("", 1 * kDay);
  AddWith("", 1 * kDay);
  EXPECT_EQ(Value("FAVOURITE property: 'category'"), "shoes");
}

TEST_F(DerivationTest, FirstAndLastAreTimesAlsoForRecencyAndTenure) {
  Add("order", 5 * kDay);
  Add("order", 9 * kDay);
  Add("order", 2 * kDay);
  for (const absl::string_view aggregate : {"FIRST_TIME", "TENURE_DAYS"}) {
    EXPECT_EQ(Value(aggregate), absl::StrCat(kNow - 9 * kDay));
    EXPECT_EQ(Value(absl::StrCat(aggregate, kWeek)), absl::StrCat(kNow - 5 * kDay));
  }
  for (const absl::string_view aggregate : {"LAST_TIME", "RECENCY_DAYS"}) {
    EXPECT_EQ(Value(aggregate), absl::StrCat(kNow - 2 * kDay));
  }
}

TEST_F(DerivationTest, ARatioDividesCountsOrSums) {
  Add("order", 1 * kDay, 30.0);
  Add("visit", 1 * kDay, 2.0);
  Add("visit", 2 * kDay, 2.0);
  Add("visit", 8 * kDay, 4.0);
  const std::string orders_by_visits = "RATIO events: 'order' denominator_events: 'visit'";
  EXPECT_EQ(Value(absl::StrCat(orders_by_visits, kWeek)), "0.5");
  EXPECT_EQ(Value(absl::StrCat(orders_by_visits, " ratio_of_sums: true")), "3.75");
  EXPECT_EQ(Value("RATIO events: 'order' denominator_events: 'search'"), "none");
  EXPECT_EQ(Value("RATIO events: 'search' denominator_events: 'order'"), "0");
}

TEST_F(DerivationTest, ATrendSetsAWindowAgainstTheOneBefore) {
  const std::string trend = absl::StrCat("TREND", kWeek);
  for (int i = 0; i < 3; ++i) Add("visit", 7 * kDay);  // the last instant that is in this window
  EXPECT_EQ(Value(trend), "none");
  Add("visit", 7 * kDay + 1);
  Add("visit", 14 * kDay);
  Add("visit", 14 * kDay + 1);
  EXPECT_EQ(Value(trend), "0.5");
}

constexpr char kLifeCycle[] =
    "LIFE_CYCLE events: 'order' life_cycle { new_for { seconds: 864000 } active_for { seconds: 1728000 }"
    " dormant_after { seconds: 4320000 } won_back_for { seconds: 432000 } }";  // 10, 20, 50 and 5 days

TEST_F(DerivationTest, TheLifeCycleGoesFromNewToDormant) {
  Add("order", 0);
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow - 1), "none");
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow), "new");
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 10 * kDay), "new");
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 10 * kDay + 1), "active");
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 20 * kDay), "active");
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 20 * kDay + 1), "cooling");
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 50 * kDay - 1), "cooling");
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 50 * kDay), "dormant");
}

TEST_F(DerivationTest, AUserIsWonBackByAnEventAfterALongGap) {
  Add("order", 0);
  Add("order", -50 * kDay);
  Add("order", -54 * kDay);
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 50 * kDay), "won_back");
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 55 * kDay), "won_back");
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 55 * kDay + 1), "active");
}

TEST_F(DerivationTest, AGapShorterThanDormancyWinsNobodyBack) {
  Add("order", 0);
  Add("order", -50 * kDay + 1);
  EXPECT_EQ(ValueAsOf(kLifeCycle, kNow + 50 * kDay), "active");
}

TEST_F(DerivationTest, ALifeCycleHasDefaults) {
  Add("order", 30 * kDay);
  EXPECT_EQ(Value("LIFE_CYCLE events: 'order'"), "new");
  EXPECT_EQ(ValueAsOf("LIFE_CYCLE events: 'order'", kNow + 1), "cooling");
  EXPECT_EQ(ValueAsOf("LIFE_CYCLE events: 'order'", kNow + 60 * kDay), "dormant");
}

}  // namespace
}  // namespace tierwise
