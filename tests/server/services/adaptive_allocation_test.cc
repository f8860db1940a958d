// SPDX-License-Identifier: Apache-2.0
// An adaptive campaign over several days, on a real store, with its time given.
#include "server/services/adaptive_allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/tier_plans.h"
#include "google/protobuf/text_format.h"
#include "server/services/assignment_calls.h"
#include "server/services/definition_edits.h"
#include "server/storage/store.h"
#include "server/tiers/live_users.h"
#include "tests/server/storage/temporary_folder.h"
#include "tierwise/v1/catalog_service.pb.h"

namespace tierwise {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr char kShop[] = R"pb(
  definitions { attribute { id: "spend" type: ATTRIBUTE_TYPE_DOUBLE } }
  definitions {
    tiering {
      id: "value"
      tiers { id: "head" }
      tiers { id: "tail" }
      rules {
        rules {
          tier: "head"
          when { text: "spend >= 1000" }
        }
        otherwise: "tail"
      }
    }
  }
  definitions {
    metric {
      id: "order"
      conversion { event: "order" }
      window { seconds: 3600 }
    }
  }
  definitions {
    campaign {
      id: "spring"
      tiering: "value"
      metrics: "order"
      variants { id: "none" control: true }
      variants { id: "ten" }
      tier_plans {
        tier: "*"
        arms { variant: "none" weight: 1 }
        arms { variant: "ten" weight: 1 }
      }
      adaptive {
        rule: ALLOCATION_RULE_THOMPSON
        every { seconds: 86400 }
        floor_bp: 500
        uniform_bp: 1000
      }
    }
  })pb";

const absl::Time kLaunch = absl::FromUnixSeconds(1'770'000'000);

class AdaptiveAllocationTest : public testing::Test {
 protected:
  AdaptiveAllocationTest() {
    Open();
    v1::ApplyDefinitionsRequest shop;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kShop, &shop));
    EXPECT_TRUE(catalog_
                    ->Change({"mei", kLaunch, false},
                             [&](const Definitions& present) { return ApplyEdits(present, shop.definitions()); })
                    .ok());
    const auto launched =
        catalog_->Change({"mei", kLaunch, false}, [&](const Definitions& present) -> absl::StatusOr<std::vector<Edit>> {
          v1::Definition definition = *present.Find("campaigns/spring");
          *definition.mutable_campaign() =
              Launch(definition.campaign(), present, absl::ToUnixMicros(kLaunch), present.catalog_version()).value();
          return std::vector<Edit>{{"campaigns/spring", v1::CHANGE_VERB_TRANSITION, "launch", definition}};
        });
    EXPECT_TRUE(launched.ok()) << launched.status();
  }

  // Also what a restart does.
  void Open() {
    allocation_.reset();
    users_.reset();
    catalog_.reset();
    store_ = Store{};
    store_ = OpenStore({folder_.File("store.duckdb")}).value();
    catalog_ = LiveCatalog::Open(*store_.catalog).value();
    evidence_ = std::make_unique<EvidenceCache>(FactSources{*store_.events});
    users_ = LiveUsers::Open(*catalog_, store_, 1).value();
    allocation_ = std::make_unique<AdaptiveAllocation>(*catalog_, *store_.catalog, *store_.events, *evidence_, 1);
  }

  v1::Campaign Campaign() const { return *catalog_->view().definitions->FindCampaign("spring"); }

  v1::Assignment Assign(const std::string& user, double spend, absl::Time now) const {
    v1::AssignRequest request;
    request.set_user_id(user);
    request.add_campaigns("spring");
    v1::AttributeValue& value = *request.add_attributes();
    value.set_attribute("spend");
    value.set_double_value(spend);
    v1::AssignResponse response;
    const auto plan = users_->PlanFor(catalog_->view().snapshot);
    EXPECT_TRUE(AnswerAssign(*plan, absl::ToUnixMicros(now), request, response).ok());
    return response.assignments(0);
  }

  // Lets users be assigned and exposed at `now`; in the head ten percent works, in the tail nothing does. What each
  // got.
  std::map<std::string, v1::Assignment> Expose(const std::string& prefix, int users, absl::Time now) {
    std::vector<v1::Exposure> exposures;
    std::vector<v1::Event> orders;
    std::map<std::string, v1::Assignment> assigned;
    for (int i = 0; i < users; ++i) {
      const std::string user = absl::StrCat(prefix, i);
      const v1::Assignment assignment = Assign(user, i % 2 == 0 ? 2000 : 10, now);
      assigned[user] = assignment;
      v1::Exposure& exposure = exposures.emplace_back();
      exposure.set_user_id(user);
      exposure.set_campaign("spring");
      exposure.set_variant(assignment.variant());
      exposure.set_tier(assignment.tier());
      exposure.set_phase(assignment.phase());
      exposure.set_propensity(assignment.propensity());
      *exposure.mutable_time() = ToProto(now);
      const int of_ten = assignment.tier() == "head" && assignment.variant() == "ten" ? 6 : 2;
      if (i / 2 % 10 >= of_ten) continue;
      v1::Event& order = orders.emplace_back();
      order.set_user_id(user);
      order.set_event_id("order");
      order.set_name("order");
      *order.mutable_time() = ToProto(now + absl::Minutes(10));
    }
    EXPECT_TRUE(users_->AppendExposures(exposures, now).ok());
    EXPECT_TRUE(store_.events->AppendEvents(orders, now + absl::Minutes(20)).ok());
    return assigned;
  }

  double ShareOfTen(const std::string& tier) const {
    const v1::Campaign campaign = Campaign();
    return SharesOfVariants(campaign, *PlanForTier(campaign, tier))[1];
  }

  TemporaryFolder folder_;
  Store store_;
  std::unique_ptr<LiveCatalog> catalog_;
  std::unique_ptr<EvidenceCache> evidence_;
  std::unique_ptr<LiveUsers> users_;
  std::unique_ptr<AdaptiveAllocation> allocation_;
};

