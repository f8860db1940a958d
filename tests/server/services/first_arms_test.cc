// SPDX-License-Identifier: Apache-2.0
#include "server/services/first_arms.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/time/clock.h"
#include "experiments/base/facts.h"

namespace tierwise {
namespace {

v1::Exposure ExposureOf(const std::string& user, const std::string& variant, int64_t seconds, uint32_t phase = 1) {
  v1::Exposure exposure;
  exposure.set_user_id(user);
  exposure.set_campaign("spring");
  exposure.set_variant(variant);
  exposure.set_tier("head");
  exposure.set_phase(phase);
  exposure.mutable_time()->set_seconds(seconds);
  return exposure;
}

// An event log that has these exposures and nothing else.
class FakeLog : public EventLog {
 public:
  absl::Status AppendExposures(const std::vector<v1::Exposure>&, absl::Time) override { return absl::OkStatus(); }
  absl::Status AppendEvents(const std::vector<v1::Event>&, absl::Time) override { return absl::OkStatus(); }
  absl::Status ScanExposures(const ExposureScan&, absl::FunctionRef<void(const ExposureColumns&)> consume) override {
    const std::vector<uint64_t> user = {KeyOf("old"), KeyOf("tester"), KeyOf("lost")};
    const std::vector<int64_t> time = {5, 5, 5};
    const std::vector<uint16_t> variant = {1, 1, kOtherName};
    const std::vector<uint16_t> tier = {0, 0, 0};
    const std::vector<uint32_t> phase = {3, 3, 3};
    const std::vector<uint8_t> forced = {0, 1, 0};
    consume({user, time, variant, tier, phase, forced});
    return absl::OkStatus();
  }
  absl::Status ScanEvents(const EventScan&, absl::FunctionRef<void(const EventColumns&)>) override {
    return absl::OkStatus();
  }
  EventLogSize Size() const override { return {}; }
};

class FirstArmsTest : public testing::Test {
 protected:
  FirstArmsTest() {
    v1::Campaign campaign;
    campaign.set_id("spring");
    campaign.add_variants()->set_id("plain");
    campaign.add_variants()->set_id("ten");
    EXPECT_TRUE(arms_.Keep(log_, campaign, absl::Now()).ok());
  }

  std::optional<FirstArm> Find(const std::string& user) const { return arms_.Of("spring")->Find(KeyOf(user)); }

  FakeLog log_;
  FirstArms arms_;
};

TEST_F(FirstArmsTest, WhatTheLogHasIsKnownFromTheStart) {
  ASSERT_TRUE(Find("old").has_value());
  EXPECT_EQ(Find("old")->variant, "ten");
  EXPECT_EQ(Find("old")->phase, 3u);
  EXPECT_FALSE(Find("tester").has_value()) << "forced";
  EXPECT_FALSE(Find("lost").has_value()) << "in a variant that the campaign does not have";
}

TEST_F(FirstArmsTest, TheEarliestExposureOfAUserCountsInWhateverOrderTheyCome) {
  arms_.Add({ExposureOf("ann", "ten", 20), ExposureOf("ann", "plain", 10), ExposureOf("ann", "ten", 30)});
  ASSERT_TRUE(Find("ann").has_value());
  EXPECT_EQ(Find("ann")->variant, "plain");
  EXPECT_EQ(Find("ann")->time_micros, 10'000'000);
}

TEST_F(FirstArmsTest, ExposuresAtOneTimeAreOrderedByPhaseThenVariant) {
  for (const bool is_reversed : {false, true}) {
    std::vector<v1::Exposure> both = {ExposureOf("bob", "ten", 10, 2), ExposureOf("bob", "plain", 10, 3)};
    if (is_reversed) std::swap(both[0], both[1]);
    arms_.Erase(KeyOf("bob"));
    arms_.Add(both);
    EXPECT_EQ(Find("bob")->phase, 2u);
  }
}

TEST_F(FirstArmsTest, ForcedUsersHaveNone) {
  v1::Exposure forced = ExposureOf("qa", "ten", 10);
  forced.set_forced(true);
  arms_.Add({forced});
  EXPECT_FALSE(Find("qa").has_value());
}

TEST_F(FirstArmsTest, OnlyCampaignsThatAreKeptTakeMemory) {
  v1::Exposure other = ExposureOf("ann", "ten", 10);
  other.set_campaign("summer");
  arms_.Add({other});
  EXPECT_EQ(arms_.Of("summer"), nullptr);
}

TEST_F(FirstArmsTest, AnErasedUserIsForgotten) {
  arms_.Add({ExposureOf("ann", "ten", 10)});
  arms_.Erase(KeyOf("ann"));
  EXPECT_FALSE(Find("ann").has_value());
}

TEST_F(FirstArmsTest, ThreadsMayAddAndFindAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 1000; ++i) {
        const std::string user = "u" + std::to_string(i);
        arms_.Add({ExposureOf(user, "v" + std::to_string(t), 1000 - t)});
        const std::optional<FirstArm> found = Find(user);
        ASSERT_TRUE(found.has_value());
        ASSERT_LE(found->time_micros, (1000 - t) * 1'000'000);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(arms_.Of("spring")->users(), 1001) << "and the one of the log";
  EXPECT_EQ(Find("u0")->variant, "v3");
}

}  // namespace
}  // namespace tierwise
