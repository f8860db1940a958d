// SPDX-License-Identifier: Apache-2.0
// The tutorial's own script, on the shop it makes up and on real invoices, with figures found by other means: sums over
// its events.csv.
#include <filesystem>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/e2e/end_to_end.h"

namespace tierwise {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kExample[] = TIERWISE_SOURCE_DIR "/examples/online-shop";
constexpr char kData[] = TIERWISE_SOURCE_DIR "/../shared/data";
constexpr absl::Duration kLoadTimeout = absl::Minutes(10);

class OnlineShopTest : public EndToEndTest {
 protected:
  CommandResult Load(const std::string& shop) const {
    auto environment = CommandEnvironment(server_.address());
    environment["TIERWISE"] = kCommandBinary;
    environment["SHOP_DATA"] = kData;
    Process load({.command = {absl::StrCat(kExample, "/load"), shop}, .environment = environment, .input = ""});
    const int exit_code = load.Wait(kLoadTimeout);
    return {exit_code, load.Out(), load.Err()};
  }

  // Users of each tier, by its name.
  std::map<std::string, int64_t> Sizes(const std::string& tiering) const {
    std::map<std::string, int64_t> sizes;
    const json shown = MustJson({"tiers", "show", tiering, "--json"});
    for (const json& tier : shown.at("tiers")) {
      sizes[tier.at("tier")] = tier.at("users");
    }
    return sizes;
  }

  // The head's share of the spend of 12 months.
  double HeadShare() const {
    return MustJson({"tiers", "show", "value", "--value", "spend_12m", "--json"}).at("tiers").at(0).at("value_share");
  }

  // Users of `condition` in each tier of `value`.
  std::map<std::string, int64_t> ReachByValue(const std::string& condition) const {
    std::map<std::string, int64_t> sizes;
    const json shown = MustJson({"reach", condition, "--by-tiering", "value", "--json"});
    for (const json& tier : shown.at("by_tier")) {
      sizes[tier.at("tier")] = tier.at("users");
    }
    return sizes;
  }

  void ExpectEveryTieringHolds(int64_t customers) const {
    for (const char* tiering : {"value", "life-cycle", "rfm"}) {
      int64_t users = 0;
      for (const auto& [tier, size] : Sizes(tiering)) users += size;
      EXPECT_EQ(users, customers) << tiering;
    }
  }

  void ExpectTransitionsAddUp(const std::string& from, const std::string& to) const {
    const auto now = Sizes("value");
    std::map<std::string, int64_t> after;
    const json shown = MustJson({"tiers", "transitions", "value", "--from", from, "--to", to, "--json"});
    for (const json& transition : shown.at("transitions")) {
      after[transition.at("to")] += transition.at("users").get<int64_t>();
    }
    after.erase("");
    for (const auto& [tier, users] : now) EXPECT_EQ(after[tier], users) << tier;
  }
};

using Users = std::map<std::string, int64_t>;

TEST_F(OnlineShopTest, TheMadeUpShopEndsInTiersAndADraftCampaign) {
  const CommandResult load = Load("generated");
  ASSERT_EQ(load.exit_code, 0) << load.out << load.err;
  EXPECT_THAT(load.out, HasSubstr("profiles: 1,188 accepted of 1,188 rows"));
  EXPECT_THAT(load.out, HasSubstr("events: 4,697 accepted of 4,697 rows"));
  ExpectEveryTieringHolds(1188);
  EXPECT_EQ(Sizes("value"), (Users{{"head", 119}, {"waist", 475}, {"tail", 594}}));
  EXPECT_EQ(
      Sizes("life-cycle"),
      (Users{{"new", 93}, {"active", 201}, {"won_back", 30}, {"cooling", 299}, {"dormant", 565}, {"prospect", 0}}));
  EXPECT_NEAR(HeadShare(), 0.6681567264636136, 1e-9);
  EXPECT_EQ(ReachByValue("life_cycle = \"cooling\""), (Users{{"head", 25}, {"waist", 124}, {"tail", 150}}));
  EXPECT_EQ(MustJson({"reach", "--campaign", "waist-return", "--json"}).at("users"), 124);
  EXPECT_EQ(MustJson({"get", "campaigns/waist-return", "--json"}).at("state"), "draft");
  ExpectTransitionsAddUp("2025-10-01", "2026-01-01");
}

TEST_F(OnlineShopTest, LoadingAgainChangesNothing) {
  ASSERT_EQ(Load("generated").exit_code, 0);
  const std::string catalog = Catalog();
  const json refreshes = MustJson({"tiers", "refreshes", "--json"});
  const CommandResult again = Load("generated");
  EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
  EXPECT_EQ(Catalog(), catalog);
  EXPECT_EQ(MustJson({"tiers", "refreshes", "--json"}), refreshes);
}

TEST_F(OnlineShopTest, HistorySharesOutTheValueOfEveryPurchase) {
  ASSERT_EQ(Load("generated").exit_code, 0);
  const json entries = MustJson({"tiers", "history", "value", "--event", "purchase", "--json"}).at("entries");
  ASSERT_EQ(entries.size(), 12u);
  // From the second refresh on, all that was bought belongs to a tier: by those known at the refresh before, and no
  // more.
  double value = 0;
  for (size_t i = 1; i < entries.size(); ++i) {
    for (const json& tier_value : entries[i].at("values")) value += tier_value.get<double>();
  }
  EXPECT_GT(value, 0);
  EXPECT_LE(value, 436'702.96 + 0.005);
}

TEST_F(OnlineShopTest, OnlineRetailHasItsKnownFigures) {
  if (!std::filesystem::exists(absl::StrCat(kData, "/online_retail/online_retail.csv.gz"))) {
    GTEST_SKIP() << "online_retail.csv.gz is absent in " << kData << ": the made-up shop is tested only";
  }
  const CommandResult load = Load("online-retail");
  ASSERT_EQ(load.exit_code, 0) << load.out << load.err;
  for (const char* figure : {"541,909 lines\n", "135,080 lines without a customer\n", "9,288 cancelled lines\n",
                             "25,900 invoices\n", "4,372 customers\n"}) {
    EXPECT_THAT(load.out, HasSubstr(figure));
  }
  ExpectEveryTieringHolds(4372);
  EXPECT_EQ(Sizes("value"), (Users{{"head", 438}, {"waist", 1748}, {"tail", 2186}}));
  EXPECT_NEAR(HeadShare(), 0.6010650872722306, 1e-9);
  EXPECT_EQ(
      Sizes("life-cycle"),
      (Users{
          {"new", 252}, {"active", 1060}, {"won_back", 316}, {"cooling", 1261}, {"dormant", 1449}, {"prospect", 34}}));
  EXPECT_EQ(ReachByValue("life_cycle = \"cooling\""), (Users{{"head", 78}, {"waist", 584}, {"tail", 599}}));
  ExpectTransitionsAddUp("2011-09-01", "2011-12-10");
}

TEST_F(OnlineShopTest, AShopThatIsNotThereIsSaid) {
  const CommandResult load = Load("corner-shop");
  EXPECT_THAT(load,
              FailsWith(2, HasSubstr("there is no shop `corner-shop`; there are online-retail, cdnow, generated")));
}

}  // namespace
}  // namespace tierwise
