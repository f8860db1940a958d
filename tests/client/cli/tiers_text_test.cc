// SPDX-License-Identifier: Apache-2.0
// What the verbs over tiers print, from messages.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "client/cli/profile_text.h"
#include "client/cli/refresh_text.h"
#include "client/cli/tier_description_text.h"
#include "client/cli/tier_exploration_text.h"
#include "client/cli/tier_history_text.h"
#include "client/cli/tier_sizes_text.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr PlotStyle kStyle = {.has_unicode = false, .has_color = false, .width = 80};

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

std::vector<v1::Transition> TransitionsOf(const std::string& text) {
  const auto response = Parse<v1::GetTransitionsResponse>(text);
  return {response.transitions().begin(), response.transitions().end()};
}

std::vector<v1::Transition> QuarterOfMoves() {
  return TransitionsOf(R"(
    transitions { from: "head" to: "head" users: 30 } transitions { from: "head" to: "tail" users: 10 }
    transitions { from: "tail" to: "head" users: 4 } transitions { from: "tail" to: "tail" users: 196 }
    transitions { from: "" to: "tail" users: 60 })");
}

TEST(MovementTest, UpIsTowardsTheFirstTier) {
  const Movement movement = MovementOf(QuarterOfMoves(), {"head", "tail"});
  EXPECT_EQ(movement.stayed, 226);
  EXPECT_EQ(movement.up, 4);
  EXPECT_EQ(movement.down, 10);
  EXPECT_EQ(movement.came, 60);
  EXPECT_EQ(movement.known_before(), 240);
}

TEST(TransitionsTextTest, SharesAreOfTheRow) {
  EXPECT_EQ(RenderTransitions(QuarterOfMoves(), {"head", "tail"}, kStyle),
            "from \\ to            head         tail\n"
            "head           30 75.0% #   10 25.0% :\n"
            "tail             4 2.0% .  196 98.0% #\n"
            "(none before)              60 100.0% #\n"
            "stayed 226 (94.2%), moved up 4 (1.7%), moved down 10 (4.2%); 60 had no tier before\n");
}

TEST(TransitionsTextTest, ATierOfAnEarlierRevisionHasItsRow) {
  const std::string text =
      RenderTransitions(TransitionsOf(R"(transitions { from: "gold" to: "head" users: 5 })"), {"head", "tail"}, kStyle);
  EXPECT_THAT(text, HasSubstr("gold       5 100.0% #"));
  EXPECT_THAT(text, HasSubstr("moved up 5 (100.0%)"));
}

constexpr char kPreview[] = R"(
  tiering { id: "value" tiers { id: "head" } tiers { id: "tail" } quantiles { attribute: "spend" cuts: 3376.12 } }
  sizes { tier: "head" users: 438 } sizes { tier: "tail" users: 3934 })";

TEST(PreviewTextTest, OneLineSaysSizesAndTheLargestMoves) {
  auto preview = Parse<v1::PreviewTieringResponse>(kPreview);
  EXPECT_EQ(PreviewLine(preview), "value: head 438 (10.0%), tail 3,934 (90.0%); not refreshed before, so nobody moves");
  for (const v1::Transition& transition : QuarterOfMoves()) *preview.add_transitions() = transition;
  EXPECT_EQ(PreviewLine(preview),
            "value: head 438 (10.0%), tail 3,934 (90.0%); 14 of 240 users would move: 10 head -> tail, 4 tail -> head");
}

TEST(PreviewTextTest, ShowsCutsAndWarnings) {
  auto preview = Parse<v1::PreviewTieringResponse>(kPreview);
  preview.add_warnings("spend is missing for 83 % of users");
  EXPECT_EQ(RenderPreview(preview, kStyle),
            "value as it would be, nothing is changed\n"
            "  tier  users  share\n"
            "  head    438  10.0%  ####\n"
            "  tail  3,934  90.0%  ########################################\n"
            "cuts of spend: 3,376\n"
            "not refreshed before, so nobody moves\n"
            "warning: spend is missing for 83 % of users\n");
}

TEST(DescriptionTextTest, ValueSharesMakeTheBars) {
  const auto response = Parse<v1::DescribeTiersResponse>(R"(
    tiers { tier: "head" users: 438 user_share: 0.1 value: 4805781.2 value_share: 0.601 }
    tiers { tier: "tail" users: 3934 user_share: 0.9 value: 3189661.3 value_share: 0.399 }
    as_of { seconds: 1323475200 } tiering_revision: 3)");
  EXPECT_EQ(RenderTierDescription(response, {.tiering = "value", .value_attribute = "spend", .attribute = ""}, kStyle),
            "value as of 2011-12-10 00:00:00 UTC  (revision 3)\n"
            "  tier  users  share      spend  share of it\n"
            "  head    438  10.0%  4,805,781        60.1%  ##################################\n"
            "  tail  3,934  90.0%  3,189,661        39.9%  #######################\n");
}

