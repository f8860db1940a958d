// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/storage/store.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

template <typename Row>
std::vector<Row> Sorted(std::vector<Row> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

// A log that keeps everything in vectors and scans them one by one.
class PlainLog {
 public:
  void Append(const std::vector<v1::Exposure>& exposures, absl::Time received) {
    for (const v1::Exposure& exposure : exposures) exposures_.emplace_back(exposure, received);
  }
  void Append(const std::vector<v1::Event>& events, absl::Time received) {
    for (const v1::Event& event : events) events_.emplace_back(event, received);
  }

  std::vector<ExposureRow> Read(const ExposureScan& scan) const {
    std::vector<ExposureRow> rows;
    for (const auto& [exposure, received] : exposures_) {
      if (exposure.campaign() != scan.campaign || received > scan.as_of) continue;
      rows.emplace_back(KeyOf(exposure.user_id()), MicrosOf(exposure.time()),
                        IndexOf(exposure.variant(), scan.variants), IndexOf(exposure.tier(), scan.tiers),
                        exposure.phase(), exposure.forced());
    }
    return rows;
  }
  std::vector<EventRow> Read(const EventScan& scan) const {
    std::vector<EventRow> rows;
    for (const auto& [event, received] : events_) {
      const absl::Time time = absl::FromUnixMicros(MicrosOf(event.time()));
      const uint16_t name = IndexOf(event.name(), scan.names);
      if (name == kOtherName || time < scan.begin || time >= scan.end || received > scan.as_of) continue;
      rows.emplace_back(KeyOf(event.user_id()), MicrosOf(event.time()), name, KeyOf(event.event_id()), event.value());
    }
    return rows;
  }

 private:
  static int64_t MicrosOf(const google::protobuf::Timestamp& time) {
    return time.seconds() * 1'000'000 + time.nanos() / 1'000;
  }
  static uint16_t IndexOf(const std::string& name, const std::vector<std::string>& names) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return static_cast<uint16_t>(i);
    }
    return kOtherName;
  }

  std::vector<std::pair<v1::Exposure, absl::Time>> exposures_;
  std::vector<std::pair<v1::Event, absl::Time>> events_;
};

class Workload {
 public:
  explicit Workload(unsigned seed) : random_(seed) {}

  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  std::string Name(absl::string_view kind, int count) { return absl::StrCat(kind, Below(count)); }
  absl::Time Time() { return At(Below(1'000)) + absl::Microseconds(Below(1'000'000)); }
  // Of a random part of the names, in a random order.
  std::vector<std::string> Names(absl::string_view kind, int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) {
      if (Below(3) > 0) names.push_back(absl::StrCat(kind, i));
    }
    std::shuffle(names.begin(), names.end(), random_);
    return names;
  }

  std::vector<v1::Exposure> Exposures() {
    std::vector<v1::Exposure> exposures;
    for (int i = BatchSize(); i > 0; --i) {
      exposures.push_back(
          MakeExposure(Name("user", 100), Name("variant", 4), Name("tier", 5), Time(), Name("campaign", 3)));
      exposures.back().set_phase(static_cast<uint32_t>(Below(3)));
      exposures.back().set_forced(Below(10) == 0);
    }
    return exposures;
  }
  std::vector<v1::Event> Events() {
    std::vector<v1::Event> events;
    for (int i = BatchSize(); i > 0; --i) {
      events.push_back(MakeEvent(Name("user", 100), Name("event", 500), Name("name", 6), Time(), Below(100) * 0.25));
      if (Below(4) == 0) events.back().clear_value();
    }
    return events;
  }
  ExposureScan ScanOfExposures() {
    return {
        .campaign = Name("campaign", 4), .variants = Names("variant", 5), .tiers = Names("tier", 5), .as_of = AsOf()};
  }
  EventScan ScanOfEvents() {
    const bool is_open = Below(3) == 0;
    return {.names = Names("name", 7),
            .begin = is_open ? absl::InfinitePast() : Time(),
            .end = is_open ? absl::InfiniteFuture() : Time(),
            .as_of = AsOf()};
  }

  // Moves on the clock of the server, far enough that no scan so far was as of a later time.
  absl::Time Received() { return received_ += absl::Microseconds(1 + Below(5)); }

 private:
  int BatchSize() { return Below(10) == 0 ? 1 + Below(5'000) : Below(20); }
  absl::Time AsOf() { return Below(3) == 0 ? received_ : received_ - absl::Microseconds(Below(100)); }

  std::mt19937 random_;
  absl::Time received_ = At(5'000);
};

class RandomWorkloadTest : public testing::TestWithParam<unsigned> {};

TEST_P(RandomWorkloadTest, ScansAgreeWithAPlainLog) {
  TemporaryFolder folder;
  const StoreOptions options = {.path = folder.File("store.duckdb")};
  Workload workload(GetParam());
  PlainLog plain;
  absl::StatusOr<Store> store = OpenStore(options);
  ASSERT_TRUE(store.ok()) << store.status();
  for (int step = 0; step < 100; ++step) {
    const absl::Time received = workload.Received();
    const std::vector<v1::Exposure> exposures = workload.Exposures();
    const std::vector<v1::Event> events = workload.Events();
    plain.Append(exposures, received);
    plain.Append(events, received);
    ASSERT_TRUE(store->events->AppendExposures(exposures, received).ok());
    ASSERT_TRUE(store->events->AppendEvents(events, received).ok());
    if (workload.Below(10) == 0) {
      const ExposureScan scan = workload.ScanOfExposures();
      EXPECT_EQ(Sorted(ReadExposures(*store->events, scan)), Sorted(plain.Read(scan)));
    }
    if (workload.Below(10) == 0) {
      const EventScan scan = workload.ScanOfEvents();
      EXPECT_EQ(Sorted(ReadEvents(*store->events, scan)), Sorted(plain.Read(scan)));
    }
    if (workload.Below(30) == 0) {
      *store = {};
      store = OpenStore(options);
      ASSERT_TRUE(store.ok()) << store.status();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWorkloadTest, testing::Range(0u, 8u));

}  // namespace
}  // namespace tierwise
