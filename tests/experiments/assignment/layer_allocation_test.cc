// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/layer_allocation.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"

namespace tierwise {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;

v1::Campaign Holder(const std::string& id, const Ranges& ranges) {
  v1::Campaign campaign;
  campaign.set_id(id);
  campaign.set_state(v1::CAMPAIGN_STATE_RUNNING);
  campaign.mutable_layer()->set_layer("email");
  for (const auto& [begin, end] : ranges) {
    v1::BucketRange& range = *campaign.mutable_layer()->add_ranges();
    range.set_begin(begin);
    range.set_end(end);
  }
  return campaign;
}

// What a campaign that holds `own` gets for `share_bp` beside `holders`.
absl::StatusOr<Ranges> Allocate(uint32_t share_bp, const std::vector<v1::Campaign>& holders, const Ranges& own = {}) {
  Definitions definitions;
  for (const v1::Campaign& holder : holders) Put(holder, definitions);
  v1::Campaign campaign = Holder("new", own);
  campaign.mutable_layer()->set_share_bp(share_bp);
  const auto ranges = AllocateBuckets(campaign, definitions);
  if (!ranges.ok()) return ranges.status();
  Ranges pairs;
  for (const v1::BucketRange& range : *ranges) pairs.emplace_back(range.begin(), range.end());
  return pairs;
}

TEST(LayerAllocationTest, AnEmptyLayerGivesItsFirstBuckets) {
  EXPECT_THAT(*Allocate(2'500, {}), ElementsAre(Pair(0, 2'500)));
  EXPECT_THAT(*Allocate(10'000, {}), ElementsAre(Pair(0, 10'000)));
}

TEST(LayerAllocationTest, TheFirstGapThatFitsIsTaken) {
  const auto holder = Holder("a", {{100, 1'000}, {3'000, 4'000}});
  EXPECT_THAT(*Allocate(100, {holder}), ElementsAre(Pair(0, 100)));
  EXPECT_THAT(*Allocate(101, {holder}), ElementsAre(Pair(1'000, 1'101)));
  EXPECT_THAT(*Allocate(2'001, {holder}), ElementsAre(Pair(4'000, 6'001)));
}

TEST(LayerAllocationTest, AsFewRangesAsThereCanBe) {
  const auto holder = Holder("a", {{500, 4'000}, {4'300, 6'000}, {8'000, 9'000}});  // free: 500, 300, 2,000, 1,000
  EXPECT_THAT(*Allocate(2'200, {holder}), ElementsAre(Pair(0, 200), Pair(6'000, 8'000)));
  EXPECT_THAT(*Allocate(3'800, {holder}),
              ElementsAre(Pair(0, 500), Pair(4'000, 4'300), Pair(6'000, 8'000), Pair(9'000, 10'000)));
}

TEST(LayerAllocationTest, WhatItHoldsStaysAndNeighboursAreJoined) {
  EXPECT_THAT(*Allocate(1'500, {}, {{1'000, 2'000}}), ElementsAre(Pair(0, 500), Pair(1'000, 2'000)));
  EXPECT_THAT(*Allocate(3'000, {Holder("a", {{0, 1'000}})}, {{1'000, 2'000}}), ElementsAre(Pair(1'000, 4'000)));
  EXPECT_THAT(*Allocate(1'000, {}, {{1'000, 2'000}}), ElementsAre(Pair(1'000, 2'000)));
}

TEST(LayerAllocationTest, OnlyLaunchedCampaignsOfTheLayerHoldBuckets) {
  auto paused = Holder("paused", {{0, 100}});
  paused.set_state(v1::CAMPAIGN_STATE_PAUSED);
  auto concluded = Holder("concluded", {{100, 200}});
  concluded.set_state(v1::CAMPAIGN_STATE_CONCLUDED);
  auto elsewhere = Holder("elsewhere", {{100, 300}});
  elsewhere.mutable_layer()->set_layer("push");
  EXPECT_THAT(*Allocate(50, {paused, concluded, elsewhere}), ElementsAre(Pair(100, 150)));
}

TEST(LayerAllocationTest, TooFewFreeNamesThemAndWhoHoldsTheRest) {
  const absl::Status status =
      Allocate(3'000, {Holder("spring", {{0, 5'000}}), Holder("summer", {{5'000, 6'000}, {7'000, 9'000}})}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("layer \"email\" has 2000 of 10000 buckets free, 3000 more are needed"),
                    HasSubstr("spring holds 5000, summer holds 3000")));
}

}  // namespace
}  // namespace tierwise
