// SPDX-License-Identifier: Apache-2.0
// The verbs over tiers against a server that answers what it is told to.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/client/cli/fake_server.h"
#include "tests/client/cli/in_process.h"

namespace tierwise {
namespace {

using google::protobuf::TextFormat;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class TiersTest : public ::testing::Test {
 protected:
  TiersTest() {
    v1::Definition tiering;
    EXPECT_TRUE(TextFormat::ParseFromString(
        R"(tiering { id: "value" tiers { id: "head" } tiers { id: "waist" } tiers { id: "tail" } rules { otherwise: "tail" } })",
        &tiering));
    server_.catalog.definitions["tierings/value"] = tiering;
  }
  RunResult Run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.end(), {"--server", server_.address()});
    return RunTierwise(arguments, input);
  }
  template <typename Message>
  static void Parse(const std::string& text, Message* message) {
    ASSERT_TRUE(TextFormat::ParseFromString(text, message)) << text;
  }

  FakeServer server_;
};

TEST_F(TiersTest, RefreshWaitsAndSaysWhatItDid) {
  server_.tiers.polls_until_done = 2;
  server_.tiers.refresh.set_users(4372);
  server_.tiers.refresh.set_users_moved(312);
  const RunResult result = Run({"tiers", "refresh", "value", "--as-of", "2011-03-01"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("refresh 12 succeeded as of 2011-03-01 00:00:00 UTC"));
  EXPECT_THAT(result.out, HasSubstr("4,372 users, 0 computed anew, 312 moved"));
  EXPECT_THAT(server_.tiers.start_refresh.tierings(), ElementsAre("value"));
}

TEST_F(TiersTest, RefreshNeedNotWait) {
  server_.tiers.polls_until_done = 1'000'000;
  const RunResult result = Run({"tiers", "refresh", "--no-wait"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, StartsWith("refresh 12 running 0%: reading events"));
  EXPECT_THAT(result.err, HasSubstr("tierwise tiers cancel 12"));
}

TEST_F(TiersTest, AFailedRefreshFailsTheCommand) {
  server_.tiers.refresh.set_error("no space left");
  const RunResult result = Run({"tiers", "refresh"});
  EXPECT_EQ(result.code, ExitCode::kFailed);
  EXPECT_THAT(result.out, HasSubstr("failed"));
  EXPECT_THAT(result.out, HasSubstr("no space left"));
}

TEST_F(TiersTest, CtrlCCancelsTheRefreshOnTheServer) {
  server_.tiers.polls_until_done = 1'000'000;
  std::thread interrupt([this] {
    while (server_.tiers.polls == 0) absl::SleepFor(absl::Milliseconds(10));  // it waits by now
    std::raise(SIGINT);
  });
  const RunResult result = Run({"tiers", "refresh"});
  interrupt.join();
  EXPECT_EQ(server_.tiers.cancelled, 12);
  EXPECT_EQ(result.code, ExitCode::kFailed);
  EXPECT_THAT(result.out, StartsWith("refresh 12 cancelled"));
}

TEST_F(TiersTest, RefreshesReadEveryPageUpToTheLimit) {
  const RunResult all = Run({"tiers", "refreshes", "--json"});
  EXPECT_EQ(nlohmann::json::parse(all.out).size(), 3u);
  EXPECT_EQ(nlohmann::json::parse(Run({"tiers", "refreshes", "--json", "--limit", "2"}).out).size(), 2u);
}

TEST_F(TiersTest, AnUnknownTieringNamesTheNearest) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"tiers", "show", "valu"},
                                             {"tiers", "refresh", "valu"},
                                             {"tiers", "preview", "valu"},
                                             {"tiers", "movers", "valu"},
                                             {"tiers", "transitions", "valu", "--from", "2011-01-01"}}) {
    const RunResult result = Run(command);
    EXPECT_EQ(result.code, ExitCode::kNotFound) << command[1];
    EXPECT_THAT(result.err, HasSubstr("did you mean \"value\"?")) << command[1];
  }
}

TEST_F(TiersTest, AnUnknownVerbNamesTheNearest) {
  const RunResult result = RunTierwise({"tiers", "histry", "value"});
  EXPECT_EQ(result.code, ExitCode::kInvalid);
  EXPECT_THAT(result.err, HasSubstr("there is no command `tiers histry`; did you mean \"history\"?"));
}

