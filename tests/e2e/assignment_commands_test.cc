// SPDX-License-Identifier: Apache-2.0
// Every way of asking the `tierwise` command for an assignment gives the same answer.
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/e2e/end_to_end.h"
#include "tests/e2e/shop.h"

namespace tierwise {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

struct User {
  std::string id, spend, country;  // an attribute that is empty is not known
};

std::vector<User> Users(int count) {
  const char* const spends[] = {"", "50", "199.99", "200", "500", "1000"};
  const char* const countries[] = {"CN", "SG", "", "DE"};
  std::vector<User> users;
  for (int i = 0; i < count; ++i) users.push_back({absl::StrCat("user-", i), spends[i % 6], countries[i / 6 % 4]});
  return users;
}

class AssignmentCommandsTest : public EndToEndTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(Apply(kShop).exit_code, 0);
    MustTierwise({"launch", "spring"});
  }

  json AskAbout(const User& user, const std::string& verb) const {
    std::vector<std::string> arguments = {verb, "--user", user.id, "--campaign", "spring", "--json"};
    if (!user.spend.empty()) arguments.insert(arguments.end(), {"--attr", "spend=" + user.spend});
    if (!user.country.empty()) arguments.insert(arguments.end(), {"--attr", "country=" + user.country});
    return MustJson(arguments);
  }
};

TEST_F(AssignmentCommandsTest, AssignAndExplainAgree) {
  std::map<std::string, int> reasons;
  for (const User& user : Users(24)) {
    const json assigned = AskAbout(user, "assign").at("assignments").at(0);
    const json explained = AskAbout(user, "explain");
    EXPECT_EQ(explained.at("assignment"), assigned) << user.id;
    const json& last = explained.at("steps").back();
    EXPECT_EQ(last.at("step"), assigned.at("reason")) << user.id;
    EXPECT_EQ(last.at("decided"), true) << user.id;
    ++reasons[assigned.at("reason")];
  }
  EXPECT_EQ(reasons, (std::map<std::string, int>{{"not_eligible", 12}, {"split", 10}, {"tier_not_targeted", 2}}));
}

TEST_F(AssignmentCommandsTest, ABatchAndAStreamAnswerLikeSingleRequests) {
  const std::vector<User> users = Users(240);
  std::string csv = "user_id,spend,country\n", requests;
  for (const User& user : users) {
    absl::StrAppend(&csv, user.id, ",", user.spend, ",", user.country, "\n");
    json request = {{"user_id", user.id}, {"campaigns", {"spring"}}, {"attributes", json::array()}};
    if (!user.spend.empty())
      request["attributes"].push_back({{"attribute", "spend"}, {"double_value", std::stod(user.spend)}});
    if (!user.country.empty())
      request["attributes"].push_back({{"attribute", "country"}, {"string_value", user.country}});
    absl::StrAppend(&requests, json({{"request_id", 1}, {"request", request}}).dump(), "\n");
  }
  WriteFile(folder_.File("users.csv"), csv);
  std::istringstream lines(
      MustTierwise({"assign", "--users", folder_.File("users.csv"), "--campaign", "spring", "--json"}));
  std::istringstream streamed(
      absl::StrCat("[", MustTierwise({"call", "AssignmentService/AssignStream", "-"}, requests), "]"));
  std::string answers = streamed.str();
  for (size_t end; (end = answers.find("}\n{")) != std::string::npos;) answers.replace(end, 3, "},\n{");
  const json stream = json::parse(answers);
  ASSERT_EQ(stream.size(), users.size());
  for (size_t i = 0; i < users.size(); ++i) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line)) << users[i].id;
    const json batched = json::parse(line);
    const json single = stream.at(i).at("response").at("assignments").at(0);
    EXPECT_EQ(batched.at("user_id"), users[i].id);
    EXPECT_EQ("ASSIGNMENT_REASON_" + absl::AsciiStrToUpper(batched.at("reason").get<std::string>()),
              single.at("reason"));
    for (const char* field : {"variant", "tier", "parameters_json", "propensity", "phase"}) {
      EXPECT_EQ(batched.at(field), single.at(field)) << users[i].id << ", " << field;
    }
    if (i % 20 != 0) continue;
    const json asked = AskAbout(users[i], "assign").at("assignments").at(0);
    for (const char* field : {"reason", "variant", "tier", "propensity", "phase"}) {
      EXPECT_EQ(batched.at(field), asked.at(field)) << users[i].id << ", " << field;
    }
  }
}

TEST_F(AssignmentCommandsTest, AssignmentsOutliveARestart) {
  const std::vector<User> users = Users(6);
  std::vector<json> before;
  for (const User& user : users) before.push_back(AskAbout(user, "assign"));
  EXPECT_EQ(server_.Stop(), 0);
  server_.Restart();
  for (size_t i = 0; i < users.size(); ++i) EXPECT_EQ(AskAbout(users[i], "assign"), before[i]);
}

TEST_F(AssignmentCommandsTest, AnyMethodCanBeCalledByReflection) {
  EXPECT_THAT(MustTierwise({"call", "--list"}),
              AllOf(HasSubstr("tierwise.v1.AssignmentService"), HasSubstr("tierwise.v1.CatalogService"),
                    HasSubstr("tierwise.v1.EventService"), HasSubstr("tierwise.v1.ReportService")));
  EXPECT_THAT(MustTierwise({"call", "--describe", "AssignmentService/Assign"}), HasSubstr("AssignRequest"));
  const json answer =
      MustJson({"call", "tierwise.v1.CatalogService/ListDefinitions", R"({"collection": "campaigns"})"});
  EXPECT_EQ(answer.at("definitions").at(0).at("campaign").at("id"), "spring");
  EXPECT_THAT(Tierwise({"call", "CatalogService/Guess"}), FailsWith(4, HasSubstr("Guess")));
  EXPECT_THAT(Tierwise({"call", "GuessService/Guess"}), FailsWith(4, HasSubstr("GuessService")));
  EXPECT_THAT(Tierwise({"call", "AssignmentService/Assign", R"({"usr": "u1"})"}), FailsWith(2, HasSubstr("usr")));
  EXPECT_THAT(Tierwise({"call", "AssignmentService/Assign", "{}"}), FailsWith(2, HasSubstr("user_id: is required")));
}

}  // namespace
}  // namespace tierwise
