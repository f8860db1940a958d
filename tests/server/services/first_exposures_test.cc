// SPDX-License-Identifier: Apache-2.0
#include "server/services/first_exposures.h"

#include <gtest/gtest.h>

#include <thread>

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

TEST(FirstExposuresTest, TheEarliestExposureOfAUserCountsInWhateverOrderTheyCome) {
  FirstExposures exposures;
  exposures.Add({ExposureOf("ann", "ten", 20), ExposureOf("ann", "plain", 10), ExposureOf("ann", "ten", 30)});
  ASSERT_NE(exposures.Of("spring"), nullptr);
  const std::optional<FirstExposure> first = exposures.Of("spring")->Find(KeyOf("ann"));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->variant, "plain");
  EXPECT_EQ(first->tier, "head");
  EXPECT_EQ(first->time_micros, 10'000'000);
  EXPECT_EQ(exposures.Of("spring")->users(), 1);
}

TEST(FirstExposuresTest, ExposuresAtOneTimeAreOrderedByPhaseThenNames) {
  for (const bool is_reversed : {false, true}) {
    std::vector<v1::Exposure> both = {ExposureOf("ann", "ten", 10, 2), ExposureOf("ann", "plain", 10, 3)};
    if (is_reversed) std::swap(both[0], both[1]);
    FirstExposures exposures;
    exposures.Add(both);
    EXPECT_EQ(exposures.Of("spring")->Find(KeyOf("ann"))->phase, 2u);
  }
}

TEST(FirstExposuresTest, ForcedUsersHaveNone) {
  FirstExposures exposures;
  v1::Exposure forced = ExposureOf("tester", "ten", 10);
  forced.set_forced(true);
  exposures.Add({forced, ExposureOf("ann", "ten", 10)});
  EXPECT_FALSE(exposures.Of("spring")->Find(KeyOf("tester")).has_value());
}

TEST(FirstExposuresTest, AnErasedUserIsForgottenInEveryCampaign) {
  FirstExposures exposures;
  v1::Exposure other = ExposureOf("ann", "ten", 10);
  other.set_campaign("summer");
  exposures.Add({ExposureOf("ann", "ten", 10), other});
  exposures.Erase(KeyOf("ann"));
  EXPECT_FALSE(exposures.Of("spring")->Find(KeyOf("ann")).has_value());
  EXPECT_FALSE(exposures.Of("summer")->Find(KeyOf("ann")).has_value());
}

TEST(FirstExposuresTest, AnUnknownCampaignHasNone) { EXPECT_EQ(FirstExposures().Of("spring"), nullptr); }

TEST(FirstExposuresTest, ThreadsMayAddAndFindAtOnce) {
  FirstExposures exposures;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&exposures, t] {
      for (int i = 0; i < 1000; ++i) {
        const std::string user = "u" + std::to_string(i);
        exposures.Add({ExposureOf(user, "v" + std::to_string(t), 1000 - t)});
        const std::optional<FirstExposure> found = exposures.Of("spring")->Find(KeyOf(user));
        ASSERT_TRUE(found.has_value());
        ASSERT_LE(found->time_micros, (1000 - t) * 1'000'000);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(exposures.Of("spring")->users(), 1000);
  EXPECT_EQ(exposures.Of("spring")->Find(KeyOf("u0"))->variant, "v3");
}

}  // namespace
}  // namespace tierwise