TEST_F(AdaptiveAllocationTest, WeightsFollowTheResultsOncePerPeriod) {
  const auto first_day = Expose("a", 2000, kLaunch + absl::Hours(1));
  allocation_->RunDue(kLaunch + absl::Hours(23));
  EXPECT_EQ(Campaign().tier_plans_size(), 1) << "not due yet";
  allocation_->RunDue(kLaunch + absl::Hours(24));
  EXPECT_GT(ShareOfTen("head"), 0.8);
  EXPECT_GT(ShareOfTen("tail"), 0.05);
  EXPECT_LT(ShareOfTen("tail"), 0.95);
  EXPECT_EQ(PlanForTier(Campaign(), "head")->phase(), 2u);
  const int64_t revision = Campaign().meta().revision();
  allocation_->RunDue(kLaunch + absl::Hours(25));
  EXPECT_EQ(Campaign().meta().revision(), revision) << "a day has not passed since";
  const std::vector<v1::Change> changes = store_.catalog->ListChanges("campaigns/spring", 0, 1).value();
  EXPECT_EQ(changes[0].actor(), kAllocationActor);
}

TEST_F(AdaptiveAllocationTest, UsersKeepTheArmOfTheirFirstExposureAlsoAfterARestart) {
  const auto first_day = Expose("a", 2000, kLaunch + absl::Hours(1));
  allocation_->RunDue(kLaunch + absl::Hours(24));
  for (const bool is_restarted : {false, true}) {
    if (is_restarted) Open();
    int i = 0;
    for (const auto& [user, before] : first_day) {
      const double spend = before.tier() == "head" ? 2000 : 10;
      const v1::Assignment after = Assign(user, spend, kLaunch + absl::Hours(30));
      ASSERT_EQ(after.variant(), before.variant()) << user;
      ASSERT_EQ(after.phase(), 1u);
      if (++i == 300) break;
    }
  }
  int ten = 0;
  for (int i = 0; i < 400; ++i) {
    const v1::Assignment assignment = Assign(absl::StrCat("new", i), 2000, kLaunch + absl::Hours(30));
    EXPECT_EQ(assignment.phase(), 2u);
    ten += assignment.variant() == "ten" ? 1 : 0;
  }
  EXPECT_GT(ten, 300) << "new users follow the new weights";
}

TEST_F(AdaptiveAllocationTest, TheReadoutHasEveryBatchWithTheSharesOfThen) {
  Expose("a", 2000, kLaunch + absl::Hours(1));
  allocation_->RunDue(kLaunch + absl::Hours(24));
  const double share = ShareOfTen("head");
  Expose("b", 2000, kLaunch + absl::Hours(25));
  Open();
  const v1::GetAllocationResponse readout = allocation_->Read("spring", kLaunch + absl::Hours(48)).value();
  ASSERT_EQ(readout.tiers_size(), 2);
  const v1::TierAllocation& head = readout.tiers(0);
  ASSERT_EQ(head.batches_size(), 2);
  EXPECT_DOUBLE_EQ(head.batches(0).shares(1), 0.5);
  EXPECT_DOUBLE_EQ(head.batches(1).shares(1), share);
  EXPECT_EQ(head.batches(0).users(0) + head.batches(0).users(1), 1000);
  EXPECT_EQ(head.batches(1).users(0) + head.batches(1).users(1), 1000);
  EXPECT_NEAR(head.arms(1).weighted().value(), 0.6, 0.05);
  EXPECT_NEAR(head.arms(0).weighted().value(), 0.2, 0.05);
  EXPECT_GT(head.arms(1).always_valid_difference().interval().lower(), 0.2);
  EXPECT_GT(head.arms(1).best_probability(), 0.99);
}

TEST_F(AdaptiveAllocationTest, ACampaignThatIsNotAdaptiveIsLeftAlone) {
  EXPECT_TRUE(catalog_
                  ->Change({"mei", kLaunch, false},
                           [&](const Definitions& present) -> absl::StatusOr<std::vector<Edit>> {
                             const v1::Definition& now = *present.Find("campaigns/spring");
                             v1::Definition proposed = now;
                             proposed.mutable_campaign()->clear_adaptive();
                             return std::vector<Edit>{*UpdateEdit(present, now, proposed).value()};
                           })
                  .ok());
  Expose("a", 2000, kLaunch + absl::Hours(1));
  const int64_t revision = Campaign().meta().revision();
  allocation_->RunDue(kLaunch + absl::Hours(24));
  EXPECT_EQ(Campaign().meta().revision(), revision);
  EXPECT_THAT(std::string(allocation_->Reallocate("spring", kLaunch + absl::Hours(24)).status().message()),
              HasSubstr("is not adaptive and running"));
  EXPECT_THAT(std::string(allocation_->Read("spring", kLaunch + absl::Hours(24)).status().message()),
              HasSubstr("is not adaptive"));
}

}  // namespace
}  // namespace tierwise
