// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/assign.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/definition_update.h"
#include "gtest/gtest.h"
#include "tests/experiments/assignment/catalog.h"

namespace tierwise {
namespace {

constexpr int kSeeds = 2000;
constexpr std::array<double, 3> kSpends = {5000, 500, 5};  // gold, silver, bronze

// A source of small numbers that is the same everywhere.
class Random {
 public:
  explicit Random(int seed) : engine_(static_cast<uint64_t>(seed)) {}
  // In [from, to].
  uint32_t operator()(uint32_t from, uint32_t to) {
    return from + static_cast<uint32_t>(engine_() % (uint64_t{to} - from + 1));
  }

 private:
  std::mt19937_64 engine_;
};

v1::Campaign DraftWithSalt(const std::string& id, int seed) {
  v1::Campaign draft = Draft(id);
  draft.set_salt(absl::StrCat(id, "-", seed));
  return draft;
}

void SetWeights(v1::TierPlan& plan, Random& random) {
  for (v1::Arm& arm : *plan.mutable_arms()) arm.set_weight(random(1, 100));
}

Definitions ShopWithLayer(int seed) {
  Definitions shop = Shop();
  shop.Put(Create(Parse(absl::StrCat("layer { id: 'email' salt: 'email-", seed, "' }"))));
  return shop;
}

Decision DecisionOf(const Snapshot& snapshot, absl::string_view campaign, int user, double spend) {
  return Assign(snapshot.Find(campaign), UserId(user), Shopper(snapshot, spend), kNow);
}

bool IsIn(const Decision& decision) { return decision.reason == v1::ASSIGNMENT_REASON_SPLIT; }

// The statistics of many seeds' chi-square tests with 2 degrees of freedom, whose p-value is exp(-x/2). If the
// hypothesis holds, the p-values are uniform: their share below 0.05 and the mean statistic are tested, each within 4.5
// standard errors.
class ChiSquareTests {
 public:
  void Add(double statistic) {
    ++count_;
    sum_ += statistic;
    rejected_ += std::exp(-statistic / 2) < 0.05 ? 1 : 0;
  }
  void ExpectUniform() const {
    const double n = count_;
    EXPECT_NEAR(rejected_ / n, 0.05, 4.5 * std::sqrt(0.05 * 0.95 / n));
    EXPECT_NEAR(sum_ / n, 2.0, 4.5 * 2.0 / std::sqrt(n));
  }

 private:
  int count_ = 0;
  double sum_ = 0;
  double rejected_ = 0;
};

// Pearson's statistic of independence of a 2 by 3 table.
double IndependenceStatistic(const std::array<std::array<double, 3>, 2>& table) {
  std::array<double, 2> rows = {};
  std::array<double, 3> columns = {};
  double total = 0;
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      rows[i] += table[i][j];
      columns[j] += table[i][j];
      total += table[i][j];
    }
  }
  double statistic = 0;
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      const double expected = rows[i] * columns[j] / total;
      statistic += (table[i][j] - expected) * (table[i][j] - expected) / expected;
    }
  }
  return statistic;
}

size_t ArmIndex(const Decision& decision) {
  return decision.variant == "control" ? 0 : decision.variant == "small" ? 1 : 2;
}

TEST(AssignPropertyTest, EveryUserIsInTheFirstTierWhoseRuleHolds) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Definitions definitions = Shop();
    std::string rules;
    std::string tiers = "tiers { id: 'rest' }";
    std::vector<uint32_t> thresholds;
    for (uint32_t i = 0, count = random(0, 6); i < count; ++i) {
      thresholds.push_back(random(0, 100));
      absl::StrAppend(&tiers, "tiers { id: 't", i, "' }");
      absl::StrAppend(&rules, "rules { tier: 't", i, "' when { text: 'spend >= ", thresholds.back(), "' } }");
    }
    definitions.Put(
        Create(Parse(absl::StrCat("tiering { id: 'value' ", tiers, " rules { ", rules, " otherwise: 'rest' } }"))));
    v1::Campaign draft = DraftWithSalt("spring", seed);
    draft.mutable_tier_plans()->DeleteSubrange(1, 1);
    draft.mutable_tier_plans(0)->set_tier("*");
    PutLaunched(draft, definitions);
    const auto snapshot = MustCompile(definitions);
    for (int user = 0; user < 20; ++user) {
      const uint32_t spend = random(0, 100);
      size_t rule = 0;
      while (rule < thresholds.size() && spend < thresholds[rule]) ++rule;
      EXPECT_EQ(DecisionOf(*snapshot, "spring", user, spend).tier,
                rule == thresholds.size() ? "rest" : absl::StrCat("t", rule));
    }
  }
}

