// SPDX-License-Identifier: Apache-2.0
// Random tables: what is read and counted is what a loop over a map of users finds.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "experiments/audience/reach.h"
#include "experiments/audience/tier_changes.h"
#include "experiments/audience/tier_cuts.h"
#include "experiments/audience/tiering_rules.h"
#include "tests/experiments/audience/naive_evaluation.h"
#include "tests/experiments/audience/random_conditions.h"
#include "tests/experiments/audience/user_table_world.h"

namespace tierwise {
namespace {

using Users = std::map<uint64_t, KnownValues>;

// A table and a map that are told the same.
struct World {
  explicit World(uint64_t seed) : random(seed) {
    table.Declare(definitions);
    const int steps = 50 + random.Below(500);
    for (int i = 0; i < steps; ++i) {
      const auto key = static_cast<uint64_t>(random.Below(300)) * 0x1234'5678'9ABC'DEF1;
      if (random.Below(5) == 0) {
        EXPECT_EQ(table.Remove(key), users.erase(key) == 1);
        continue;
      }
      KnownValues values = random.User();
      UpsertKnown(table, key, values);
      KnownValues& known = users[key];
      for (auto& [attribute, value] : values) known[attribute] = std::move(value);
    }
  }

  RandomConditions random;
  Definitions definitions = TableDefinitions();
  AttributeSchema schema{definitions};
  UserTable table;
  Users users;
};

std::string PrintKnown(const AttributeSchema& schema, const KnownValues& known) {
  UserAttributes attributes(schema);
  for (const auto& [attribute, value] : known) EXPECT_TRUE(attributes.Set(schema, value).ok());
  std::string text;
  for (int slot = 0; slot < schema.size(); ++slot) {
    if (!attributes.has(slot)) continue;
    text += (text.empty() ? "" : " ") + schema.IdOf(slot) + "=" + attributes.Print(slot, schema.TypeOf(slot));
  }
  return text;
}

TEST(UserTablePropertyTest, HoldsWhatItWasTold) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const World world(seed);
    ASSERT_EQ(world.table.users(), static_cast<int64_t>(world.users.size()));
    for (int i = 0; i < 300; ++i) {
      const auto key = static_cast<uint64_t>(i) * 0x1234'5678'9ABC'DEF1;
      const auto known = world.users.find(key);
      ASSERT_EQ(ReadAll(world.table, world.schema, key),
                known == world.users.end() ? "unknown" : PrintKnown(world.schema, known->second))
          << seed;
    }
  }
}

// How many users have each value of `attribute`, of those that `is_counted` takes.
std::map<std::string, int64_t> NaiveValues(const Users& users, const std::string& attribute,
                                           const std::set<uint64_t>& counted) {
  std::map<std::string, int64_t> values;
  for (const uint64_t key : counted) {
    const auto value = users.at(key).find(attribute);
    if (value == users.at(key).end() || value->second.value_case() == v1::AttributeValue::VALUE_NOT_SET) continue;
    if (value->second.has_list_value()) {
      const auto& list = value->second.list_value().values();
      for (const std::string& element : std::set<std::string>(list.begin(), list.end())) ++values[element];
    } else if (value->second.has_string_value()) {
      ++values[value->second.string_value()];
    } else {
      ++values[std::to_string(value->second.int_value())];
    }
  }
  return values;
}

TEST(ReachPropertyTest, EqualsALoopOverUsers) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    World world(seed);
    const v1::ConditionNode tree = world.random.Tree(4, false);
    const v1::ConditionNode other = world.random.Tree(2, false);
    const int64_t now = world.random.NowMicros();
    const ConditionProgram condition(tree, world.schema, world.definitions);
    const ConditionProgram overlap(other, world.schema, world.definitions);
    const std::string attribute = std::vector<std::string>{"country", "tags", "age"}[seed % 3];

    std::set<uint64_t> reached;
    int64_t in_both = 0;
    for (const auto& [key, known] : world.users) {
      if (!EvaluateNaively(tree, known, world.definitions, now)) continue;
      reached.insert(key);
      in_both += EvaluateNaively(other, known, world.definitions, now) ? 1 : 0;
    }

    ReachQuery query;
    query.target.condition = &condition;
    query.overlaps.resize(1);
    query.overlaps[0].condition = &overlap;
    query.by_slot = *world.schema.SlotOf(attribute);
    query.max_values = 2;
    query.max_samples = 5;
    query.now_micros = now;
    const Reach reach = ReachOf(UserScan(world.table), world.schema, query, 1 + static_cast<int>(seed % 3));
    ASSERT_EQ(reach.users, static_cast<int64_t>(reached.size())) << seed;
    ASSERT_EQ(reach.known_users, static_cast<int64_t>(world.users.size()));
    ASSERT_EQ(reach.overlaps[0], in_both);
    ASSERT_EQ(reach.sample_keys.size(), std::min<size_t>(5, reached.size()));
    for (const uint64_t key : reach.sample_keys) ASSERT_TRUE(reached.contains(key));

    const std::map<std::string, int64_t> values = NaiveValues(world.users, attribute, reached);
    ASSERT_EQ(reach.by_value.size(), std::min<size_t>(2, values.size()));
    std::set<std::string> shown;
    for (const ValueUsers& value : reach.by_value) {
      ASSERT_EQ(value.users, values.at(value.value));
      shown.insert(value.value);
    }
    for (const auto& [value, users] : values) {
      if (!shown.contains(value)) ASSERT_LE(users, reach.by_value.back().users);
    }
    int64_t others = 0;
    for (const uint64_t key : reached) {
      const std::map<std::string, int64_t> own = NaiveValues(world.users, attribute, {key});
      others += std::none_of(own.begin(), own.end(), [&](const auto& value) { return shown.contains(value.first); });
    }
    ASSERT_EQ(reach.other_values, others) << seed;
  }
}

