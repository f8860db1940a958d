// SPDX-License-Identifier: Apache-2.0
// What the `tierwise` command promises about definitions: apply, export, states, history.
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/end_to_end.h"
#include "tests/e2e/shop.h"

namespace tierwise {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class CatalogCommandsTest : public EndToEndTest {
 protected:
  json Spring() const { return MustJson({"get", "campaigns/spring", "--json"}); }

  std::string ReasonFor(const std::string& user) const {
    const json answer = MustJson(
        {"assign", "--user", user, "--campaign", "spring", "--attr", "spend=500", "--attr", "country=CN", "--json"});
    return answer.at("assignments").at(0).at("reason");
  }
};

TEST_F(CatalogCommandsTest, ADryRunShowsTheDifferenceAndWritesNothing) {
  const std::string before = Catalog();
  const CommandResult dry = Apply(kShop, {"--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.out,
              AllOf(HasSubstr("create campaigns/spring"), HasSubstr("+  - id: ten"), HasSubstr("nothing written")));
  EXPECT_EQ(Catalog(), before);

  EXPECT_THAT(Apply(kShop).out, HasSubstr("6 created"));
  const std::string applied = Catalog();
  const std::string changed = absl::StrReplaceAll(kShop, {{"weight: 3", "weight: 2"}});
  EXPECT_THAT(Apply(changed, {"--dry-run"}).out,
              AllOf(HasSubstr("-        weight: 3\n"), HasSubstr("+        weight: 2\n")));
  EXPECT_EQ(Catalog(), applied);
  const CommandResult as_json = Apply(changed, {"--dry-run", "--json"});
  EXPECT_EQ(json::parse(as_json.out).at("applied"), false) << as_json.out;
}

TEST_F(CatalogCommandsTest, ApplyingAgainChangesNothing) {
  ASSERT_EQ(Apply(kShop).exit_code, 0);
  const std::string before = Catalog();
  EXPECT_THAT(Apply(kShop).out, HasSubstr("6 unchanged"));
  EXPECT_EQ(Catalog(), before);
}

TEST_F(CatalogCommandsTest, AnExportAppliesUnchanged) {
  ASSERT_EQ(Apply(kShop).exit_code, 0);
  MustTierwise({"launch", "spring"});
  const std::string before = Catalog();
  const std::string exported = MustTierwise({"export"});
  EXPECT_THAT(Apply(exported).out, HasSubstr("0 created, 0 updated, 6 unchanged"));
  MustTierwise({"export", "-o", folder_.File("yaml")});
  MustTierwise({"export", "-o", folder_.File("json"), "--json"});
  for (const std::string folder : {"yaml", "json"}) {
    EXPECT_THAT(MustTierwise({"apply", "-f", folder_.File(folder)}), HasSubstr("0 created, 0 updated, 6 unchanged"))
        << folder;
  }
  EXPECT_EQ(Catalog(), before);

  const ServerProcess other(folder_.File("other.duckdb"));
  const CommandResult applied = RunCommand(other.address(), {"apply", "-f", folder_.File("json")});
  EXPECT_THAT(applied.out, HasSubstr("6 created")) << applied.err;
  EXPECT_EQ(RunCommand(other.address(), {"export"}).out, exported);
}

TEST_F(CatalogCommandsTest, ACampaignGoesThroughItsStates) {
  ASSERT_EQ(Apply(kShop).exit_code, 0);
  EXPECT_EQ(ReasonFor("u1"), "not_running");
  EXPECT_THAT(Tierwise({"pause", "spring"}), FailsWith(5, HasSubstr("spring")));
  MustTierwise({"launch", "spring", "--dry-run"});
  EXPECT_EQ(Spring().at("state"), "draft");
  MustTierwise({"launch", "spring"});
  EXPECT_EQ(ReasonFor("u1"), "split");
  EXPECT_THAT(Tierwise({"launch", "spring"}), FailsWith(5, HasSubstr("DRAFT")));
  MustTierwise({"pause", "spring"});
  EXPECT_EQ(ReasonFor("u1"), "not_running");
  MustTierwise({"resume", "spring"});
  EXPECT_EQ(ReasonFor("u1"), "split");
  EXPECT_THAT(Tierwise({"conclude", "spring"}), FailsWith(2, HasSubstr("--shipped,--rolled-back")));
  EXPECT_THAT(Tierwise({"conclude", "spring", "--shipped", "twenty"}), FailsWith(2, HasSubstr("twenty")));
  MustTierwise({"conclude", "spring", "--shipped", "ten", "--note", "lift in every tier"});
  EXPECT_EQ(Spring().at("conclusion").at("variant"), "ten");
  EXPECT_EQ(ReasonFor("u1"), "not_running");
  EXPECT_THAT(Tierwise({"resume", "spring"}), FailsWith(5, HasSubstr("CONCLUDED")));

  std::vector<std::string> transitions;
  for (const json& change : MustJson({"history", "campaigns/spring", "--json"})) {
    EXPECT_EQ(change.at("actor"), "mei");
    transitions.push_back(change.at("transition"));
  }
  EXPECT_THAT(transitions, testing::ElementsAre("conclude", "resume", "pause", "launch", ""));
  EXPECT_EQ(MustJson({"get", "campaigns/spring", "--at-version", "1", "--json"}).at("state"), "draft");
}

TEST_F(CatalogCommandsTest, TheLoserOfARaceChangesNothing) {
  ASSERT_EQ(Apply(kShop).exit_code, 0);
  const std::string update =
      R"({"definition": {"metric": {"id": "order", "display_name": "Orders"}}, "update_mask": "displayName", "expected_revision": )";
  MustTierwise({"call", "CatalogService/UpdateDefinition", update + "1}"});
  const std::string before = Catalog();
  EXPECT_THAT(Tierwise({"call", "CatalogService/UpdateDefinition", update + "1}"}),
              FailsWith(5, HasSubstr("revision")));
  EXPECT_EQ(Catalog(), before);
}

TEST_F(CatalogCommandsTest, WhatIsInUseIsNotDeleted) {
  ASSERT_EQ(Apply(kShop).exit_code, 0);
  const std::string draft = Catalog();
  EXPECT_THAT(Tierwise({"delete", "attributes/country"}), FailsWith(5, HasSubstr("segments/asia")));
  EXPECT_THAT(Tierwise({"delete", "segments/asia"}), FailsWith(5, HasSubstr("campaigns/spring")));
  EXPECT_THAT(Tierwise({"delete", "tierings/value"}), FailsWith(5, HasSubstr("campaigns/spring")));
  EXPECT_EQ(Catalog(), draft);
  MustTierwise({"launch", "spring"});
  const std::string launched = Catalog();
  for (const std::string name : {"tierings/value", "metrics/order", "attributes/spend", "campaigns/spring"}) {
    EXPECT_THAT(Tierwise({"delete", name}), FailsWith(5, HasSubstr("spring"))) << name;
  }
  EXPECT_EQ(Catalog(), launched);
  EXPECT_THAT(Tierwise({"delete", "segments/none"}), FailsWith(4, HasSubstr("segments/none")));
}

TEST_F(CatalogCommandsTest, NamesAreListedOneALine) {
  ASSERT_EQ(Apply(kShop).exit_code, 0);
  EXPECT_EQ(MustTierwise({"list", "--names"}),
            "attributes/country\nattributes/spend\nsegments/asia\ntierings/value\nmetrics/order\ncampaigns/spring\n");
  EXPECT_EQ(MustTierwise({"list", "campaigns", "--names"}), "campaigns/spring\n");
  EXPECT_THAT(Tierwise({"get", "campaigns/autumn"}), FailsWith(4, HasSubstr("campaigns/autumn")));
}

}  // namespace
}  // namespace tierwise