TEST_F(TiersTest, ShowTakesTheTypeOfTheAttributeFromTheCatalog) {
  v1::Definition joined;
  Parse(R"(attribute { id: "joined" type: ATTRIBUTE_TYPE_TIMESTAMP })", &joined);
  server_.catalog.definitions["attributes/joined"] = joined;
  Parse(R"(tiers { tier: "head" users: 10 user_share: 1
           distribution { users: 10 mean: 15000.5 quantiles: [14975, 14975, 14975, 15000, 15010, 15020, 15030] } })",
        &server_.tiers.description);
  const RunResult result = Run({"tiers", "show", "value", "--by", "joined"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("2011-01-26"));  // day 15,000
  EXPECT_EQ(server_.tiers.describe.attribute(), "joined");
}

TEST_F(TiersTest, ApplyShowsWhatATieringWouldDo) {
  Parse(R"(sizes { tier: "head" users: 10 } sizes { tier: "tail" users: 90 }
           transitions { from: "tail" to: "head" users: 3 } transitions { from: "tail" to: "tail" users: 97 })",
        &server_.tiers.preview);
  const std::string file = ::testing::TempDir() + "/tiering.yaml";
  std::ofstream(file) << "kind: Tiering\nid: spend\ntiers: [{id: head}, {id: tail}]\nrules: {otherwise: tail}\n";
  const RunResult dry = Run({"apply", "-f", file, "--dry-run"});
  EXPECT_EQ(dry.code, ExitCode::kOk) << dry.err;
  EXPECT_THAT(dry.out,
              HasSubstr("spend: head 10 (10.0%), tail 90 (90.0%); 3 of 100 users would move: 3 tail -> head\n"));
  const nlohmann::json json = nlohmann::json::parse(Run({"apply", "-f", file, "--dry-run", "--json"}).out);
  EXPECT_EQ(json.at("previews").at(0).at("sizes").at(1).at("users"), 90);

  server_.tiers.preview_error = "attribute spend is not known";
  EXPECT_THAT(Run({"apply", "-f", file}).out,
              HasSubstr("spend: sizes are known after the first refresh (attribute spend is not known)\n"));
  EXPECT_TRUE(server_.catalog.definitions.contains("tierings/spend"));
  EXPECT_THAT(Run({"apply", "-f", file}).out, Not(HasSubstr("sizes")));  // nothing changes
}

TEST_F(TiersTest, PreviewTakesFilesOrAStoredTiering) {
  Parse(
      R"(sizes { tier: "head" users: 10 } sizes { tier: "tail" users: 90 } warnings: "spend is missing for 83 % of users")",
      &server_.tiers.preview);
  const RunResult stored = Run({"tiers", "preview", "value"});
  EXPECT_EQ(stored.code, ExitCode::kOk) << stored.err;
  EXPECT_THAT(stored.out, HasSubstr("warning: spend is missing for 83 % of users\n"));
  const std::string file = ::testing::TempDir() + "/preview.yaml";
  std::ofstream(file) << "kind: Tiering\nid: a\ntiers: [{id: all}]\nrules: {otherwise: all}\n---\n"
                      << "kind: Tiering\nid: b\ntiers: [{id: all}]\nrules: {otherwise: all}\n";
  EXPECT_EQ(nlohmann::json::parse(Run({"tiers", "preview", "-f", file, "--json"}).out).size(), 2u);
  EXPECT_EQ(Run({"tiers", "preview"}).code, ExitCode::kInvalid);
  EXPECT_EQ(Run({"tiers", "preview", "value", "-f", file}).code, ExitCode::kInvalid);
  std::ofstream(file) << "kind: Layer\nid: email\n";
  EXPECT_THAT(Run({"tiers", "preview", "-f", file}).err, HasSubstr("no document of `kind: Tiering`"));
}

