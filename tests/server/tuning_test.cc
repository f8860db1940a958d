// SPDX-License-Identifier: Apache-2.0
// Offers from definition to plan, over the API of a server in process: a shop whose response to discounts is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "experiments/base/proto_time.h"
#include "tests/server/server_fixture.h"
#include "tierwise/v1/tuning_service.grpc.pb.h"

namespace tierwise {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr char kOffers[] = R"pb(
  definitions { attribute { id: "spend" type: ATTRIBUTE_TYPE_DOUBLE } }
  definitions { attribute { id: "orders_90d" type: ATTRIBUTE_TYPE_INT } }
  definitions {
    tiering {
      id: "value"
      tiers { id: "head" }
      tiers { id: "waist" }
      tiers { id: "tail" }
      rules {
        rules {
          tier: "head"
          when { text: "spend >= 1000" }
        }
        rules {
          tier: "waist"
          when { text: "spend >= 200" }
        }
        otherwise: "tail"
      }
    }
  }
  definitions {
    metric {
      id: "order"
      conversion { event: "order" }
      window { seconds: 604800 }
    }
  }
  definitions {
    metric {
      id: "revenue"
      sum { event: "order" }
      window { seconds: 604800 }
    }
  }
  definitions {
    campaign {
      id: "spring"
      tiering: "value"
      metrics: "order"
      metrics: "revenue"
      variants { id: "none" control: true }
      variants {
        id: "five"
        offer { dose: 5 unit: DOSE_UNIT_AMOUNT_OFF }
      }
      variants {
        id: "ten"
        offer { dose: 10 unit: DOSE_UNIT_AMOUNT_OFF }
      }
      tier_plans {
        tier: "*"
        arms { variant: "none" weight: 1 }
        arms { variant: "five" weight: 1 }
        arms { variant: "ten" weight: 1 }
      }
      economics { conversion_metric: "order" margin_per_conversion: 30 }
    }
  })pb";

// Of 100 users of a tier at a dose, how many order: the head buys anyway, the waist responds, the tail hardly.
int OrdersOf100(const std::string& tier, const std::string& variant) {
  if (tier == "head") return 40;
  if (tier == "waist") return variant == "none" ? 10 : variant == "five" ? 20 : 24;
  return variant == "none" ? 2 : 3;
}

class TuningServiceTest : public ServerTest {
 protected:
  TuningServiceTest() : tuning_(v1::TuningService::NewStub(channel_)) {}

  void Define(const std::string& text) {
    v1::ApplyDefinitionsResponse response;
    const grpc::Status status = Apply(text, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  void Launch() {
    v1::LaunchCampaignRequest request;
    request.set_campaign("spring");
    request.set_expected_revision(1);
    v1::LaunchCampaignResponse response;
    const grpc::Status status = Call(*catalog_, &v1::CatalogService::Stub::LaunchCampaign, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  // Exposes `users` of each tier to each variant, and lets them order for 60.
  void Run(int users) {
    const absl::Time start = absl::Now() - absl::Hours(24 * 20);
    for (const char* tier : {"head", "waist", "tail"}) {
      for (const char* variant : {"none", "five", "ten"}) {
        v1::RecordExposuresRequest exposures;
        v1::RecordEventsRequest orders;
        for (int i = 0; i < users; ++i) {
          const std::string user = absl::StrCat(tier, "-", variant, "-", i);
          v1::Exposure& exposure = *exposures.add_exposures();
          exposure.set_user_id(user);
          exposure.set_campaign("spring");
          exposure.set_variant(variant);
          exposure.set_tier(tier);
          *exposure.mutable_time() = ToProto(start);
          if (i % 100 >= OrdersOf100(tier, variant)) continue;
          v1::Event& order = *orders.add_events();
          order.set_user_id(user);
          order.set_event_id("order");
          order.set_name("order");
          order.set_value(60);
          *order.mutable_time() = ToProto(start + absl::Hours(1));
        }
        v1::RecordExposuresResponse exposed;
        ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::RecordExposures, exposures, &exposed).ok());
        ASSERT_EQ(exposed.errors_size(), 0) << exposed.DebugString();
        v1::RecordEventsResponse recorded;
        ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::RecordEvents, orders, &recorded).ok());
      }
    }
  }

  grpc::Status Plan(const v1::PlanOffersRequest& request, v1::PlanOffersResponse* response) {
    return Call(*tuning_, &v1::TuningService::Stub::PlanOffers, request, response);
  }

  std::unique_ptr<v1::TuningService::Stub> tuning_;
};

