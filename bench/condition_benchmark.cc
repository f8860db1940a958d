// SPDX-License-Identifier: Apache-2.0
// What it costs to evaluate a condition for one user, by the kind of its tests, and to read a condition's text.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_program.h"
#include "experiments/audience/condition_text.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/base/definitions.h"

namespace tierwise {
namespace {

constexpr int64_t kNowMicros = 1'769'817'600'000'000;  // 2026-01-31T00:00:00Z

void PutAttribute(absl::string_view id, v1::AttributeType type, Definitions& definitions) {
  v1::Definition definition;
  definition.mutable_attribute()->set_id(std::string(id));
  definition.mutable_attribute()->set_type(type);
  definitions.Put(std::move(definition));
}

struct Audience {
  Audience() {
    PutAttribute("age", v1::ATTRIBUTE_TYPE_INT, definitions);
    PutAttribute("spend", v1::ATTRIBUTE_TYPE_DOUBLE, definitions);
    PutAttribute("country", v1::ATTRIBUTE_TYPE_STRING, definitions);
    PutAttribute("app_version", v1::ATTRIBUTE_TYPE_STRING, definitions);
    PutAttribute("last_order_at", v1::ATTRIBUTE_TYPE_TIMESTAMP, definitions);
    schema = AttributeSchema(definitions);
  }

  void SetAll(UserAttributes& user) const {
    user.SetInt(*schema.SlotOf("age"), 30);
    user.SetDouble(*schema.SlotOf("spend"), 700);
    user.SetString(*schema.SlotOf("country"), "SG");
    user.SetString(*schema.SlotOf("app_version"), "2.10.1-rc.2");
    user.SetTimeMicros(*schema.SlotOf("last_order_at"), kNowMicros - 5'000'000);
  }

  ConditionProgram Compile(absl::string_view text) const {
    return ConditionProgram(*ParseCondition(text), schema, definitions);
  }

  Definitions definitions;
  AttributeSchema schema;
};

// Every test of the texts below holds, so that all of them are evaluated.
void Evaluate(benchmark::State& state, const std::string& text) {
  const Audience audience;
  const ConditionProgram program = audience.Compile(text);
  UserAttributes user(audience.schema);
  audience.SetAll(user);
  int64_t now_micros = kNowMicros;
  for (auto _ : state) {
    benchmark::DoNotOptimize(now_micros);
    benchmark::DoNotOptimize(program.Evaluate(user, now_micros));
  }
}
BENCHMARK_CAPTURE(Evaluate, three_numbers, "age >= 18 and spend >= 500 and spend < 1000");
BENCHMARK_CAPTURE(Evaluate, numbers_and_strings,
                  "spend >= 500 and country in [\"CN\", \"SG\"] and last_order_at > now - 30d");
BENCHMARK_CAPTURE(Evaluate, three_strings, "country = \"SG\" and country != \"CN\" and app_version starts_with \"2.\"");
BENCHMARK_CAPTURE(Evaluate, version, "app_version >= v\"2.9.0\"");

// A list of `range(0)` strings, the user's among them.
void EvaluateLongList(benchmark::State& state) {
  std::string text = "country in [\"SG\"";
  for (int64_t i = 1; i < state.range(0); ++i) absl::StrAppend(&text, ", \"C", i, "\"");
  Evaluate(state, text + "]");
}
BENCHMARK(EvaluateLongList)->Arg(1)->Arg(10)->Arg(1000);

void SetFiveAttributes(benchmark::State& state) {
  const Audience audience;
  std::vector<int> slots;
  for (int slot = 0; slot < audience.schema.size(); ++slot) slots.push_back(slot);
  UserAttributes user(audience.schema);
  for (auto _ : state) {
    user.Clear();
    for (const int slot : slots) user.SetInt(slot, slot);
    benchmark::DoNotOptimize(user);
  }
}
BENCHMARK(SetFiveAttributes);

// Four tiers by spend; the user is in the second.
void TierOf(benchmark::State& state) {
  const Audience audience;
  v1::Tiering tiering;
  for (const char* tier : {"platinum", "gold", "silver", "basic"}) tiering.add_tiers()->set_id(std::string(tier));
  for (const auto& [tier, when] :
       {std::pair{"platinum", "spend >= 1000"}, {"gold", "spend >= 500"}, {"silver", "spend >= 100"}}) {
    v1::TierRule& rule = *tiering.mutable_rules()->add_rules();
    rule.set_tier(std::string(tier));
    *rule.mutable_when()->mutable_tree() = *ParseCondition(when);
  }
  tiering.mutable_rules()->set_otherwise(std::string("basic"));
  const TieringProgram program(tiering, audience.schema, audience.definitions);
  UserAttributes user(audience.schema);
  audience.SetAll(user);
  for (auto _ : state) benchmark::DoNotOptimize(program.TierOf(user, kNowMicros));
}
BENCHMARK(TierOf);

void Parse(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ParseCondition("spend >= 500 and country in [\"CN\", \"SG\"] and last_order_at > now - 30d"));
  }
}
BENCHMARK(Parse);

}  // namespace
}  // namespace tierwise
