// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/assignment/catalog.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/definition_update.h"
#include "experiments/assignment/normalize.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace tierwise {

v1::Definition Parse(const std::string& text) {
  v1::Definition definition;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition)) << text;
  Problems problems;
  Normalize(definition, problems);
  EXPECT_TRUE(problems.ToStatus().ok()) << problems.ToStatus();
  return definition;
}

Definitions Shop() {
  Definitions shop;
  shop.set_catalog_version(1);
  for (const char* text : {
           R"(attribute { id: "country" type: ATTRIBUTE_TYPE_STRING })",
           R"(attribute { id: "plan" type: ATTRIBUTE_TYPE_STRING })",
           R"(attribute { id: "spend" type: ATTRIBUTE_TYPE_DOUBLE })",
           R"(tiering {
                id: "value"
                tiers { id: "gold" } tiers { id: "silver" } tiers { id: "bronze" }
                rules {
                  rules { tier: "gold" when { text: "spend >= 1000" } }
                  rules { tier: "silver" when { text: "spend >= 100" } }
                  otherwise: "bronze"
                }
              })",
           R"(metric { id: "visit" conversion { event: "visit" } window { seconds: 86400 } })",
           R"(metric { id: "revenue" sum { event: "order" } window { seconds: 86400 } })",
           R"(layer { id: "email" })",
       }) {
    shop.Put(Create(Parse(text)));
  }
  return shop;
}

v1::Campaign Draft(const std::string& id) {
  return Create(Parse(absl::StrCat("campaign { id: \"", id, R"("
    tiering: "value"
    variants { id: "control" control: true }
    variants { id: "small" parameters { fields { key: "percent" value { number_value: 5 } } } }
    variants { id: "large" parameters { fields { key: "percent" value { number_value: 15 } } } }
    tier_plans { tier: "gold"
      arms { variant: "control" weight: 1 } arms { variant: "small" weight: 1 } arms { variant: "large" weight: 2 } }
    tier_plans { tier: "silver"
      arms { variant: "control" weight: 1 } arms { variant: "small" weight: 1 } arms { variant: "large" } }
    metrics: "visit"
  })")))
      .campaign();
}

void Put(const v1::Campaign& campaign, Definitions& definitions) {
  v1::Definition definition;
  *definition.mutable_campaign() = campaign;
  definitions.Put(std::move(definition));
}

v1::Campaign PutLaunched(const v1::Campaign& campaign, Definitions& definitions) {
  const absl::StatusOr<v1::Campaign> launched = Launch(campaign, definitions, kNow, definitions.catalog_version());
  EXPECT_TRUE(launched.ok()) << launched.status();
  if (!launched.ok()) return campaign;
  Put(*launched, definitions);
  return *launched;
}

std::shared_ptr<const Snapshot> MustCompile(const Definitions& definitions) {
  absl::StatusOr<std::shared_ptr<const Snapshot>> snapshot = Compile(definitions, {});
  EXPECT_TRUE(snapshot.ok()) << snapshot.status();
  return snapshot.ok() ? *std::move(snapshot) : nullptr;
}

std::vector<std::string> ProblemsIn(const Definitions& definitions) {
  std::vector<std::string> problems;
  for (const Problem& problem : ProblemsOf(Compile(definitions, {}).status())) {
    problems.push_back(absl::StrCat(problem.field, ": ", problem.description));
  }
  return problems;
}

UserAttributes Shopper(const Snapshot& snapshot, double spend, absl::string_view country) {
  UserAttributes attributes(snapshot.schema());
  attributes.SetDouble(*snapshot.schema().SlotOf("spend"), spend);
  attributes.SetString(*snapshot.schema().SlotOf("country"), country);
  return attributes;
}

std::string UserId(int number) { return absl::StrCat("user-", number); }

}  // namespace tierwise