TEST(AssignPropertyTest, RampsKeepEveryUserInTheirArm) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Definitions definitions = Shop();
    v1::Campaign campaign = DraftWithSalt("spring", seed);
    SetWeights(*campaign.mutable_tier_plans(0), random);
    campaign.set_traffic_share_bp(random(0, 9'999));
    campaign = PutLaunched(campaign, definitions);
    const auto before = MustCompile(definitions);
    campaign.set_traffic_share_bp(random(campaign.traffic_share_bp(), 10'000));
    Put(campaign, definitions);
    const auto after = MustCompile(definitions);
    for (int user = 0; user < 50; ++user) {
      const Decision first = DecisionOf(*before, "spring", user, 5000);
      if (IsIn(first)) {
        EXPECT_EQ(DecisionOf(*after, "spring", user, 5000), first);
      }
    }
  }
}

TEST(AssignPropertyTest, GrowingALayersShareKeepsEveryUserInTheirArm) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Definitions definitions = ShopWithLayer(seed);
    for (const char* id : {"a", "b", "c"}) {
      v1::Campaign draft = DraftWithSalt(id, seed);
      draft.mutable_layer()->set_layer("email");
      draft.mutable_layer()->set_share_bp(random(1, 2'500));
      PutLaunched(draft, definitions);
    }
    const auto before = MustCompile(definitions);
    v1::Definition proposed = *definitions.Find("campaigns/a");
    const uint32_t share_bp = proposed.campaign().layer().share_bp();
    proposed.mutable_campaign()->mutable_layer()->set_share_bp(share_bp + random(0, 2'500));
    definitions.Put(*Update(*definitions.Find("campaigns/a"), proposed, definitions));
    const auto after = MustCompile(definitions);
    for (const char* id : {"a", "b", "c"}) {
      for (int user = 0; user < 20; ++user) {
        const Decision first = DecisionOf(*before, id, user, 5000);
        if (IsIn(first)) {
          EXPECT_EQ(DecisionOf(*after, id, user, 5000), first);
        }
      }
    }
  }
}

TEST(AssignPropertyTest, NoUserIsInTwoCampaignsOfALayer) {
  int in_one = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Definitions definitions = ShopWithLayer(seed);
    // Launches and conclusions in any order leave the free buckets in pieces.
    for (int i = 0; i < 8; ++i) {
      v1::Campaign draft = DraftWithSalt(absl::StrCat("c", i), seed);
      draft.mutable_layer()->set_layer("email");
      draft.mutable_layer()->set_share_bp(random(1, 4'000));
      const auto launched = Launch(draft, definitions, kNow, 1);
      if (launched.ok()) Put(*launched, definitions);
      const std::string other = absl::StrCat("c", random(0, 7));
      if (const v1::Campaign* campaign = definitions.FindCampaign(other); campaign != nullptr && random(0, 2) == 0) {
        v1::Conclusion conclusion;
        conclusion.set_outcome(v1::OUTCOME_INCONCLUSIVE);
        if (const auto concluded = Conclude(*campaign, conclusion, kNow); concluded.ok()) Put(*concluded, definitions);
      }
    }
    const auto snapshot = MustCompile(definitions);
    for (int user = 0; user < 30; ++user) {
      int campaigns = 0;
      for (const CompiledCampaign* campaign : snapshot->running()) {
        campaigns += IsIn(DecisionOf(*snapshot, campaign->id, user, 5000)) ? 1 : 0;
      }
      EXPECT_LE(campaigns, 1);
      in_one += campaigns;
    }
  }
  EXPECT_GT(in_one, kSeeds * 30 / 3);
}

TEST(AssignPropertyTest, CampaignsAreIndependentOfEachOther) {
  ChiSquareTests tests;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Definitions definitions = Shop();
    PutLaunched(DraftWithSalt("a", seed), definitions);
    PutLaunched(DraftWithSalt("b", seed), definitions);
    const auto snapshot = MustCompile(definitions);
    std::array<std::array<double, 3>, 2> table = {};
    for (int user = 0; user < 600; ++user) {
      const Decision silver = DecisionOf(*snapshot, "a", user, 500);
      const Decision gold = DecisionOf(*snapshot, "b", user, 5000);
      ++table[ArmIndex(silver)][ArmIndex(gold)];
    }
    tests.Add(IndependenceStatistic(table));
  }
  tests.ExpectUniform();
}

TEST(AssignPropertyTest, LayersAreIndependentOfEachOther) {
  ChiSquareTests tests;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Definitions definitions = ShopWithLayer(seed);
    definitions.Put(Create(Parse(absl::StrCat("layer { id: 'push' salt: 'push-", seed, "' }"))));
    for (const auto& [id, layer] : {std::make_pair("a", "email"), std::make_pair("b", "push")}) {
      v1::Campaign draft = DraftWithSalt(id, seed);
      draft.mutable_layer()->set_layer(layer);
      draft.mutable_layer()->set_share_bp(6'000);
      PutLaunched(draft, definitions);
    }
    const auto snapshot = MustCompile(definitions);
    // In campaign a or not; outside of b, its control, another arm.
    std::array<std::array<double, 3>, 2> table = {};
    for (int user = 0; user < 600; ++user) {
      const Decision b = DecisionOf(*snapshot, "b", user, 500);
      ++table[IsIn(DecisionOf(*snapshot, "a", user, 5000)) ? 1 : 0][IsIn(b) ? 1 + ArmIndex(b) : 0];
    }
    tests.Add(IndependenceStatistic(table));
  }
  tests.ExpectUniform();
}

TEST(AssignPropertyTest, PhasesAreIndependentOfEachOther) {
  ChiSquareTests tests;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Definitions definitions = Shop();
    v1::Campaign campaign = PutLaunched(DraftWithSalt("a", seed), definitions);
    const auto before = MustCompile(definitions);
    campaign.mutable_tier_plans(0)->set_phase(2);
    Put(campaign, definitions);
    const auto after = MustCompile(definitions);
    std::array<std::array<double, 3>, 2> table = {};
    for (int user = 0; user < 600; ++user) {
      ++table[ArmIndex(DecisionOf(*before, "a", user, 5000)) == 0 ? 0 : 1]
             [ArmIndex(DecisionOf(*after, "a", user, 5000))];
    }
    tests.Add(IndependenceStatistic(table));
  }
  tests.ExpectUniform();
}

TEST(AssignPropertyTest, EveryTiersSharesAreItsWeights) {
  ChiSquareTests gold;
  ChiSquareTests bronze;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Definitions definitions = Shop();
    v1::Campaign draft = DraftWithSalt("a", seed);
    *draft.add_tier_plans() = draft.tier_plans(0);
    draft.mutable_tier_plans(2)->set_tier("bronze");
    for (const int plan : {0, 2}) {
      for (v1::Arm& arm : *draft.mutable_tier_plans(plan)->mutable_arms()) arm.set_weight(random(20, 100));
    }
    PutLaunched(draft, definitions);
    const auto snapshot = MustCompile(definitions);
    constexpr int kUsers = 600;
    for (auto [tests, plan, spend] : {std::make_tuple(&gold, 0, kSpends[0]), std::make_tuple(&bronze, 2, kSpends[2])}) {
      std::array<double, 3> counts = {};
      for (int user = 0; user < kUsers; ++user) ++counts[ArmIndex(DecisionOf(*snapshot, "a", user, spend))];
      double total = 0;
      for (const v1::Arm& arm : draft.tier_plans(plan).arms()) total += arm.weight();
      double statistic = 0;
      for (int i = 0; i < 3; ++i) {
        const double expected = kUsers * draft.tier_plans(plan).arms(i).weight() / total;
        statistic += std::pow(counts[static_cast<size_t>(i)] - expected, 2) / expected;
      }
      tests->Add(statistic);
    }
  }
  gold.ExpectUniform();
  bronze.ExpectUniform();
}

TEST(AssignPropertyTest, NewWeightsForOneTierLeaveOtherTiersUsersAlone) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Definitions definitions = Shop();
    v1::Campaign draft = DraftWithSalt("a", seed);
    *draft.add_tier_plans() = draft.tier_plans(0);
    draft.mutable_tier_plans(2)->set_tier("*");
    for (v1::TierPlan& plan : *draft.mutable_tier_plans()) SetWeights(plan, random);
    PutLaunched(draft, definitions);
    const auto before = MustCompile(definitions);
    const size_t changed = random(0, 2);
    v1::Definition proposed = *definitions.Find("campaigns/a");
    SetWeights(*proposed.mutable_campaign()->mutable_tier_plans(static_cast<int>(changed)), random);
    definitions.Put(*Update(*definitions.Find("campaigns/a"), proposed, definitions));
    const auto after = MustCompile(definitions);
    for (size_t tier = 0; tier < 3; ++tier) {
      if (tier == changed) continue;
      for (int user = 0; user < 20; ++user) {
        EXPECT_EQ(DecisionOf(*after, "a", user, kSpends[tier]), DecisionOf(*before, "a", user, kSpends[tier]));
      }
    }
  }
}

