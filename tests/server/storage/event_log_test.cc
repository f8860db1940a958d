// SPDX-License-Identifier: Apache-2.0
#include "server/storage/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/storage/store.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class EventLogTest : public testing::Test {
 protected:
  EventLogTest() { Reopen(); }

  void Reopen() {
    store_ = {};
    absl::StatusOr<Store> store = OpenStore({.path = folder_.File("store.duckdb")});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  EventLog& log() { return *store_.events; }

  const ExposureScan all_exposures_ = {.campaign = "spring",
                                       .variants = {"control", "offer"},
                                       .tiers = {"gold", "silver"},
                                       .as_of = absl::InfiniteFuture()};
  const EventScan all_orders_ = {.names = {"order"},
                                 .begin = absl::InfinitePast(),
                                 .end = absl::InfiniteFuture(),
                                 .as_of = absl::InfiniteFuture()};

  TemporaryFolder folder_;
  Store store_;
};

TEST_F(EventLogTest, ReturnsExposuresAsTheyWereAppended) {
  v1::Exposure forced = MakeExposure("b", "offer", "silver", At(2) + absl::Microseconds(7));
  forced.set_forced(true);
  forced.set_phase(3);
  ASSERT_TRUE(log().AppendExposures({MakeExposure("a", "control", "gold", At(1)), forced}, At(10)).ok());
  EXPECT_THAT(ReadExposures(log(), all_exposures_),
              UnorderedElementsAre(ExposureRow{KeyOf("a"), absl::ToUnixMicros(At(1)), 0, 0, 1, 0},
                                   ExposureRow{KeyOf("b"), absl::ToUnixMicros(At(2)) + 7, 1, 1, 3, 1}));
}

TEST_F(EventLogTest, ReturnsEventsAsTheyWereAppendedWithZeroForNoValue) {
  v1::Event no_value = MakeEvent("b", "2", "order", At(2));
  no_value.clear_value();
  no_value.set_properties_json(R"({"sku": "x"})");
  ASSERT_TRUE(log().AppendEvents({MakeEvent("a", "1", "order", At(1), 12.25), no_value}, At(10)).ok());
  EXPECT_THAT(ReadEvents(log(), all_orders_),
              UnorderedElementsAre(EventRow{KeyOf("a"), absl::ToUnixMicros(At(1)), 0, KeyOf("1"), 12.25},
                                   EventRow{KeyOf("b"), absl::ToUnixMicros(At(2)), 0, KeyOf("2"), 0.0}));
}

TEST_F(EventLogTest, ScansOneCampaignOnly) {
  ASSERT_TRUE(log()
                  .AppendExposures({MakeExposure("a", "control", "gold", At(1), "spring"),
                                    MakeExposure("b", "control", "gold", At(1), "summer")},
                                   At(10))
                  .ok());
  EXPECT_THAT(ReadExposures(log(), all_exposures_), SizeIs(1));
}

TEST_F(EventLogTest, MarksNamesThatTheScanDidNotAskFor) {
  ASSERT_TRUE(log().AppendExposures({MakeExposure("a", "retired", "bronze", At(1))}, At(10)).ok());
  EXPECT_THAT(ReadExposures(log(), all_exposures_),
              ElementsAre(ExposureRow{KeyOf("a"), absl::ToUnixMicros(At(1)), kOtherName, kOtherName, 1, 0}));
}

TEST_F(EventLogTest, YieldsNothingForNamesItHasNeverSeen) {
  ASSERT_TRUE(log().AppendEvents({MakeEvent("a", "1", "order", At(1))}, At(10)).ok());
  ExposureScan unknown_campaign = all_exposures_;
  unknown_campaign.campaign = "never";
  EXPECT_THAT(ReadExposures(log(), unknown_campaign), IsEmpty());
  EventScan unknown_event = all_orders_;
  unknown_event.names = {"never"};
  EXPECT_THAT(ReadEvents(log(), unknown_event), IsEmpty());
}

TEST_F(EventLogTest, IndexesEventNamesByTheirPlaceInTheScan) {
  ASSERT_TRUE(log()
                  .AppendEvents({MakeEvent("a", "1", "order", At(1)), MakeEvent("a", "2", "visit", At(1)),
                                 MakeEvent("a", "3", "return", At(1))},
                                At(10))
                  .ok());
  EventScan scan = all_orders_;
  scan.names = {"never", "visit", "order"};
  EXPECT_THAT(ReadEvents(log(), scan),
              UnorderedElementsAre(EventRow{KeyOf("a"), absl::ToUnixMicros(At(1)), 2, KeyOf("1"), 1.5},
                                   EventRow{KeyOf("a"), absl::ToUnixMicros(At(1)), 1, KeyOf("2"), 1.5}));
}

TEST_F(EventLogTest, EventTimesAreFromBeginToBeforeEnd) {
  for (int second : {4, 1, 3, 2}) {  // out of order
    ASSERT_TRUE(log().AppendEvents({MakeEvent("a", absl::StrCat(second), "order", At(second))}, At(10)).ok());
  }
  EventScan scan = all_orders_;
  scan.begin = At(2);
  scan.end = At(4);
  EXPECT_THAT(ReadEvents(log(), scan),
              UnorderedElementsAre(EventRow{KeyOf("a"), absl::ToUnixMicros(At(2)), 0, KeyOf("2"), 1.5},
                                   EventRow{KeyOf("a"), absl::ToUnixMicros(At(3)), 0, KeyOf("3"), 1.5}));
}

