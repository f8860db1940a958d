// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/assign.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/bucketing.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/definition_update.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"

namespace tierwise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The campaign "spring" with everything that can keep a user out, each at its most permissive; tests close one gate at
// a time.
class AssignTest : public testing::Test {
 protected:
  AssignTest() : definitions_(Shop()), spring_(Draft("spring")) {
    spring_.mutable_audience()->CopyFrom(
        Parse(R"(segment { id: "s" condition { text: "country = \"CN\"" } })").segment().condition());
    spring_.mutable_layer()->set_layer("email");
    spring_.mutable_layer()->set_share_bp(10'000);
    spring_.mutable_schedule()->mutable_start_time()->set_seconds(kNow / 1'000'000 - 60);
    spring_.mutable_schedule()->mutable_end_time()->set_seconds(kNow / 1'000'000 + 60);
    v1::ForcedUser* forced = spring_.add_forced_users();
    forced->set_user_id("qa");
    forced->set_variant("large");
  }

  void PutHoldout(const std::string& text) { definitions_.Put(Create(Parse("holdout { " + text + " }"))); }

  // Launches spring if it is a draft, then decides.
  Decision Decide(const std::string& user_id, double spend = 5000, absl::string_view country = "CN",
                  int64_t now_micros = kNow) {
    Build();
    return Assign(snapshot_->Find("spring"), user_id, Shopper(*snapshot_, spend, country), now_micros);
  }

  Explanation Explain(const std::string& user_id, double spend = 5000, absl::string_view country = "CN") {
    Build();
    return ExplainAssignment(snapshot_->Find("spring"), user_id, Shopper(*snapshot_, spend, country), kNow);
  }

  void Build() {
    if (spring_.state() == v1::CAMPAIGN_STATE_DRAFT) spring_ = PutLaunched(spring_, definitions_);
    Put(spring_, definitions_);
    snapshot_ = MustCompile(definitions_);
    ASSERT_NE(snapshot_, nullptr);
  }