TEST(AssignPropertyTest, ReplaysAreIdentical) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Definitions definitions = ShopWithLayer(seed);
    definitions.Put(Create(Parse(absl::StrCat("holdout { id: 'global' share_bp: ", random(0, 5'000), " }"))));
    v1::Campaign draft = DraftWithSalt("a", seed);
    draft.mutable_layer()->set_layer("email");
    draft.mutable_layer()->set_share_bp(random(1, 10'000));
    draft.set_traffic_share_bp(random(0, 10'000));
    PutLaunched(draft, definitions);
    // Through bytes and back, added in another order.
    Definitions replayed;
    replayed.set_catalog_version(definitions.catalog_version());
    for (auto it = definitions.all().rbegin(); it != definitions.all().rend(); ++it) {
      v1::Definition copy;
      ASSERT_TRUE(copy.ParseFromString(it->second->SerializeAsString()));
      replayed.Put(std::move(copy));
    }
    const auto first = MustCompile(definitions);
    const auto second = MustCompile(replayed);
    for (int user = 0; user < 20; ++user) {
      const double spend = kSpends[random(0, 2)];
      EXPECT_EQ(DecisionOf(*first, "a", user, spend), DecisionOf(*second, "a", user, spend));
    }
  }
}

TEST(AssignPropertyTest, HoldoutsOnlyGainUsersWhenTheirSharesGrow) {
  const auto holdout = [](int seed, uint32_t gold, uint32_t rest) {
    return Create(Parse(absl::StrCat("holdout { id: 'h' salt: 'h-", seed, "' share_bp: ", rest,
                                     " tiering: 'value' tier_shares { tier: 'gold' share_bp: ", gold, " } }")));
  };
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    Definitions definitions = Shop();
    PutLaunched(DraftWithSalt("a", seed), definitions);
    const uint32_t gold = random(0, 10'000);
    const uint32_t rest = random(0, 10'000);
    definitions.Put(holdout(seed, gold, rest));
    const auto before = MustCompile(definitions);
    definitions.Put(holdout(seed, random(gold, 10'000), random(rest, 10'000)));
    const auto after = MustCompile(definitions);
    for (int user = 0; user < 40; ++user) {
      const double spend = kSpends[random(0, 1)];
      if (DecisionOf(*before, "a", user, spend).reason == v1::ASSIGNMENT_REASON_IN_HOLDOUT) {
        EXPECT_EQ(DecisionOf(*after, "a", user, spend).reason, v1::ASSIGNMENT_REASON_IN_HOLDOUT);
      }
    }
  }
}

}  // namespace
}  // namespace tierwise