v1::Tiering RandomTiering(World& world) {
  v1::Tiering tiering;
  tiering.set_id("value");
  for (const char* tier : {"a", "b", "c"}) tiering.add_tiers()->set_id(tier);
  if (world.random.Below(2) == 0) {
    v1::TierQuantiles& quantiles = *tiering.mutable_quantiles();
    quantiles.set_attribute(world.random.Below(2) == 0 ? "age" : "spend");
    quantiles.set_ascending(world.random.Below(2) == 0);
    for (const uint32_t share : {2'000U, 6'000U, 10'000U}) quantiles.add_up_to_bp(share);
  } else {
    v1::TierRfm& rfm = *tiering.mutable_rfm();
    rfm.set_recency("age");
    rfm.set_frequency("age");
    rfm.set_monetary("spend");
    rfm.set_otherwise("c");
    v1::RfmGroup* group = rfm.add_groups();
    group->set_tier("a");
    group->set_min_recency(static_cast<uint32_t>(1 + world.random.Below(5)));
    group->set_max_monetary(static_cast<uint32_t>(1 + world.random.Below(5)));
    group = rfm.add_groups();
    group->set_tier("b");
    group->set_min_frequency(static_cast<uint32_t>(1 + world.random.Below(5)));
  }
  tiering.mutable_refresh()->set_hysteresis(world.random.Below(2) * 0.1);
  tiering.mutable_refresh()->set_confirmations(static_cast<uint32_t>(world.random.Below(3)));
  return tiering;
}

// Refreshes of a tiering while users come, change and go: everyone known is in one tier, sizes add up, moves lead from
// the tiers of before to those of now, and without a policy the tier is the one that the rules give.
TEST(RefreshPropertyTest, EveryUserIsInOneTier) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    World world(seed);
    const v1::Tiering tiering = RandomTiering(world);
    const bool is_free = tiering.refresh().hysteresis() == 0 && tiering.refresh().confirmations() < 2;
    const int value = *world.table.TieringOf("value");
    std::map<uint64_t, int> tiers;
    for (int64_t as_of = 1; as_of <= 4; ++as_of) {
      const v1::Tiering with_cuts = WithCuts(tiering, UserScan(world.table), world.schema, as_of, 2);
      const TieringProgram program(with_cuts, world.schema, world.definitions);
      const auto refresh = MustBegin(world.table, as_of, TableRefresh::Derived::kKeep);
      ASSERT_TRUE(MoveUsers(*refresh, with_cuts, world.schema, world.definitions, {.revision = as_of, .threads = 2},
                            [&](absl::Span<const TierMove> moves) {
                              for (const TierMove& move : moves) {
                                const auto before = tiers.find(move.user_key);
                                ASSERT_EQ(move.from, before == tiers.end() ? kNoTier : before->second);
                                ASSERT_NE(move.from, move.to);
                                tiers[move.user_key] = move.to;
                              }
                            }));
      refresh->Commit();
      ASSERT_EQ(tiers.size(), world.users.size());
      for (const auto& [key, known] : world.users) {
        const TierNow now = world.table.TierOf(key, value);
        ASSERT_EQ(now, (TierNow{.tier = tiers.at(key), .revision = as_of}));
        if (!is_free) continue;
        UserAttributes attributes(world.schema);
        for (const auto& [attribute, known_value] : known) {
          ASSERT_TRUE(attributes.Set(world.schema, known_value).ok());
        }
        ASSERT_EQ(now.tier, program.TierOf(attributes, as_of)) << seed;
      }
      ReachQuery query;
      query.by_tiers.tiering = "value";
      const Reach reach = ReachOf(UserScan(world.table), world.schema, query, 2);
      int64_t total = 0;
      for (const int64_t users : reach.by_tier) total += users;
      ASSERT_EQ(total, reach.users);

      query.target.tiers.tiering = "value";
      query.target.wanted_tiers = {false, true, false};
      ASSERT_EQ(ReachOf(UserScan(world.table), world.schema, query, 1).users, reach.by_tier[1]);
      for (int change = 0; change < 30; ++change) {
        const auto key = static_cast<uint64_t>(world.random.Below(300)) * 0x1234'5678'9ABC'DEF1;
        if (world.random.Below(5) == 0) {
          world.table.Remove(key);
          world.users.erase(key);
          tiers.erase(key);
        } else {
          KnownValues values = world.random.User();
          UpsertKnown(world.table, key, values);
          for (auto& [attribute, known_value] : values) world.users[key][attribute] = std::move(known_value);
        }
      }
    }
  }
}

}  // namespace
}  // namespace tierwise