  Definitions definitions_;
  v1::Campaign spring_;
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(AssignTest, AnUnknownCampaignIsNotFound) {
  Build();
  const Decision decision = Assign(snapshot_->Find("autumn"), "user-1", Shopper(*snapshot_, 0), kNow);
  EXPECT_EQ(decision.reason, v1::ASSIGNMENT_REASON_NOT_FOUND);
  EXPECT_EQ(decision.campaign_revision, 0);
}

TEST_F(AssignTest, TheBucketOfThePhasesSaltDecidesTheArm) {
  spring_.mutable_meta()->set_revision(7);
  for (int i = 0; i < 200; ++i) {
    const uint32_t bucket = BucketOf("campaign:spring/1", UserId(i), 4);
    const Decision decision = Decide(UserId(i));
    EXPECT_EQ(decision.reason, v1::ASSIGNMENT_REASON_SPLIT);
    EXPECT_EQ(decision.variant, bucket == 0 ? "control" : bucket == 1 ? "small" : "large");
    EXPECT_EQ(decision.tier, "gold");
    EXPECT_EQ(decision.propensity, bucket < 2 ? 0.25 : 0.5);
    EXPECT_EQ(decision.phase, 1u);
    EXPECT_EQ(decision.campaign_revision, 7);
    EXPECT_EQ(decision.parameters_json, bucket == 0 ? "{}" : bucket == 1 ? "{\"percent\":5}" : "{\"percent\":15}");
  }
}

TEST_F(AssignTest, TheTiersPlanDecidesWeightsAndOverrides) {
  auto& overrides = *spring_.mutable_tier_plans(1)->mutable_arms(1)->mutable_parameter_overrides()->mutable_fields();
  overrides["percent"].set_number_value(7.5);
  overrides["banner"].set_string_value("silver");
  for (int i = 0; i < 50; ++i) {
    const Decision decision = Decide(UserId(i), 500);
    EXPECT_EQ(decision.tier, "silver");
    EXPECT_EQ(decision.propensity, 0.5);
    EXPECT_NE(decision.variant, "large");
    if (decision.variant == "small") {
      EXPECT_EQ(decision.parameters_json, "{\"banner\":\"silver\",\"percent\":7.5}");
    }
  }
}

TEST_F(AssignTest, OnlyARunningCampaignAssigns) {
  Put(spring_, definitions_);
  snapshot_ = MustCompile(definitions_);
  const auto reason = [&] { return Assign(snapshot_->Find("spring"), "qa", Shopper(*snapshot_, 5000), kNow).reason; };
  EXPECT_EQ(reason(), v1::ASSIGNMENT_REASON_NOT_RUNNING);
  EXPECT_EQ(Decide("qa").reason, v1::ASSIGNMENT_REASON_FORCED);
  spring_ = *Pause(spring_);
  EXPECT_EQ(Decide("qa").reason, v1::ASSIGNMENT_REASON_NOT_RUNNING);
  v1::Conclusion conclusion;
  conclusion.set_outcome(v1::OUTCOME_INCONCLUSIVE);
  spring_ = *Conclude(spring_, conclusion, kNow);
  EXPECT_EQ(Decide("qa").reason, v1::ASSIGNMENT_REASON_NOT_RUNNING);
  EXPECT_EQ(Decide("qa").tier, "");
}

TEST_F(AssignTest, TheScheduleIncludesItsStartAndNotItsEnd) {
  const int64_t minute = 60'000'000;
  const auto reason = [&](int64_t now_micros) { return Decide("qa", 5000, "CN", now_micros).reason; };
  EXPECT_EQ(reason(kNow - minute - 1), v1::ASSIGNMENT_REASON_OUTSIDE_SCHEDULE);
  EXPECT_EQ(reason(kNow - minute), v1::ASSIGNMENT_REASON_FORCED);
  EXPECT_EQ(reason(kNow + minute - 1), v1::ASSIGNMENT_REASON_FORCED);
  EXPECT_EQ(reason(kNow + minute), v1::ASSIGNMENT_REASON_OUTSIDE_SCHEDULE);
}

TEST_F(AssignTest, AForcedUserNeedsNoEligibilityTierHoldoutLayerOrTraffic) {
  PutHoldout(R"(id: "all" share_bp: 10000)");
  spring_.set_traffic_share_bp(0);
  const Decision decision = Decide("qa", 0, "US");
  EXPECT_EQ(decision.reason, v1::ASSIGNMENT_REASON_FORCED);
  EXPECT_EQ(decision.variant, "large");
  EXPECT_EQ(decision.tier, "bronze");
  EXPECT_EQ(decision.parameters_json, "{\"percent\":15}");
  EXPECT_EQ(decision.propensity, 0);
  EXPECT_EQ(decision.phase, 0u);
}

TEST_F(AssignTest, AForcedUserGetsTheOverridesOfTheirTier) {
  auto& overrides = *spring_.mutable_tier_plans(0)->mutable_arms(2)->mutable_parameter_overrides()->mutable_fields();
  overrides["percent"].set_number_value(20);
  EXPECT_EQ(Decide("qa", 5000).parameters_json, "{\"percent\":20}");
  EXPECT_EQ(Decide("qa", 500).parameters_json, "{\"percent\":15}");
}

TEST_F(AssignTest, EligibilityComesBeforeTheTier) {
  EXPECT_EQ(Decide("user-1", 0, "US").reason, v1::ASSIGNMENT_REASON_NOT_ELIGIBLE);
  EXPECT_EQ(Decide("user-1", 0, "US").tier, "bronze");
  EXPECT_EQ(Decide("user-1", 0, "CN").reason, v1::ASSIGNMENT_REASON_TIER_NOT_TARGETED);
}

TEST_F(AssignTest, TheTierComesBeforeHoldoutsAndThoseBeforeTheLayer) {
  PutHoldout(R"(id: "all" share_bp: 10000)");
  spring_.mutable_layer()->set_share_bp(1);
  EXPECT_EQ(Decide("user-1", 0).reason, v1::ASSIGNMENT_REASON_TIER_NOT_TARGETED);
  EXPECT_EQ(Decide("user-1", 5000).reason, v1::ASSIGNMENT_REASON_IN_HOLDOUT);
}

TEST_F(AssignTest, TheLayerComesBeforeTrafficAndThatBeforeTheArm) {
  spring_.mutable_layer()->set_share_bp(5'000);
  spring_.set_traffic_share_bp(5'000);
  for (int i = 0; i < 200; ++i) {
    const bool in_layer = BucketOf("layer:email", UserId(i), 10'000) < 5'000;
    const bool in_traffic = BucketOf("campaign:spring/traffic", UserId(i), 10'000) < 5'000;
    EXPECT_EQ(Decide(UserId(i)).reason, !in_layer     ? v1::ASSIGNMENT_REASON_TAKEN_BY_LAYER
                                        : !in_traffic ? v1::ASSIGNMENT_REASON_OUTSIDE_TRAFFIC
                                                      : v1::ASSIGNMENT_REASON_SPLIT);
  }
}

TEST_F(AssignTest, AHoldoutKeepsOutItsShareOfEachTier) {
  PutHoldout(R"(id: "global" share_bp: 1000 tiering: "value" tier_shares { tier: "gold" share_bp: 3000 })");
  for (int i = 0; i < 200; ++i) {
    const uint32_t bucket = BucketOf("holdout:global", UserId(i), 10'000);
    EXPECT_EQ(Decide(UserId(i), 5000).reason == v1::ASSIGNMENT_REASON_IN_HOLDOUT, bucket < 3'000);
    EXPECT_EQ(Decide(UserId(i), 500).reason == v1::ASSIGNMENT_REASON_IN_HOLDOUT, bucket < 1'000);
  }
}

TEST_F(AssignTest, AHoldoutCoversOnlyItsScope) {
  Put(Draft("other"), definitions_);
  PutHoldout(R"(id: "scoped" share_bp: 10000 campaigns: "other")");
  EXPECT_EQ(Decide("user-1").reason, v1::ASSIGNMENT_REASON_SPLIT);
}

TEST_F(AssignTest, AnyOfSeveralHoldoutsKeepsAUserOut) {
  PutHoldout(R"(id: "a" share_bp: 0)");
  PutHoldout(R"(id: "b" share_bp: 10000 campaigns: "spring")");
  EXPECT_EQ(Decide("user-1").reason, v1::ASSIGNMENT_REASON_IN_HOLDOUT);
}

TEST_F(AssignTest, ThePlanOfEveryOtherTierIsForThoseWithoutTheirOwn) {
  *spring_.mutable_tier_plans(1)->mutable_tier() = "*";
  EXPECT_EQ(Decide("user-1", 500).propensity, 0.5);
  EXPECT_EQ(Decide("user-1", 0).propensity, 0.5);
  EXPECT_EQ(Decide("user-1", 0).tier, "bronze");
}

TEST_F(AssignTest, AMissingAttributeMakesNeitherEligibleNorGold) {
  Build();
  const Decision decision = Assign(snapshot_->Find("spring"), "user-1", UserAttributes(snapshot_->schema()), kNow);
  EXPECT_EQ(decision.reason, v1::ASSIGNMENT_REASON_NOT_ELIGIBLE);
  EXPECT_EQ(decision.tier, "bronze");
}

TEST_F(AssignTest, ALaunchedCampaignKeepsTheTieringThatItPinned) {
  Build();
  std::map<int64_t, Definitions> pinned = {{1, definitions_}};
  v1::Definition tiering = *definitions_.Find("tierings/value");
  tiering.mutable_tiering()->mutable_rules()->clear_rules();
  tiering.mutable_tiering()->mutable_tiers()->DeleteSubrange(0, 2);
  definitions_.Put(tiering);
  definitions_.Put(Create(Parse(R"(attribute { id: "age" type: ATTRIBUTE_TYPE_INT })")));
  definitions_.set_catalog_version(2);
  const auto snapshot = Compile(definitions_, pinned);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  const Decision decision = Assign((*snapshot)->Find("spring"), "user-1", Shopper(**snapshot, 5000), kNow);
  EXPECT_EQ(decision.tier, "gold");
  EXPECT_EQ(decision.reason, v1::ASSIGNMENT_REASON_SPLIT);
}

TEST_F(AssignTest, ExplainGivesTheSameDecisionAndEveryStep) {
  PutHoldout(R"(id: "global" share_bp: 1)");
  const Explanation explanation = Explain("user-1");
  EXPECT_EQ(explanation.decision, Decide("user-1"));
  std::vector<v1::AssignmentReason> steps;
  for (const DecisionStep& step : explanation.steps) {
    steps.push_back(step.step);
    EXPECT_EQ(step.decided, &step == &explanation.steps.back()) << step.detail;
    EXPECT_NE(step.detail, "");
  }
  EXPECT_THAT(steps, ElementsAre(v1::ASSIGNMENT_REASON_NOT_FOUND, v1::ASSIGNMENT_REASON_NOT_RUNNING,
                                 v1::ASSIGNMENT_REASON_OUTSIDE_SCHEDULE, v1::ASSIGNMENT_REASON_FORCED,
                                 v1::ASSIGNMENT_REASON_NOT_ELIGIBLE, v1::ASSIGNMENT_REASON_TIER_NOT_TARGETED,
                                 v1::ASSIGNMENT_REASON_IN_HOLDOUT, v1::ASSIGNMENT_REASON_TAKEN_BY_LAYER,
                                 v1::ASSIGNMENT_REASON_OUTSIDE_TRAFFIC, v1::ASSIGNMENT_REASON_SPLIT));
}

TEST_F(AssignTest, ExplainNamesWhatDecided) {
  EXPECT_THAT(Explain("user-1", 5000, "US").steps.back().detail, HasSubstr("country = \"CN\""));
  EXPECT_THAT(Explain("user-1", 0).steps.back().detail, HasSubstr("tier \"bronze\" has no plan"));
  spring_.set_traffic_share_bp(0);
  EXPECT_THAT(Explain("user-1").steps.back().detail, HasSubstr("is not below the traffic share 0"));
  PutHoldout(R"(id: "gold-rest" tiering: "value" tier_shares { tier: "gold" share_bp: 10000 })");
  EXPECT_EQ(Explain("user-1").steps.back().detail,
            absl::StrCat("holdout \"gold-rest\": bucket ", BucketOf("holdout:gold-rest", "user-1", 10'000),
                         " of 10000 is below the share 10000 of tier \"gold\""));
}

}  // namespace
}  // namespace tierwise