class MoversTest : public TiersTest {
 protected:
  MoversTest() {
    const char* users[] = {"ann", "bob", "cy", "ann", "bob"};
    const char* from[] = {"", "tail", "tail", "tail", "waist"};
    const char* to[] = {"tail", "waist", "head", "waist", "tail"};
    for (int i = 0; i < 5; ++i) {
      v1::Move move;
      move.set_sequence(i + 1);
      move.set_user_id(users[i]);
      move.set_from(from[i]);
      move.set_to(to[i]);
      move.mutable_time()->set_seconds(1'300'000'000 + i * 86'400);
      server_.tiers.moves.push_back(move);
    }
  }
};

TEST_F(MoversTest, AreFilteredByTierTimeAndUser) {
  EXPECT_EQ(Run({"tiers", "movers", "value", "--to-tier", "head"}).out,
            "3  2011-03-15 07:06:40 UTC  cy  tail -> head\n");
  EXPECT_EQ(Run({"tiers", "movers", "value", "--from-tier", "waist"}).out,
            "5  2011-03-17 07:06:40 UTC  bob  waist -> tail\n");
  EXPECT_THAT(Run({"tiers", "movers", "value", "--since", "2011-03-16"}).out, StartsWith("4  "));
  EXPECT_EQ(Run({"tiers", "movers", "value", "--user", "ann", "--first"}).out,
            "1  2011-03-13 07:06:40 UTC  ann  (none) -> tail\n4  2011-03-16 07:06:40 UTC  ann  tail -> waist\n");
  EXPECT_EQ(Run({"tiers", "movers", "value", "--after", "5"}).err, "nobody moved\n");
}

TEST_F(MoversTest, ATierThatIsNotThereIsAnError) {
  const RunResult result = Run({"tiers", "movers", "value", "--to-tier", "hed"});
  EXPECT_EQ(result.code, ExitCode::kInvalid);
  EXPECT_THAT(result.err, HasSubstr("--to-tier: `hed` is no tier of value; did you mean \"head\"?"));
}

TEST_F(MoversTest, FollowGoesOnWithNewOnesUntilTheLimit) {
  std::thread later([this] {
    absl::SleepFor(absl::Milliseconds(300));
    v1::Move move;
    move.set_sequence(6);
    move.set_user_id("ann");
    move.set_from("tail");
    move.set_to("head");
    server_.tiers.AddMove(move);
  });
  const RunResult result = Run({"tiers", "movers", "value", "--follow", "--json", "--limit", "5"});
  later.join();
  EXPECT_EQ(result.code, ExitCode::kOk);
  const std::vector<std::string> lines = absl::StrSplit(result.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(nlohmann::json::parse(lines.back()).at("sequence"), 6);
}

TEST_F(TiersTest, ClustersAreSavedAsRules) {
  Parse(R"(clusters { tier: "group_1" users: 5 means: [100, 2] } agreement: 0.97 silhouette: 0.4 users: 5
           tiering { id: "clusters" tiers { id: "group_1" } rules { otherwise: "group_1" } })",
        &server_.tiers.clusters);
  const RunResult shown = Run({"tiers", "clusters", "spend", "orders", "-k", "3"});
  EXPECT_EQ(shown.code, ExitCode::kOk) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("silhouette 0.40: weak structure"));
  EXPECT_THAT(shown.out, HasSubstr("put 97.0% of users where k-means did"));
  EXPECT_EQ(server_.tiers.clusters_request.clusters(), 3);
  EXPECT_FALSE(server_.catalog.definitions.contains("tierings/groups"));
  EXPECT_EQ(Run({"tiers", "clusters", "spend", "orders", "--save", "groups"}).code, ExitCode::kOk);
  EXPECT_TRUE(server_.catalog.definitions.contains("tierings/groups"));
  EXPECT_EQ(Run({"tiers", "clusters", "spend", "-k", "13"}).code, ExitCode::kInvalid);
}