TEST(DescriptionTextTest, ASumThatIsNotPositiveHasNoShares) {
  const auto response = Parse<v1::DescribeTiersResponse>(R"(tiers { tier: "all" users: 2 user_share: 1 value: -5 })");
  const std::string text =
      RenderTierDescription(response, {.tiering = "value", .value_attribute = "spend", .attribute = ""}, kStyle);
  EXPECT_THAT(text, HasSubstr("all       2  100.0%     -5            -\n"));
}

TEST(DescriptionTextTest, NumbersHaveQuantilesAndAHistogram) {
  const auto response = Parse<v1::DescribeTiersResponse>(R"(
    tiers { tier: "all" users: 10 user_share: 1 distribution {
      users: 8 missing: 2 mean: 4.5 quantiles: [1, 1, 2, 4, 6, 8, 9]
      bins { lower: 1 upper: 4 users: 6 } bins { lower: 4 upper: 7 } bins { lower: 7 upper: 10 users: 2 } } })");
  const std::string text = RenderTierDescription(
      response,
      {.tiering = "t", .value_attribute = "", .attribute = "orders", .attribute_type = v1::ATTRIBUTE_TYPE_INT}, kStyle);
  EXPECT_THAT(text, HasSubstr("  tier  known  mean  least  5%  25%  median  75%  95%  most  distribution\n"
                              "  all       8   4.5      1   1    2       4    6    8     9  # -\n"
                              "  distributions from 1 to 10, each to its own height\n"));
}

TEST(DescriptionTextTest, TextHasItsMostFrequentValues) {
  const auto response = Parse<v1::DescribeTiersResponse>(R"(
    tiers { tier: "all" users: 10 user_share: 1 distribution {
      users: 8 missing: 2 values { value: "SG" users: 5 } values { value: "MY" users: 2 } } })");
  const std::string text = RenderTierDescription(
      response,
      {.tiering = "t", .value_attribute = "", .attribute = "country", .attribute_type = v1::ATTRIBUTE_TYPE_STRING},
      kStyle);
  EXPECT_THAT(text, HasSubstr("  all\n"
                              "    SG           5  50.0%  ########################################\n"
                              "    MY           2  20.0%  ################\n"
                              "    (others)     1  10.0%  ########\n"
                              "    (not known)  2  20.0%  ################\n"));
}

v1::GetTierHistoryResponse ThreeMonths() {
  return Parse<v1::GetTierHistoryResponse>(R"(
    entries { as_of { seconds: 1293840000 } sizes { tier: "head" users: 10 } sizes { tier: "tail" users: 90 }
              values: [60, 40] }
    entries { as_of { seconds: 1296518400 } sizes { tier: "head" users: 20 } sizes { tier: "tail" users: 180 }
              values: [0, 0] }
    entries { as_of { seconds: 1298937600 } sizes { tier: "head" users: 75 } sizes { tier: "tail" users: 225 }
              values: [70, 30] })");
}

TEST(HistoryTextTest, SharesOfUsersAndOfValueAreDrawnFromZero) {
  EXPECT_EQ(RenderTierHistory(ThreeMonths(), "value", "purchase", false, kStyle),
            "value, 3 refreshes as of 2011-01-01 00:00:00 UTC to 2011-03-01 00:00:00 UTC\n"
            "\n"
            "Share of users\n"
            "  tier  first        last\n"
            "  head  10.0%  __-  25.0%\n"
            "  tail  90.0%  ##%  75.0%\n"
            "\n"
            "Share of the value of purchase, by the tier that users were in since the refresh before\n"
            "  tier  first        last\n"
            "  head  60.0%  % #  70.0%\n"
            "  tail  40.0%  + =  30.0%\n");
}

TEST(HistoryTextTest, FiguresAreThereOnRequest) {
  const std::string text = RenderTierHistory(ThreeMonths(), "value", "purchase", true, kStyle);
  EXPECT_THAT(text, HasSubstr("2011-03-01 00:00:00 UTC    75   225        70 70.0%        30 30.0%\n"));
  EXPECT_THAT(text, HasSubstr("2011-02-01 00:00:00 UTC    20   180               0               0\n"));
}