// What a rule without conditions gives a tier; the control where no branch takes it.
std::string VariantFor(const std::string& tier, const v1::OfferRule& rule) {
  for (const v1::OfferBranch& branch : rule.branches()) {
    if (branch.tiers().empty() ||
        std::find(branch.tiers().begin(), branch.tiers().end(), tier) != branch.tiers().end()) {
      return branch.variant();
    }
  }
  return "none";
}

TEST_F(TuningServiceTest, AKnownResponseIsFoundAndCarriedOut) {
  Define(kOffers);
  Launch();
  Run(2000);
  v1::PlanOffersRequest request;
  request.set_campaign("spring");
  request.set_control_share(0.2);
  v1::PlanOffersResponse response;
  const grpc::Status status = Plan(request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const v1::OfferPlan& plan = response.plan();
  ASSERT_THAT(plan.tiers(), SizeIs(3));
  EXPECT_THAT(plan.checks(), SizeIs(0));
  // Profit per user of the waist: 0.1 x 30 = 3, 0.2 x 25 = 5, 0.24 x 20 = 4.8.
  EXPECT_EQ(plan.tiers(1).tier(), "waist");
  EXPECT_EQ(plan.tiers(1).dose(), 5.0);
  EXPECT_EQ(plan.tiers(1).variant(), "five");
  EXPECT_NEAR(plan.tiers(1).value(), 6000 * 2.0, 6000 * 0.5);
  EXPECT_EQ(plan.tiers(0).dose(), 0.0) << "the head buys anyway";
  EXPECT_NEAR(plan.tiers(1).doses(1).measured_response(), 0.2, 1e-12);

  const v1::Campaign& next = response.follow_up();
  EXPECT_EQ(next.id(), "spring-next");
  v1::ApplyDefinitionsRequest apply;
  *apply.add_definitions()->mutable_campaign() = next;
  v1::ApplyDefinitionsResponse applied;
  const grpc::Status stored = Call(*catalog_, &v1::CatalogService::Stub::ApplyDefinitions, apply, &applied);
  EXPECT_TRUE(stored.ok()) << stored.error_message();
  v1::PlanOffersResponse again;
  ASSERT_TRUE(Plan(request, &again).ok());
  EXPECT_EQ(again.follow_up().id(), "spring-next-2");
}

TEST_F(TuningServiceTest, ABudgetAndLimitsAreKept) {
  Define(kOffers);
  Launch();
  Run(2000);
  v1::PlanOffersRequest request;
  request.set_campaign("spring");
  request.mutable_constraints()->set_budget(1000);
  v1::TierLimit& limit = *request.mutable_constraints()->add_tiers();
  limit.set_tier("waist");
  limit.set_users(100000);
  v1::PlanOffersResponse response;
  const grpc::Status status = Plan(request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_LE(response.plan().expected().cost(), 1000.0);
  EXPECT_EQ(response.plan().tiers(1).verdict(), v1::OFFER_VERDICT_KEPT_AWAY);
  limit.set_tier("wasit");
  EXPECT_EQ(Plan(request, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(TuningServiceTest, WhatCannotBeTunedSaysWhatItLacks) {
  v1::PlanOffersRequest request;
  v1::PlanOffersResponse response;
  EXPECT_THAT(Plan(request, &response).error_message(), HasSubstr("campaign: is required"));
  request.set_campaign("spring");
  EXPECT_EQ(Plan(request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
  Define(kOffers);
  EXPECT_THAT(Plan(request, &response).error_message(), HasSubstr("is a draft"));
  Launch();
  EXPECT_THAT(Plan(request, &response).error_message(), HasSubstr("no user of campaign \"spring\" was exposed yet"));
  request.set_confidence(2);
  EXPECT_THAT(Plan(request, &response).error_message(), HasSubstr("confidence: is 2, allowed is 0.5 to 0.9999"));
}

TEST_F(TuningServiceTest, ACampaignWithoutEconomicsOrOffersSaysSo) {
  std::string without = kOffers;
  const size_t economics = without.find("economics {");
  without.erase(economics, without.find('}', economics) - economics + 1);
  Define(without);
  Launch();
  v1::PlanOffersRequest request;
  request.set_campaign("spring");
  v1::PlanOffersResponse response;
  const grpc::Status status = Plan(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("has no economics"));
}

TEST_F(TuningServiceTest, ARuleIsWorthWhatItWouldHaveBrought) {
  Define(kOffers);
  Launch();
  Run(1000);
  v1::EvaluatePolicyRequest request;
  request.set_campaign("spring");
  v1::OfferBranch& branch = *request.mutable_rule()->add_branches();
  branch.add_tiers("waist");
  branch.set_variant("five");
  v1::EvaluatePolicyResponse response;
  grpc::Status status = Call(*tuning_, &v1::TuningService::Stub::EvaluatePolicy, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  // Profit per user: the head without an offer 0.4 x 30, the waist at five 0.2 x 25, the tail without one 0.02 x 30.
  const double expected = (12.0 + 5.0 + 0.6) / 3.0;
  EXPECT_NEAR(response.report().self_normalised().value(), expected, 1e-9);
  EXPECT_NEAR(response.report().doubly_robust().value(), expected, 0.1);
  EXPECT_EQ(response.report().users(), 9000);
  EXPECT_LT(response.report().as_logged().value(), expected);

  request.set_metric("revenue");
  status = Call(*tuning_, &v1::TuningService::Stub::EvaluatePolicy, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_NEAR(response.report().self_normalised().value(), 60.0 * (0.4 + 0.2 + 0.02) / 3.0, 1e-9);

  branch.set_variant("fife");
  branch.set_tiers(0, "wasit");
  status = Call(*tuning_, &v1::TuningService::Stub::EvaluatePolicy, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(),
              HasSubstr("rule.branches[0].variant: there is no variant \"fife\"; did you mean"));
  EXPECT_THAT(status.error_message(), HasSubstr("rule.branches[0].tiers[0]"));
}

TEST_F(TuningServiceTest, ARuleMayLookAtAttributes) {
  Define(kOffers);
  Launch();
  Run(1000);
  v1::UpsertProfilesRequest profiles;
  for (const char* variant : {"none", "five", "ten"}) {
    for (int i = 0; i < 1000; ++i) {
      v1::Profile& profile = *profiles.add_profiles();
      profile.set_user_id(absl::StrCat("waist-", variant, "-", i));
      v1::AttributeValue& orders = *profile.add_attributes();
      orders.set_attribute("orders_90d");
      orders.set_int_value(i % 2 == 0 ? 3 : 1);
    }
  }
  v1::UpsertProfilesResponse upserted;
  ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::UpsertProfiles, profiles, &upserted).ok());

  v1::EvaluatePolicyRequest request;
  request.set_campaign("spring");
  v1::OfferBranch& branch = *request.mutable_rule()->add_branches();
  branch.add_tiers("waist");
  branch.set_when("orders_90d >= 2");
  branch.set_variant("five");
  v1::EvaluatePolicyResponse response;
  grpc::Status status = Call(*tuning_, &v1::TuningService::Stub::EvaluatePolicy, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  // Half of the waist gets five, for 5 a user, half nothing, for 3.
  EXPECT_NEAR(response.report().self_normalised().value(), (12.0 + 4.0 + 0.6) / 3.0, 1e-9);
  EXPECT_THAT(response.report().warnings(), testing::Contains(HasSubstr("as they are now")));

  branch.set_when("orders_90 >= 2");
  status = Call(*tuning_, &v1::TuningService::Stub::EvaluatePolicy, request, &response);
  EXPECT_THAT(status.error_message(), HasSubstr("rule.branches[0].when"));

  v1::LearnPolicyRequest learn;
  learn.set_campaign("spring");
  learn.add_attributes("orders_90d");
  learn.set_depth(2);
  v1::LearnPolicyResponse learnt;
  status = Call(*tuning_, &v1::TuningService::Stub::LearnPolicy, learn, &learnt);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(TuningServiceTest, ALearntRuleOffersWhereTheResponseIs) {
  Define(kOffers);
  Launch();
  Run(1000);
  v1::LearnPolicyRequest request;
  request.set_campaign("spring");
  request.set_depth(1);
  v1::LearnPolicyResponse response;
  const grpc::Status status = Call(*tuning_, &v1::TuningService::Stub::LearnPolicy, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  // One question can part the head, which buys anyway, from the others, for whom five pays: the tail gains 0.03 x 25 -
  // 0.6.
  EXPECT_EQ(VariantFor("head", response.rule()), "none");
  EXPECT_EQ(VariantFor("waist", response.rule()), "five");
  EXPECT_NEAR(response.held_out().doubly_robust().value(), (12.0 + 5.0 + 0.75) / 3.0, 0.6);
  EXPECT_GT(response.held_out().users(), 4000);

  request.add_attributes("no_such");
  EXPECT_THAT(Call(*tuning_, &v1::TuningService::Stub::LearnPolicy, request, &response).error_message(),
              HasSubstr("attributes[0]: there is no attribute"));
}

TEST_F(TuningServiceTest, ACampaignThatIsNotAdaptiveHasNoAllocation) {
  Define(kOffers);
  Launch();
  v1::GetAllocationRequest request;
  request.set_campaign("spring");
  v1::GetAllocationResponse response;
  const grpc::Status status = Call(*tuning_, &v1::TuningService::Stub::GetAllocation, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("is not adaptive"));
}

}  // namespace
}  // namespace tierwise