TEST_F(TiersTest, ReachTakesExactlyOneTarget) {
  server_.tiers.reach.set_users(123);
  server_.tiers.reach.set_known_users(1000);
  EXPECT_THAT(Run({"reach", "spend >= 5"}).out, StartsWith("spend >= 5 reaches 123 of 1,000 users (12.3%)\n"));
  EXPECT_EQ(server_.tiers.reach_request.condition().text(), "spend >= 5");
  EXPECT_THAT(Run({"reach", "--tier", "value/head", "--by", "country", "--samples", "5"}).out,
              StartsWith("tier value/head reaches"));
  EXPECT_EQ(server_.tiers.reach_request.tier().tier(), "head");
  EXPECT_EQ(server_.tiers.reach_request.by_attribute(), "country");
  EXPECT_THAT(Run({"reach", "--campaign", "spring"}).out, StartsWith("campaign spring reaches"));
  EXPECT_EQ(Run({"reach"}).code, ExitCode::kInvalid);
  EXPECT_EQ(Run({"reach", "spend >= 5", "--campaign", "spring"}).code, ExitCode::kInvalid);
  EXPECT_EQ(Run({"reach", "--tier", "head"}).code, ExitCode::kInvalid);
  EXPECT_EQ(Run({"reach", "true", "--samples", "101"}).code, ExitCode::kInvalid);
}

TEST_F(TiersTest, ProfileMarksWhatComesFromEvents) {
  v1::Definition recency;
  Parse(R"(attribute { id: "recency" derivation { aggregate: AGGREGATE_RECENCY_DAYS } })", &recency);
  server_.catalog.definitions["attributes/recency"] = recency;
  Parse(R"(profile { user_id: "u1" attributes { attribute: "recency" double_value: 12.5 }
                     attributes { attribute: "country" string_value: "SG" } }
           tiers { tiering: "value" tier: "head" since { seconds: 1300000000 } })",
        &server_.events.profile);
  EXPECT_EQ(Run({"profile", "u1"}).out,
            "u1\n"
            "  attribute  value\n"
            "  country    SG\n"
            "  recency    12.5   from events\n"
            "\n"
            "  tiering  tier  since\n"
            "  value    head  2011-03-13 07:06:40 UTC\n");
  EXPECT_EQ(Run({"profile", "u2"}).code, ExitCode::kNotFound);
  EXPECT_EQ(Run({"profile", "u1", "--as-of", "yesterday"}).code, ExitCode::kInvalid);
}

TEST_F(TiersTest, EraseAsksFirst) {
  const RunResult refused = Run({"erase", "u1"}, "\n");
  EXPECT_EQ(refused.code, ExitCode::kFailed);
  EXPECT_THAT(refused.err, HasSubstr("nothing was erased"));
  EXPECT_TRUE(server_.events.erased.empty());
  EXPECT_EQ(Run({"erase", "u1"}, "y\n").code, ExitCode::kOk);
  EXPECT_EQ(Run({"erase", "u1", "--yes"}).out,
            "u1 is erased: removed 2 versions of the profile and 3 entries of the history of tiers; made anonymous 4 "
            "exposures and 5,000 events\n");
  EXPECT_THAT(server_.events.erased, ElementsAre("u1", "u1"));
}

TEST_F(TiersTest, ATemplateIsYamlThatAppliesUnchanged) {
  for (const char* name : {"value", "life-cycle", "rfm"}) {
    const RunResult printed = Run({"tiers", "template", name, "--event", "order"});
    ASSERT_EQ(printed.code, ExitCode::kOk) << printed.err;
    EXPECT_THAT(printed.out, HasSubstr("kind: Tiering\n"));
    EXPECT_THAT(printed.out, HasSubstr("events: [order]\n"));
    const std::string file = ::testing::TempDir() + "/template.yaml";
    std::ofstream(file) << printed.out;
    EXPECT_EQ(Run({"apply", "-f", file}).code, ExitCode::kOk);
    // The server here compares bytes: conditions, which the real one normalizes, differ in their form.
    if (printed.out.find(" when: ") != std::string::npos) continue;
    EXPECT_THAT(Run({"tiers", "template", name, "--event", "order", "--apply"}).out, StartsWith("nothing to change"));
  }
}

TEST_F(TiersTest, AnUnknownTemplateNamesTheNearest) {
  const RunResult result = Run({"tiers", "template", "life-cycel"});
  EXPECT_EQ(result.code, ExitCode::kNotFound);
  EXPECT_THAT(result.err, HasSubstr("there is no template `life-cycel`; did you mean \"life-cycle\"?"));
  EXPECT_EQ(Run({"tiers", "template", "value", "--event", ""}).code, ExitCode::kInvalid);
}

}  // namespace
}  // namespace tierwise
