// SPDX-License-Identifier: Apache-2.0
#include "server/tiers/first_exposures.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

namespace tierwise {
namespace {

constexpr uint64_t kAnn = 1;

FirstExposure At(int64_t time_micros, int tier, uint32_t phase, absl::string_view variant) {
  return {time_micros, tier, phase, variant};
}

TEST(CampaignFirstExposuresTest, NobodyIsExposedAtFirst) {
  const CampaignFirstExposures exposures;
  EXPECT_EQ(exposures.TierOf(kAnn), kNoTier);
  EXPECT_FALSE(exposures.Find(kAnn).has_value());
}

TEST(CampaignFirstExposuresTest, TheEarliestExposureCountsInWhateverOrderTheyCome) {
  CampaignFirstExposures exposures;
  exposures.Add(kAnn, At(20, 0, 1, "ten"));
  exposures.Add(kAnn, At(10, 2, 1, "plain"));
  exposures.Add(kAnn, At(30, 0, 2, "ten"));
  ASSERT_TRUE(exposures.Find(kAnn).has_value());
  EXPECT_EQ(exposures.Find(kAnn)->time_micros, 10);
  EXPECT_EQ(exposures.Find(kAnn)->variant, "plain");
  EXPECT_EQ(exposures.TierOf(kAnn), 2);
}

TEST(CampaignFirstExposuresTest, OfSeveralAtOneTimeTheLeastCountsByTierPhaseAndVariant) {
  for (const bool is_reversed : {false, true}) {
    CampaignFirstExposures exposures;
    std::vector<FirstExposure> all = {At(10, 1, 1, "a"), At(10, 0, 3, "a"), At(10, 0, 2, "b"), At(10, 0, 2, "a")};
    if (is_reversed) std::swap(all.front(), all.back());
    for (const FirstExposure& each : all) exposures.Add(kAnn, each);
    EXPECT_EQ(exposures.Find(kAnn)->tier, 0);
    EXPECT_EQ(exposures.Find(kAnn)->phase, 2u);
    EXPECT_EQ(exposures.Find(kAnn)->variant, "a");
  }
}

TEST(CampaignFirstExposuresTest, ARemovedUserIsForgotten) {
  CampaignFirstExposures exposures;
  exposures.Add(kAnn, At(10, 0, 1, "ten"));
  exposures.Remove(kAnn);
  EXPECT_EQ(exposures.TierOf(kAnn), kNoTier);
  EXPECT_EQ(exposures.users(), 0);
}

TEST(CampaignFirstExposuresTest, ThreadsMayAddAndFindAtOnce) {
  CampaignFirstExposures exposures;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&exposures, t] {
      const std::string variant = "v" + std::to_string(t);
      for (uint64_t user = 0; user < 1000; ++user) {
        exposures.Add(user, At(1000 - t, t, 1, variant));
        ASSERT_LE(exposures.Find(user)->time_micros, 1000 - t);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(exposures.users(), 1000);
  EXPECT_EQ(exposures.Find(0)->variant, "v3");
  EXPECT_EQ(exposures.TierOf(0), 3);
}

}  // namespace
}  // namespace tierwise