TEST(HistoryTextTest, ATierThatCameLaterIsBlankBefore) {
  auto response = ThreeMonths();
  response.mutable_entries(2)->add_sizes()->set_tier("new");
  response.mutable_entries(2)->mutable_sizes(2)->set_users(300);
  EXPECT_THAT(RenderTierHistory(response, "value", "", false, kStyle), HasSubstr("  new   50.0%    +  50.0%\n"));
}

TEST(HistoryTextTest, NothingRefreshedSaysWhatToDo) {
  EXPECT_EQ(RenderTierHistory({}, "value", "", false, kStyle),
            "value was not refreshed in that time; `tierwise tiers refresh value` does\n");
}

TEST(ExplorationTextTest, ThresholdsShowWhatLiesAbove) {
  const auto response = Parse<v1::ExploreThresholdsResponse>(R"(
    thresholds { value: 100 users_above: 50 user_share_above: 0.5 value_share_above: 0.9 }
    thresholds { value: 1000 users_above: 10 user_share_above: 0.1 value_share_above: 0.6 } users: 100 missing: 7)");
  EXPECT_EQ(RenderThresholds(response, "spend", "spend", kStyle),
            "spend: 100 users have it, 7 do not\n"
            "  at or above  users  of those  of spend\n"
            "  100             50     50.0%     90.0%  ######################################\n"
            "  1,000           10     10.0%     60.0%  #########################\n");
}

TEST(ExplorationTextTest, ReachNamesOverlapsAndSamples) {
  const auto response = Parse<v1::EstimateReachResponse>(R"(
    users: 200 known_users: 1000 by_tier { tier: "head" users: 50 } by_tier { tier: "tail" users: 150 }
    by_value { value: "SG" users: 120 } other_values: 80 sample_user_ids: "u1" sample_user_ids: "u2"
    overlaps { campaign: "spring" users: 30 same_layer: true } overlaps { campaign: "mail" users: 5 })");
  const std::string text = RenderReach(response, "tier value/head", "country", kStyle);
  EXPECT_THAT(text, HasSubstr("tier value/head reaches 200 of 1,000 users (20.0%)\n"));
  EXPECT_THAT(text, HasSubstr("  SG          120  60.0%  #"));
  EXPECT_THAT(text, HasSubstr("  (others)     80  40.0%  #"));
  EXPECT_THAT(text, HasSubstr("  spring               30  same layer: a user is in one of the two at most\n"));
  EXPECT_THAT(text, HasSubstr("for example u1, u2\n"));
}

TEST(RefreshTextTest, SaysHowItStandsOrEnded) {
  auto refresh = Parse<v1::Refresh>(R"(
    id: 7 as_of { seconds: 1293840000 } start_time { seconds: 100 } end_time { seconds: 103 nanos: 250000000 }
    state: REFRESH_STATE_SUCCEEDED users: 4372 users_computed: 900 users_moved: 312 tierings: "value" actor: "mei")");
  EXPECT_EQ(RefreshLine(refresh),
            "refresh 7 succeeded as of 2011-01-01 00:00:00 UTC in 3.25s: 4,372 users, 900 computed anew, 312 moved");
  EXPECT_THAT(RenderRefreshes({refresh}, kStyle), HasSubstr("succeeded  4,372"));
  refresh.set_state(v1::REFRESH_STATE_FAILED);
  refresh.set_error("disk full");
  EXPECT_EQ(RefreshLine(refresh), "refresh 7 failed as of 2011-01-01 00:00:00 UTC in 3.25s: disk full");
  refresh.clear_end_time();
  refresh.clear_error();
  refresh.set_state(v1::REFRESH_STATE_RUNNING);
  refresh.set_progress(0.42);
  refresh.set_step("cuts");
  EXPECT_EQ(RefreshLine(refresh), "refresh 7 running 42%: cuts as of 2011-01-01 00:00:00 UTC");
}

TEST(ProfileTextTest, EveryTypeHasItsText) {
  const auto response = Parse<v1::GetProfileResponse>(R"(
    profile { user_id: "u" attributes { attribute: "b" bool_value: false } attributes { attribute: "a" int_value: -3 }
      attributes { attribute: "l" list_value { values: "x" values: "y" } }
      attributes { attribute: "t" time_value { seconds: 1293840000 } } } derived_time { seconds: 1293840000 })");
  EXPECT_EQ(RenderProfile(response, {"a"}, kStyle),
            "u\n"
            "  attribute  value\n"
            "  a          -3                       from events\n"
            "  b          false\n"
            "  l          x, y\n"
            "  t          2011-01-01 00:00:00 UTC\n"
            "  from events as of 2011-01-01 00:00:00 UTC\n");
  EXPECT_THAT(RenderProfile({}, {}, kStyle), HasSubstr("no attribute is known"));
}

}  // namespace
}  // namespace tierwise
