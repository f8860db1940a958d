// SPDX-License-Identifier: Apache-2.0
// Bad input gets one clear error that names the field, and changes nothing.
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/end_to_end.h"
#include "tests/e2e/shop.h"

namespace tierwise {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr size_t kTenMegabytes = 10 << 20;
constexpr int kDeep = 10'000;

std::string Repeated(const std::string& text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class BadInputTest : public EndToEndTest {
 protected:
  void SetUp() override { ASSERT_EQ(Apply(kShop).exit_code, 0); }

  // The shop with `from` replaced by `to` is refused, with an error that has `field` and `fix`; nothing changes.
  void ExpectRefused(const std::string& from, const std::string& to, const std::string& field, const std::string& fix) {
    SCOPED_TRACE(to.substr(0, 100));
    ASSERT_THAT(kShop, HasSubstr(from));
    const std::string before = Catalog();
    EXPECT_THAT(Apply(absl::StrReplaceAll(kShop, {{from, to}})), FailsWith(2, AllOf(HasSubstr(field), HasSubstr(fix))));
    EXPECT_EQ(Catalog(), before);
  }
};

TEST_F(BadInputTest, FieldsAndTypes) {
  ExpectRefused("metrics: [order]", "metrics: [order]\ncolour: red", "colour", "known: id");
  ExpectRefused("metrics: [order]", "metrics: [ordre]", "metrics[0]", "order");
  ExpectRefused("weight: 3", "weight: many", "tier_plans[1].arms[1].weight", "must be a whole number");
  ExpectRefused("weight: 3", "weight: .nan", "tier_plans[1].arms[1].weight", "must be a whole number");
  ExpectRefused("type: double", "type: decimal", "type", "double");
  ExpectRefused("audience: segment(asia)", "audience: segment(asi)", "audience", "did you mean \"asia\"?");
  ExpectRefused("spend >= 1000", "spend >= \"much\"", "rules.rules[0].when", "spend is DOUBLE");
  ExpectRefused("kind: Metric", "kind: Metrics", "kind", "Metric");
}

TEST_F(BadInputTest, VariantsTiersAndWeights) {
  ExpectRefused("control: true, ", "", "variants", "exactly one must be");
  ExpectRefused("{id: ten, ", "{id: ten, control: true, ", "variants", "exactly one must be");
  ExpectRefused("[{variant: none, weight: 1}, {variant: ten, weight: 1}]",
                "[{variant: none, weight: 0}, {variant: ten, weight: 0}]", "tier_plans[0].arms",
                "at least one must be positive");
  ExpectRefused("tier: waist\n", "tier: waste\n", "tier_plans[0].tier", "waste");
  ExpectRefused("window: 14d", "window: 0s", "window", "allowed is 1s to 400 days");
}

TEST_F(BadInputTest, EveryProblemIsListedAtOnceWithItsLine) {
  const CommandResult result = Apply(absl::StrReplaceAll(
      kShop, {{"control: true, ", ""}, {"window: 14d", "window: 0s"}, {"tier: waist\n", "tier: waste\n"}}));
  EXPECT_THAT(result, FailsWith(2, AllOf(HasSubstr("variants"), HasSubstr("window"), HasSubstr("tier_plans[0].tier"))));
  EXPECT_TRUE(std::regex_search(result.err, std::regex("definitions.yaml:[0-9]+: window"))) << result.err;
}

TEST_F(BadInputTest, LongTexts) {
  ExpectRefused("id: spring", absl::StrCat("id: spring\ndescription: ", std::string(1 << 20, 'x')), "description",
                "at most 4000 are allowed");
  const std::string before = Catalog();
  const CommandResult applied = Apply(absl::StrReplaceAll(
      kShop, {{"id: spring", absl::StrCat("id: spring\ndescription: ", std::string(kTenMegabytes, 'x'))}}));
  EXPECT_THAT(applied, FailsWith(2, AllOf(HasSubstr("too large"), HasSubstr("--max-message-kb"))));
  const CommandResult called = Tierwise({"call", "AssignmentService/Assign", "-"},
                                        absl::StrCat(R"({"user_id": ")", std::string(kTenMegabytes, 'u'), "\"}"));
  EXPECT_THAT(called, FailsWith(2, AllOf(HasSubstr("too large"), HasSubstr("--max-message-kb"))));
  EXPECT_EQ(Catalog(), before);
}

TEST_F(BadInputTest, DeepConditions) {
  const std::string condition = R"(condition: country in ["CN", "SG"])";
  ExpectRefused(condition, absl::StrCat("condition: ", Repeated("(", 5000), "true", Repeated(")", 5000)), "condition",
                "deep");
  ExpectRefused(condition, absl::StrCat("condition: ", Repeated("(", kDeep), "true", Repeated(")", kDeep)), "condition",
                "at most 16384 are allowed");
  const auto tree = [](int depth) {
    return absl::StrCat(R"({"tree": )", Repeated(R"({"negation": )", depth), R"({"constant": true})",
                        Repeated("}", depth), "}");
  };
  ExpectRefused(condition, "condition: " + tree(40), "condition", "deep");
  ExpectRefused(condition, "condition: " + tree(kDeep), "definitions.yaml", "deep");
  const std::string before = Catalog();
  const std::string request =
      absl::StrCat(R"({"definition": {"segment": {"id": "deep", "condition": )", tree(kDeep), "}}}");
  EXPECT_THAT(Tierwise({"call", "CatalogService/CreateDefinition", "-"}, request), FailsWith(2, HasSubstr("deep")));
  EXPECT_EQ(Catalog(), before);
}

TEST_F(BadInputTest, LinesOfAnImportAreRejectedWithTheirReason) {
  MustTierwise({"launch", "spring"});
  const std::string file = folder_.File("orders.csv"), rejects = folder_.File("rejected.csv");
  WriteFile(file, absl::StrCat("user_id,event_id,name,time,value\n"
                               "u1,e1,order,2026-01-02T00:00:00Z,nan\n"
                               "u1,e2,order,yesterday,1\n"
                               "u1,e3,,2026-01-02T00:00:00Z,1\n",
                               "u1,", std::string(300, 'e'), ",order,2026-01-02T00:00:00Z,1\n"));
  EXPECT_THAT(Tierwise({"import", "events", "--file", file, "--rejects", rejects}), FailsWith(3, HasSubstr(rejects)));
  EXPECT_THAT(ReadFile(rejects), AllOf(HasSubstr("\n2,value,"), HasSubstr("\n3,time,"), HasSubstr("\n4,name,"),
                                       HasSubstr("\n5,event_id,")));
  WriteFile(file, "user_id,spend,country\nu1,nan,CN\nu2,much,CN\n");
  EXPECT_THAT(Tierwise({"import", "profiles", "--file", file, "--rejects", rejects}), FailsWith(3, HasSubstr(rejects)));
  EXPECT_THAT(ReadFile(rejects), AllOf(HasSubstr("\n2,spend,"), HasSubstr("\n3,spend,")));
  WriteFile(file, "user_id,variant,tier\nu1,twenty,waist\nu1,ten,waste\n");
  EXPECT_THAT(Tierwise({"import", "exposures", "--file", file, "--rejects", rejects, "--set", "campaign=spring"}),
              FailsWith(3, HasSubstr(rejects)));
  EXPECT_THAT(ReadFile(rejects), AllOf(HasSubstr("\n2,variant,"), HasSubstr("\n3,tier,")));
  EXPECT_EQ(MustJson({"report", "spring", "--json"}).at("cohort").at("users"), 0);
}

TEST_F(BadInputTest, ATenMegabyteLineEndsAnImportBeforeItsBatchIsSent) {
  MustTierwise({"launch", "spring"});
  const std::string file = folder_.File("mailing.csv"), rejects = folder_.File("rejected.csv");
  WriteFile(file,
            absl::StrCat("user_id,variant,tier\nu1,ten,waist\n", std::string(kTenMegabytes, 'u'), ",ten,waist\n"));
  EXPECT_THAT(Tierwise({"import", "exposures", "--file", file, "--rejects", rejects, "--set", "campaign=spring"}),
              FailsWith(2, HasSubstr("above 1048576 bytes")));
  EXPECT_EQ(MustJson({"report", "spring", "--json"}).at("cohort").at("users"), 0);
}

TEST_F(BadInputTest, NumbersThatAreNone) {
  EXPECT_THAT(Tierwise({"assign", "--user", "u1", "--attr", "spend=nan"}), FailsWith(2, HasSubstr("spend")));
  const std::string answer = MustTierwise(
      {"call", "EventService/RecordEvents",
       R"({"events": [{"user_id": "u", "event_id": "e", "name": "order", "time": "2026-01-02T00:00:00Z", "value": "NaN"}]})"});
  EXPECT_THAT(answer, AllOf(HasSubstr(R"("accepted": 0)"), HasSubstr(R"("field": "value")")));
  MustTierwise({"launch", "spring"});
  EXPECT_THAT(Tierwise({"report", "spring", "--confidence", "nan"}), FailsWith(2, HasSubstr("confidence")));
}

}  // namespace
}  // namespace tierwise
