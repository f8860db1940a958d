// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/campaign_lifecycle.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"

namespace tierwise {
namespace {

using testing::HasSubstr;

v1::Conclusion Shipped(const std::string& variant) {
  v1::Conclusion conclusion;
  conclusion.set_outcome(v1::OUTCOME_SHIPPED);
  conclusion.set_variant(variant);
  return conclusion;
}

TEST(CampaignLifecycleTest, LaunchBeginsEveryPhaseAndPinsTheVersion) {
  const auto launched = Launch(Draft("spring"), Shop(), kNow, 17);
  ASSERT_TRUE(launched.ok()) << launched.status();
  EXPECT_EQ(launched->state(), v1::CAMPAIGN_STATE_RUNNING);
  EXPECT_EQ(launched->pinned_version(), 17);
  EXPECT_EQ(launched->launch_time().seconds(), kNow / 1'000'000);
  for (const v1::TierPlan& plan : launched->tier_plans()) EXPECT_EQ(plan.phase(), 1u);
}

TEST(CampaignLifecycleTest, LaunchTakesBucketsAndConcludeGivesThemBack) {
  Definitions definitions = Shop();
  v1::Campaign draft = Draft("spring");
  draft.mutable_layer()->set_layer("email");
  draft.mutable_layer()->set_share_bp(10'000);
  const v1::Campaign spring = PutLaunched(draft, definitions);
  ASSERT_EQ(spring.layer().ranges_size(), 1);
  EXPECT_EQ(spring.layer().ranges(0).end(), 10'000u);

  v1::Campaign summer = Draft("summer");
  *summer.mutable_layer() = draft.layer();
  EXPECT_EQ(Launch(summer, definitions, kNow, 1).status().code(), absl::StatusCode::kFailedPrecondition);
  Put(*Pause(spring), definitions);
  EXPECT_EQ(Launch(summer, definitions, kNow, 1).status().code(), absl::StatusCode::kFailedPrecondition)
      << "a paused campaign keeps its buckets";
  const auto concluded = Conclude(spring, Shipped("large"), kNow);
  EXPECT_EQ(concluded->layer().ranges_size(), 0);
  Put(*concluded, definitions);
  EXPECT_TRUE(Launch(summer, definitions, kNow, 1).ok());
}

TEST(CampaignLifecycleTest, ACampaignWhoseScheduleIsOverCannotBeLaunched) {
  v1::Campaign draft = Draft("spring");
  draft.mutable_schedule()->mutable_end_time()->set_seconds(kNow / 1'000'000);
  const absl::Status status = Launch(draft, Shop(), kNow, 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("ended at 2024-05-01T12:00:00Z"));
  EXPECT_TRUE(Launch(draft, Shop(), kNow - 1, 1).ok());
}

TEST(CampaignLifecycleTest, EveryTransitionNeedsItsState) {
  const v1::Campaign draft = Draft("spring");
  const v1::Campaign running = *Launch(draft, Shop(), kNow, 1);
  const v1::Campaign paused = *Pause(running);
  const v1::Campaign concluded = *Conclude(running, Shipped("small"), kNow);
  const auto is_refused = [](const absl::StatusOr<v1::Campaign>& next, const std::string& state) {
    return next.status().code() == absl::StatusCode::kFailedPrecondition &&
           std::string(next.status().message()).find("is " + state + ";") != std::string::npos;
  };
  EXPECT_TRUE(is_refused(Launch(running, Shop(), kNow, 1), "RUNNING"));
  EXPECT_TRUE(is_refused(Launch(paused, Shop(), kNow, 1), "PAUSED"));
  EXPECT_TRUE(is_refused(Launch(concluded, Shop(), kNow, 1), "CONCLUDED"));
  EXPECT_TRUE(is_refused(Pause(draft), "DRAFT"));
  EXPECT_TRUE(is_refused(Pause(paused), "PAUSED"));
  EXPECT_TRUE(is_refused(Pause(concluded), "CONCLUDED"));
  EXPECT_TRUE(is_refused(Resume(draft), "DRAFT"));
  EXPECT_TRUE(is_refused(Resume(running), "RUNNING"));
  EXPECT_TRUE(is_refused(Resume(concluded), "CONCLUDED"));
  EXPECT_TRUE(is_refused(Conclude(draft, Shipped("small"), kNow), "DRAFT"));
  EXPECT_TRUE(is_refused(Conclude(concluded, Shipped("small"), kNow), "CONCLUDED"));
  EXPECT_TRUE(Conclude(paused, Shipped("small"), kNow).ok());
}

TEST(CampaignLifecycleTest, ResumeUndoesPause) {
  const v1::Campaign running = *Launch(Draft("spring"), Shop(), kNow, 1);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*Resume(*Pause(running)), running));
}

TEST(CampaignLifecycleTest, AConclusionIsCompleteAndConsistent) {
  const v1::Campaign running = *Launch(Draft("spring"), Shop(), kNow, 1);
  v1::Conclusion none;
  EXPECT_EQ(ProblemsOf(Conclude(running, none, kNow).status()).at(0).field, "conclusion.outcome");
  EXPECT_EQ(ProblemsOf(Conclude(running, Shipped("huge"), kNow).status()).at(0).field, "conclusion.variant");
  EXPECT_EQ(ProblemsOf(Conclude(running, Shipped(""), kNow).status()).at(0).field, "conclusion.variant");
  v1::Conclusion rolled_back = Shipped("small");
  rolled_back.set_outcome(v1::OUTCOME_ROLLED_BACK);
  rolled_back.set_note(std::string(4001, 'x'));
  EXPECT_EQ(ProblemsOf(Conclude(running, rolled_back, kNow).status()).size(), 2u);
  const auto concluded = Conclude(running, Shipped("small"), kNow);
  ASSERT_TRUE(concluded.ok());
  EXPECT_EQ(concluded->conclusion().variant(), "small");
  EXPECT_EQ(concluded->conclusion().time().seconds(), kNow / 1'000'000);
}

}  // namespace
}  // namespace tierwise
