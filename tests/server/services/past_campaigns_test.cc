// SPDX-License-Identifier: Apache-2.0
// From stored facts to priors, quantiles and the moments of every look.
#include "server/services/past_campaigns.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "experiments/analysis/report.h"
#include "experiments/analysis/sequential_test.h"
#include "server/storage/store.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

constexpr int64_t kDay = 86'400;
constexpr int kUsersAnArm = 500;

constexpr char kCampaign[] = R"pb(
  campaign {
    id: "$0"
    meta { revision: 3 }
    tiering: "value"
    metrics: "$1"
    variants { id: "plain" control: true }
    variants { id: "offer" }
    tier_plans {
      tier: "*"
      phase: 1
      arms { variant: "plain" weight: 1 }
      arms { variant: "offer" weight: 1 }
    }
    state: CAMPAIGN_STATE_CONCLUDED
    pinned_version: 1
    launch_time { seconds: $2 }
    conclusion {
      outcome: OUTCOME_INCONCLUSIVE
      time { seconds: $3 }
    }
  })pb";

class PastCampaignsTest : public testing::Test {
 protected:
  PastCampaignsTest() : store_(*OpenStore({.path = folder_.File("store.duckdb")})) {
    Add(R"(tiering { id: "value" tiers { id: "all" } rules { otherwise: "all" } })");
    Add(R"(metric { id: "order" conversion { event: "order" } window { seconds: 86400 } })");
    Add(R"(metric { id: "other" conversion { event: "other" } window { seconds: 86400 } })");
  }

  void Add(const std::string& text) {
    v1::Definition definition;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition)) << text;
    definitions_.Put(definition);
    changes_.push_back({NameOf(definition), v1::CHANGE_VERB_CREATE, "", 1, definition});
  }

  // Concluded on day `day` + 5; `converted` of 500 users of the offer order, 200 of the control.
  void AddConcluded(int number, int64_t day, int converted, const std::string& metric = "order") {
    const std::string id = absl::StrCat("past", number);
    Add(absl::Substitute(kCampaign, id, metric, absl::ToUnixSeconds(At(kDay * day)),
                         absl::ToUnixSeconds(At(kDay * (day + 5)))));
    std::vector<v1::Exposure> exposures;
    std::vector<v1::Event> events;
    for (int user = 0; user < 2 * kUsersAnArm; ++user) {
      const bool is_offer = user % 2 == 1;
      const std::string user_id = absl::StrCat(id, "-", user);
      const absl::Time time = At(kDay * day + 3'600 + user);
      exposures.push_back(MakeExposure(user_id, is_offer ? "offer" : "plain", "all", time, id));
      if (user / 2 >= (is_offer ? converted : 200)) continue;
      events.push_back(MakeEvent(user_id, "e", "order", time + absl::Hours(1)));
    }
    ASSERT_TRUE(store_.events->AppendExposures(exposures, At(kDay * (day + 1))).ok());
    ASSERT_TRUE(store_.events->AppendEvents(events, At(kDay * (day + 1))).ok());
  }

  LiftPrior PriorAt(int64_t day) {
    if (!changes_.empty()) {
      EXPECT_TRUE(store_.catalog->Commit({1, At(0), "mei", std::move(changes_)}).ok());
      changes_.clear();
    }
    CampaignData data;
    data.id = "present";
    data.as_of = At(kDay * day);
    data.metrics.emplace_back();
    data.metrics[0].id = "order";
    data.metrics[0].role = v1::METRIC_ROLE_PRIMARY;
    const absl::Status status = past_.SetPriors(definitions_, data);
    EXPECT_TRUE(status.ok()) << status;
    return data.metrics[0].prior;
  }

  TemporaryFolder folder_;
  Store store_;
  Definitions definitions_;
  std::vector<CatalogChange> changes_;
  PastCampaigns past_{*store_.catalog, FactSources{*store_.events}, 1};
};

