// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/assignment/assign.h"
#include "experiments/assignment/bucketing.h"
#include "experiments/assignment/campaign_lifecycle.h"
#include "experiments/assignment/definition_update.h"
#include "experiments/assignment/normalize.h"
#include "google/protobuf/text_format.h"

// What one assignment in process costs, beside the bare hash that it cannot do without.
namespace tierwise {
namespace {

constexpr int64_t kNowMicros = 1'714'564'800'000'000;

v1::Definition Parse(const std::string& text) {
  v1::Definition definition;
  Problems problems;
  if (google::protobuf::TextFormat::ParseFromString(text, &definition)) Normalize(definition, problems);
  return Create(std::move(definition));
}

// `campaigns` running campaigns: three conditions on string attributes (two in the audience, one in the tiering), three
// arms.
std::shared_ptr<const Snapshot> CatalogOf(int campaigns) {
  Definitions definitions;
  for (const char* text : {R"(attribute { id: "country" type: ATTRIBUTE_TYPE_STRING })",
                           R"(attribute { id: "plan" type: ATTRIBUTE_TYPE_STRING })",
                           R"(attribute { id: "level" type: ATTRIBUTE_TYPE_STRING })",
                           R"(metric { id: "visit" conversion { event: "visit" } window { seconds: 86400 } })",
                           R"(tiering { id: "value" tiers { id: "gold" } tiers { id: "rest" } rules {
                                rules { tier: "gold" when { text: "level = \"gold\"" } } otherwise: "rest" } })"}) {
    definitions.Put(Parse(text));
  }
  for (int i = 0; i < campaigns; ++i) {
    v1::Definition campaign = Parse(absl::StrCat("campaign { id: 'campaign-", i, R"(' tiering: "value"
      audience { text: "country in [\"CN\", \"SG\"] and plan = \"professional\"" }
      variants { id: "control" control: true } variants { id: "small" } variants { id: "large" }
      tier_plans { tier: "*" arms { variant: "control" weight: 1 } arms { variant: "small" weight: 1 }
                   arms { variant: "large" weight: 1 } }
      metrics: "visit" })"));
    auto launched = Launch(campaign.campaign(), definitions, kNowMicros, definitions.catalog_version());
    if (launched.ok()) *campaign.mutable_campaign() = *std::move(launched);
    definitions.Put(std::move(campaign));
  }
  auto snapshot = Compile(definitions, {});
  if (!snapshot.ok()) {
    std::fprintf(stderr, "%s\n", snapshot.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(snapshot);
}

std::vector<std::string> UserIds() {
  std::vector<std::string> users;
  for (int i = 0; i < 1024; ++i) users.push_back(absl::StrCat("user-", 1'000'000 + i));
  return users;
}

// The limit: one MurmurHash3 of salt and user.
void BM_Hash(benchmark::State& state) {
  const std::vector<std::string> users = UserIds();
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(BucketOf("campaign:campaign-50/1", users[i++ % users.size()], 3));
}
BENCHMARK(BM_Hash);

// The same with the salt's part computed once, as campaigns do.
void BM_HashAfterSalt(benchmark::State& state) {
  const std::vector<std::string> users = UserIds();
  const Salt salt("campaign:campaign-50/1");
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(salt.Bucket(users[i++ % users.size()], 3));
}
BENCHMARK(BM_HashAfterSalt);

// A request: three attributes by their names, one campaign by its id, of as many as the argument says.
void BM_Assign(benchmark::State& state) {
  const auto snapshot = CatalogOf(static_cast<int>(state.range(0)));
  const std::string campaign = absl::StrCat("campaign-", state.range(0) / 2);
  const std::vector<std::string> users = UserIds();
  const AttributeSchema& schema = snapshot->schema();
  UserAttributes attributes(schema);
  size_t i = 0;
  int64_t split = 0;
  for (auto _ : state) {
    attributes.Clear();
    attributes.SetString(*schema.SlotOf("country"), "SG");
    attributes.SetString(*schema.SlotOf("plan"), "professional");
    attributes.SetString(*schema.SlotOf("level"), "gold");
    const Decision decision = Assign(snapshot->Find(campaign), users[i++ % users.size()], attributes, kNowMicros);
    split += decision.reason == v1::ASSIGNMENT_REASON_SPLIT ? 1 : 0;
  }
  if (split != state.iterations()) state.SkipWithError("a user was not assigned");
}
BENCHMARK(BM_Assign)->Arg(1)->Arg(100)->Arg(10'000);

// The decision alone, attributes and campaign at hand: one more campaign for the same user.
void BM_AssignOneMore(benchmark::State& state) {
  const auto snapshot = CatalogOf(100);
  const CompiledCampaign* campaign = snapshot->Find("campaign-50");
  const std::vector<std::string> users = UserIds();
  const AttributeSchema& schema = snapshot->schema();
  UserAttributes attributes(schema);
  attributes.SetString(*schema.SlotOf("country"), "SG");
  attributes.SetString(*schema.SlotOf("plan"), "professional");
  attributes.SetString(*schema.SlotOf("level"), "gold");
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Assign(campaign, users[i++ % users.size()], attributes, kNowMicros));
  }
}
BENCHMARK(BM_AssignOneMore);

}  // namespace
}  // namespace tierwise
