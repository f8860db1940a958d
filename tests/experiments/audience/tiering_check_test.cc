// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "absl/strings/str_cat.h"
#include "experiments/audience/tiering_program.h"
#include "tests/experiments/audience/audience_definitions.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Tiering ByQuantiles() {
  v1::Tiering tiering;
  tiering.set_id("value");
  for (const char* tier : {"head", "waist", "tail"}) tiering.add_tiers()->set_id(tier);
  tiering.mutable_quantiles()->set_attribute("spend");
  for (const uint32_t share : {1'000U, 5'000U, 10'000U}) tiering.mutable_quantiles()->add_up_to_bp(share);
  return tiering;
}

v1::Tiering ByScores() {
  v1::Tiering tiering;
  tiering.set_id("scores");
  for (const char* tier : {"best", "rest"}) tiering.add_tiers()->set_id(tier);
  v1::TierRfm& rfm = *tiering.mutable_rfm();
  rfm.set_recency("age");
  rfm.set_frequency("age");
  rfm.set_monetary("spend");
  rfm.set_otherwise("rest");
  v1::RfmGroup& group = *rfm.add_groups();
  group.set_tier("best");
  group.set_min_recency(4);
  group.set_max_recency(5);
  return tiering;
}

// What is wrong after `change`.
std::vector<std::string> ProblemsAfter(v1::Tiering tiering, const std::function<void(v1::Tiering&)>& change) {
  change(tiering);
  Problems problems;
  CheckTiering(tiering, AudienceDefinitions(), "t", problems);
  std::vector<std::string> found;
  for (const Problem& problem : problems.problems()) {
    found.push_back(absl::StrCat(problem.field, ": ", problem.description));
  }
  return found;
}

void Shares(std::initializer_list<uint32_t> shares, v1::Tiering& tiering) {
  tiering.mutable_quantiles()->clear_up_to_bp();
  for (const uint32_t share : shares) tiering.mutable_quantiles()->add_up_to_bp(share);
}

TEST(QuantilesCheckTest, AcceptsAWholeTiering) {
  EXPECT_THAT(ProblemsAfter(ByQuantiles(), [](v1::Tiering&) {}), IsEmpty());
  EXPECT_THAT(ProblemsAfter(ByQuantiles(), [](v1::Tiering& t) { t.mutable_quantiles()->set_attribute("age"); }),
              IsEmpty());
  EXPECT_THAT(ProblemsAfter(ByQuantiles(), [](v1::Tiering& t) { t.mutable_quantiles()->set_missing_tier("waist"); }),
              IsEmpty());
  EXPECT_THAT(ProblemsAfter(ByQuantiles(),
                            [](v1::Tiering& t) {
                              t.add_tiers()->set_id("unknown");
                              t.mutable_quantiles()->set_missing_tier("unknown");
                            }),
              IsEmpty());
}

TEST(QuantilesCheckTest, TheAttributeIsADeclaredNumber) {
  const auto with = [](const char* attribute) {
    return ProblemsAfter(ByQuantiles(), [=](v1::Tiering& t) { t.mutable_quantiles()->set_attribute(attribute); });
  };
  EXPECT_THAT(with(""), ElementsAre("t.quantiles.attribute: is required"));
  EXPECT_THAT(with("spent"),
              ElementsAre("t.quantiles.attribute: unknown attribute \"spent\"; did you mean \"spend\"?"));
  EXPECT_THAT(with("country"), ElementsAre("t.quantiles.attribute: country is STRING; INT or DOUBLE is needed"));
}

TEST(QuantilesCheckTest, SharesAscendToAll) {
  const auto with = [](std::initializer_list<uint32_t> shares) {
    return ProblemsAfter(ByQuantiles(), [=](v1::Tiering& t) { Shares(shares, t); });
  };
  EXPECT_THAT(with({1'000, 1'000, 10'000}),
              ElementsAre("t.quantiles.up_to_bp[1]: is 1000 after 1000; shares say how far each tier reaches from the "
                          "top, so each is larger than the one before"));
  EXPECT_THAT(with({0, 1'000, 10'000}),
              ElementsAre("t.quantiles.up_to_bp[0]: is 0 after 0; shares say how far each tier reaches from the top, "
                          "so each is larger than the one before"));
  EXPECT_THAT(with({1'000, 5'000, 9'000}),
              ElementsAre("t.quantiles.up_to_bp[2]: is 9000; the last one must be 10000, all users"));
  EXPECT_THAT(with({1'000, 5'000, 20'000}), ElementsAre("t.quantiles.up_to_bp[2]: is 20000, 1 to 10000 is allowed"));
  EXPECT_THAT(with({1'000, 10'000}),
              ElementsAre("t.quantiles.up_to_bp: has 2 shares for 3 tiers: one for each tier, or for each but the one "
                          "named in missing_tier"));
  EXPECT_THAT(with({}), ElementsAre("t.quantiles.up_to_bp: has 0 shares for 3 tiers: one for each tier, or for each "
                                    "but the one named in missing_tier"));
}

TEST(QuantilesCheckTest, TheTierOfTheMissingIsKnown) {
  EXPECT_THAT(ProblemsAfter(ByQuantiles(), [](v1::Tiering& t) { t.mutable_quantiles()->set_missing_tier("tial"); }),
              ElementsAre("t.quantiles.missing_tier: unknown tier \"tial\"; did you mean \"tail\"?"));
}

TEST(ScoresCheckTest, AcceptsAWholeTiering) {
  EXPECT_THAT(ProblemsAfter(ByScores(), [](v1::Tiering&) {}), IsEmpty());
}

TEST(ScoresCheckTest, EveryProblemIsReported) {
  EXPECT_THAT(ProblemsAfter(ByScores(),
                            [](v1::Tiering& t) {
                              t.add_tiers()->set_id("lost");
                              v1::TierRfm& rfm = *t.mutable_rfm();
                              rfm.clear_recency();
                              rfm.set_frequency("tags");
                              rfm.set_monetary("spent");
                              rfm.mutable_groups(0)->set_tier("bset");
                              rfm.mutable_groups(0)->set_max_recency(3);
                              rfm.mutable_groups(0)->set_min_frequency(6);
                              rfm.clear_otherwise();
                            }),
              ElementsAre("t.rfm.recency: is required", "t.rfm.frequency: tags is STRING_LIST; INT or DOUBLE is needed",
                          "t.rfm.monetary: unknown attribute \"spent\"; did you mean \"spend\"?",
                          "t.rfm.groups[0].tier: unknown tier \"bset\"; did you mean \"best\"?",
                          "t.rfm.groups[0].min_recency: is 4, above max_recency, which is 3",
                          "t.rfm.groups[0].min_frequency: is 6, 1 to 5 is allowed, or 0 for no bound",
                          "t.rfm.otherwise: is required",
                          "t.tiers[0]: is empty: no group leads to it, nor is it the tier of everyone else",
                          "t.tiers[1]: is empty: no group leads to it, nor is it the tier of everyone else",
                          "t.tiers[2]: is empty: no group leads to it, nor is it the tier of everyone else"));
}

TEST(ScoresCheckTest, GroupsAreLimited) {
  EXPECT_THAT(ProblemsAfter(ByScores(),
                            [](v1::Tiering& t) {
                              t.mutable_tiers()->RemoveLast();
                              t.mutable_rfm()->set_otherwise("best");
                              t.mutable_rfm()->clear_groups();
                            }),
              ElementsAre("t.rfm.groups: has 0 groups, 1 to 64 are allowed"));
}

TEST(RefreshPolicyCheckTest, BoundsAreKept) {
  const auto with = [](const std::function<void(v1::RefreshPolicy&)>& change) {
    return ProblemsAfter(ByQuantiles(), [&](v1::Tiering& t) { change(*t.mutable_refresh()); });
  };
  EXPECT_THAT(with([](v1::RefreshPolicy& policy) {
                policy.mutable_every()->set_seconds(60);
                policy.mutable_min_dwell()->set_seconds(400 * 86'400);
                policy.set_hysteresis(0.5);
                policy.set_confirmations(10);
              }),
              IsEmpty());
  EXPECT_THAT(
      with([](v1::RefreshPolicy& policy) {
        policy.mutable_every()->set_seconds(59);
        policy.mutable_min_dwell()->set_seconds(-1);
        policy.set_hysteresis(0.6);
        policy.set_confirmations(11);
      }),
      ElementsAre("t.refresh.every: is not from 1 minute to 400 days", "t.refresh.min_dwell: is not from 0 to 400 days",
                  "t.refresh.hysteresis: is 0.6, 0 to 0.5 is allowed",
                  "t.refresh.confirmations: is 11, 1 to 10 is allowed"));
  EXPECT_THAT(with([](v1::RefreshPolicy& policy) {
                policy.mutable_every()->set_seconds(400 * 86'400);
                policy.mutable_every()->set_nanos(1);
                policy.set_hysteresis(std::numeric_limits<double>::quiet_NaN());
              }),
              ElementsAre("t.refresh.every: is not from 1 minute to 400 days",
                          "t.refresh.hysteresis: is nan, 0 to 0.5 is allowed"));
}

TEST(RefreshPolicyCheckTest, RulesHaveNoHysteresis) {
  EXPECT_THAT(ProblemsAfter(ByQuantiles(),
                            [](v1::Tiering& t) {
                              t.mutable_tiers()->RemoveLast();
                              t.mutable_tiers()->RemoveLast();
                              t.mutable_rules()->set_otherwise("head");
                              t.mutable_refresh()->set_hysteresis(0.1);
                            }),
              ElementsAre("t.refresh.hysteresis: is for tierings by quantiles and RFM; rules have no cuts to move"));
}

}  // namespace
}  // namespace tierwise