TEST_F(EventLogTest, AsOfLeavesOutWhatWasReceivedLaterHoweverEarlyItHappened) {
  ASSERT_TRUE(log().AppendEvents({MakeEvent("a", "1", "order", At(5))}, At(10)).ok());
  ASSERT_TRUE(log().AppendEvents({MakeEvent("a", "2", "order", At(1))}, At(20)).ok());
  EventScan yesterday = all_orders_;
  yesterday.as_of = At(10);
  EXPECT_THAT(ReadEvents(log(), yesterday),
              ElementsAre(EventRow{KeyOf("a"), absl::ToUnixMicros(At(5)), 0, KeyOf("1"), 1.5}));
  EXPECT_THAT(ReadEvents(log(), all_orders_), SizeIs(2));
}

TEST_F(EventLogTest, WhatAScanAsOfATimeHasSeenNeverGrows) {
  ASSERT_TRUE(log().AppendEvents({MakeEvent("a", "1", "order", At(5))}, At(10)).ok());
  EventScan scan = all_orders_;
  scan.as_of = At(12);
  const std::vector<EventRow> before = ReadEvents(log(), scan);
  // Taken in before the scan, but on its way to the disk until after it.
  ASSERT_TRUE(log().AppendEvents({MakeEvent("a", "2", "order", At(5))}, At(11)).ok());
  EXPECT_EQ(ReadEvents(log(), scan), before);
  EXPECT_THAT(ReadEvents(log(), all_orders_), SizeIs(2));
}

TEST_F(EventLogTest, ReceivedTimesNeverGoBackNotEvenAfterARestart) {
  ASSERT_TRUE(log().AppendEvents({MakeEvent("a", "1", "order", At(5))}, At(20)).ok());
  Reopen();
  ASSERT_TRUE(log().AppendEvents({MakeEvent("a", "2", "order", At(5))}, At(10)).ok());
  EventScan scan = all_orders_;
  scan.as_of = At(19);
  EXPECT_THAT(ReadEvents(log(), scan), IsEmpty());
}

TEST_F(EventLogTest, NamesAndCountsAndFactsSurviveARestart) {
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(log()
                    .AppendExposures({MakeExposure(absl::StrCat(round), "offer", "gold", At(round)),
                                      MakeExposure(absl::StrCat(round), absl::StrCat("v", round), "silver", At(round))},
                                     At(10))
                    .ok());
    ASSERT_TRUE(log().AppendEvents({MakeEvent("a", absl::StrCat(round), "order", At(round))}, At(10)).ok());
    Reopen();
  }
  EXPECT_EQ(log().Size(), (EventLogSize{.exposures = 8, .events = 4}));
  ExposureScan scan = all_exposures_;
  scan.variants = {"v3", "v2", "v1", "v0", "offer"};
  std::vector<uint16_t> variants;
  for (const ExposureRow& row : ReadExposures(log(), scan)) variants.push_back(std::get<2>(row));
  EXPECT_THAT(variants, UnorderedElementsAre(4, 4, 4, 4, 3, 2, 1, 0));
  EXPECT_THAT(ReadEvents(log(), all_orders_), SizeIs(4));
}

TEST_F(EventLogTest, KeepsRepeatedEventIdsForTheReaderToCountOnce) {
  const v1::Event event = MakeEvent("a", "1", "order", At(1));
  ASSERT_TRUE(log().AppendEvents({event, event}, At(10)).ok());
  Reopen();
  ASSERT_TRUE(log().AppendEvents({event}, At(20)).ok());
  const std::vector<EventRow> rows = ReadEvents(log(), all_orders_);
  ASSERT_THAT(rows, SizeIs(3));
  for (const EventRow& row : rows) EXPECT_EQ(std::get<3>(row), KeyOf("1"));
}

TEST_F(EventLogTest, TakesBatchesOfManyChunksAndLongTexts) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 10'000; ++i) {
    events.push_back(MakeEvent(absl::StrCat("user with a long id ", i), absl::StrCat(i), "order", At(i), i));
    if (i % 3 == 0) events.back().set_properties_json(std::string(1'000, 'x'));
    if (i % 7 == 0) events.back().clear_value();
  }
  ASSERT_TRUE(log().AppendEvents(events, At(10)).ok());
  Reopen();
  std::vector<EventRow> expected;
  for (const v1::Event& event : events) {
    expected.emplace_back(KeyOf(event.user_id()), event.time().seconds() * 1'000'000, 0, KeyOf(event.event_id()),
                          event.value());
  }
  EXPECT_THAT(ReadEvents(log(), all_orders_), testing::UnorderedElementsAreArray(expected));
}

TEST_F(EventLogTest, AppendsAndScansFromManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kBatches = 20;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int b = 0; b < kBatches; ++b) {
        const std::string id = absl::StrCat(t, "/", b);
        EXPECT_TRUE(log().AppendEvents({MakeEvent(id, id, "order", At(b))}, absl::Now()).ok());
        const std::vector<EventRow> rows = ReadEvents(log(), all_orders_);
        EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const EventRow& row) {
          return std::get<3>(row) == KeyOf(id);
        })) << "an acknowledged event is not in the next scan";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log().Size().events, kThreads * kBatches);
}

}  // namespace
}  // namespace tierwise