TEST_F(PastCampaignsTest, FiveCampaignsOfTheSameMetricTeachAPrior) {
  constexpr int kConverted[] = {200, 210, 220, 230, 240};
  for (int i = 0; i < 5; ++i) AddConcluded(i, 10 * i, kConverted[i]);
  const LiftPrior prior = PriorAt(60);
  EXPECT_EQ(prior.campaigns, 5);
  EXPECT_EQ(prior.lift.kind, PriorKind::kPastCampaigns);
  // Lifts of 0, 5, ... 20 %, the larger ones less exact; tau is 0 (Q = 3.74). By hand from the formulas of the page.
  EXPECT_NEAR(prior.lift.mean, 0.0946228, 1e-7);
  EXPECT_NEAR(prior.lift.sd, 0.0365412, 1e-7);
  // Asked again it comes from memory, the same.
  EXPECT_EQ(PriorAt(60).Words(), prior.Words());
}

TEST_F(PastCampaignsTest, OnlyThoseWhoseOutcomesWereCompleteByThenCount) {
  for (int i = 0; i < 6; ++i) AddConcluded(i, 10 * i, 220);
  // The last is concluded on day 55, its last window ends on day 56.
  EXPECT_EQ(PriorAt(60).campaigns, 6);
  EXPECT_EQ(PriorAt(55).campaigns, 5);
  EXPECT_EQ(PriorAt(30).lift.kind, PriorKind::kWeaklyInformative);
}

TEST_F(PastCampaignsTest, CampaignsOfOtherMetricsTeachNothing) {
  for (int i = 0; i < 4; ++i) AddConcluded(i, 10 * i, 220);
  AddConcluded(4, 40, 220, "other");
  EXPECT_EQ(PriorAt(60).lift.kind, PriorKind::kWeaklyInformative);
}

TEST_F(PastCampaignsTest, EvidenceHasQuantilesAndTheMomentsOfEveryLook) {
  AddConcluded(0, 0, 220);
  std::vector<v1::Event> waits;
  for (int user = 0; user < 2 * kUsersAnArm; ++user) {
    waits.push_back(MakeEvent(absl::StrCat("past0-", user), "w", "wait", At(3'600 + 2'000 + user), 1.0 + user));
    if (user % 3 == 0) waits.back().clear_value();
  }
  ASSERT_TRUE(store_.events->AppendEvents(waits, At(kDay)).ok());
  EvidenceRequest request;
  request.campaign = *definitions_.FindCampaign("past0");
  request.campaign.mutable_schedule()->mutable_end_time()->set_seconds(absl::ToUnixSeconds(At(5 * kDay)));
  request.tiering = *definitions_.FindTiering("value");
  v1::Metric wait;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(id: "wait" quantile { event: "wait" probability: 0.5 } window { seconds: 86400 })", &wait));
  request.metrics = {*definitions_.FindMetric("order"), wait};
  request.as_of = At(4 * kDay);
  const CampaignData data = GatherEvidence({*store_.events}, request).value();
  EXPECT_EQ(data.metrics[0].path.size(), LooksBefore(data.rules, data.as_of, absl::Hours(24)).size());
  ASSERT_EQ(data.metrics[0].path.size(), 3u);
  EXPECT_EQ(data.metrics[0].path[0][1].n(), kUsersAnArm);
  EXPECT_NEAR(data.metrics[0].path[0][1].mean(0), 0.44, 1e-12);
  EXPECT_EQ(data.early_users, (std::vector<int64_t>{0, 0}));
  const MetricData& quantile = data.metrics[1];
  EXPECT_EQ(quantile.estimand, Estimand::kQuantile);
  EXPECT_EQ(quantile.quantiles[0].values + quantile.quantiles[1].values, 666);
  EXPECT_EQ(quantile.quantiles[0].value, quantile.variant_quantiles[0].value);
  EXPECT_TRUE(BuildReport(data, 0.95).ok());
}

}  // namespace
}  // namespace tierwise
