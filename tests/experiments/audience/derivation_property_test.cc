// SPDX-License-Identifier: Apache-2.0
// Random events and random derivations: the fold equals a naive computation, whatever the order, threads and passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/audience/derivation_check.h"
#include "experiments/audience/derivation_fold.h"
#include "tests/experiments/audience/event_facts.h"

namespace tierwise {
namespace {

constexpr int64_t kHour = int64_t{3'600} * 1'000'000;
constexpr int64_t kBegin = 20'000 * 24 * kHour;
constexpr int kHours = 600;  // of events
constexpr uint64_t kUsers = 12;
constexpr int kSeeds = 300;

// By user and attribute.
using Values = std::map<std::pair<uint64_t, std::string>, std::string>;

class RandomWorld {
 public:
  explicit RandomWorld(uint64_t seed) : random_(seed) {}

  int Below(int end) { return static_cast<int>(random_() % static_cast<uint64_t>(end)); }
  std::mt19937_64& random() { return random_; }

  // Mostly on full hours, so that many are at the edges of windows; some are copies.
  std::vector<EventFact> Events() {
    std::vector<EventFact> facts;
    const int events = Below(200);
    for (int i = 0; i < events; ++i) {
      if (!facts.empty() && Below(6) == 0) {
        facts.push_back(CopyOf(facts[static_cast<size_t>(Below(static_cast<int>(facts.size())))]));
        continue;
      }
      EventFact fact;
      fact.user = 1 + static_cast<uint64_t>(Below(kUsers));
      fact.name = Name();
      fact.time_micros = kBegin + Below(kHours) * kHour + (Below(3) == 0 ? Below(3) - 1 : 0);
      fact.event = random_();
      fact.value = Below(41) - 10;
      if (Below(3) > 0) fact.property = absl::StrCat("p", Below(4));
      facts.push_back(fact);
    }
    return facts;
  }

  std::vector<v1::Attribute> Attributes() {
    std::vector<v1::Attribute> attributes;
    const int count = 1 + Below(8);
    for (int i = 0; i < count; ++i) attributes.push_back(Attribute(absl::StrCat("a", i)));
    return attributes;
  }

 private:
  std::string Name() { return std::vector<std::string>{"order", "visit", "search", "refund"}[Below(4)]; }

  EventFact CopyOf(const EventFact& fact) {
    EventFact copy = fact;
    if (Below(2) == 0) copy.value += Below(3) - 1;
    if (Below(2) == 0) copy.time_micros += (1 + Below(100)) * kHour;
    if (copy.time_micros != fact.time_micros && Below(2) == 0) copy.name = Name();
    return copy;
  }

  void SetHours(int least, google::protobuf::Duration& duration) { duration.set_seconds((least + Below(100)) * 3'600); }

  v1::Attribute Attribute(const std::string& id) {
    v1::Attribute attribute;
    attribute.set_id(id);
    v1::Derivation& d = *attribute.mutable_derivation();
    d.set_aggregate(static_cast<v1::Aggregate>(1 + Below(16)));
    attribute.set_type(AttributeTypeOf(d.aggregate()));
    const bool is_life_cycle = d.aggregate() == v1::AGGREGATE_LIFE_CYCLE;
    if (Below(3) > 0 || is_life_cycle) d.add_events("order");
    if (d.events_size() > 0 && Below(2) == 0) d.add_events("visit");
    if (!is_life_cycle && (d.aggregate() == v1::AGGREGATE_TREND || Below(3) > 0)) SetHours(1, *d.mutable_window());
    if (d.aggregate() == v1::AGGREGATE_DISTINCT || d.aggregate() == v1::AGGREGATE_FAVOURITE) d.set_property("p");
    if (d.aggregate() == v1::AGGREGATE_SESSIONS && Below(2) == 0) d.mutable_session_gap()->set_seconds(7'200);
    if (d.aggregate() == v1::AGGREGATE_RATIO) {
      d.add_denominator_events(Name());
      d.set_ratio_of_sums(Below(2) == 0);
    }
    if (!is_life_cycle) return attribute;
    SetHours(1, *d.mutable_life_cycle()->mutable_new_for());
    SetHours(1, *d.mutable_life_cycle()->mutable_active_for());
    SetHours(101, *d.mutable_life_cycle()->mutable_dormant_after());
    SetHours(1, *d.mutable_life_cycle()->mutable_won_back_for());
    return attribute;
  }

  std::mt19937_64 random_;
};

// Of every user, by folding.
Values Folded(const std::vector<v1::Attribute>& attributes, const std::vector<EventFact>& facts, int64_t as_of,
              size_t run = 1'000, int threads = 1) {
  Values values;
  const Derivations derivations(DefinitionsOf(attributes));
  for (const DerivationPass& pass : derivations.passes()) {
    for (uint64_t user = 1; user <= kUsers; ++user) {
      for (const DerivedAttribute& attribute : pass.attributes) {
        values[{user, attribute.id}] = TextOf(attribute.kind, attribute.without_events, facts);
      }
    }
    DerivationFold fold(pass, as_of, threads);
    Scan(pass, facts, run, [&](const EventColumns& columns) { fold.AddEvents(columns); });
    std::mutex mutex;
    fold.Finish([&](const DerivedUsers& users) {
      const std::lock_guard<std::mutex> lock(mutex);
      for (size_t i = 0; i < users.values.size(); ++i) {
        const DerivedAttribute& attribute = pass.attributes[i % pass.attributes.size()];
        const uint64_t user = users.user[i / pass.attributes.size()];
        values[{user, attribute.id}] = TextOf(attribute.kind, users.values[i], facts);
      }
    });
  }
  return values;
}

Values Naive(const std::vector<v1::Attribute>& attributes, const std::vector<EventFact>& facts, int64_t as_of) {
  Values values;
  for (uint64_t user = 1; user <= kUsers; ++user) {
    for (const v1::Attribute& attribute : attributes) {
      values[{user, attribute.id()}] = NaiveValue(attribute, user, facts, as_of);
    }
  }
  return values;
}

std::vector<EventFact> Where(const std::vector<EventFact>& facts, const std::function<bool(const EventFact&)>& holds) {
  std::vector<EventFact> chosen;
  std::copy_if(facts.begin(), facts.end(), std::back_inserter(chosen), holds);
  return chosen;
}

TEST(DerivationProperty, TheFoldEqualsANaiveComputation) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomWorld world(seed);
    const std::vector<EventFact> facts = world.Events();
    const std::vector<v1::Attribute> attributes = world.Attributes();
    const int64_t as_of = kBegin + (kHours / 2 + world.Below(kHours)) * kHour;
    ASSERT_EQ(Folded(attributes, facts, as_of), Naive(attributes, facts, as_of)) << "seed " << seed;
  }
}

TEST(DerivationProperty, OrderRunsAndThreadsChangeNothing) {
  for (uint64_t seed = 0; seed < kSeeds / 3; ++seed) {
    RandomWorld world(seed);
    std::vector<EventFact> facts = world.Events();
    const std::vector<v1::Attribute> attributes = world.Attributes();
    const int64_t as_of = kBegin + kHours * kHour;
    const Values values = Folded(attributes, facts, as_of);
    std::shuffle(facts.begin(), facts.end(), world.random());
    ASSERT_EQ(Folded(attributes, facts, as_of, static_cast<size_t>(1 + world.Below(50)), 3), values) << "seed " << seed;
  }
}

TEST(DerivationProperty, CopiesAndTheRestOfTheCatalogChangeNothing) {
  for (uint64_t seed = 0; seed < kSeeds / 3; ++seed) {
    RandomWorld world(seed);
    std::vector<EventFact> facts = world.Events();
    const std::vector<v1::Attribute> attributes = world.Attributes();
    const int64_t as_of = kBegin + kHours * kHour;
    Values values;
    for (const v1::Attribute& attribute : attributes) values.merge(Folded({attribute}, facts, as_of));
    const std::vector<EventFact> copies = facts;
    facts.insert(facts.end(), copies.begin(), copies.end());
    ASSERT_EQ(Folded(attributes, facts, as_of), values) << "seed " << seed;
  }
}

TEST(DerivationProperty, OnlyUsersWithEventsInTheChangeRangesOrNewOnesChange) {
  int unchanged_users = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomWorld world(seed);
    const std::vector<EventFact> known = world.Events();
    const std::vector<v1::Attribute> attributes = world.Attributes();
    const int64_t before = kBegin + (kHours / 2 + world.Below(kHours)) * kHour;
    const int64_t after = before + world.Below(20) * kHour;
    std::vector<EventFact> recorded = world.Events();
    if (recorded.size() > 5) recorded.resize(5);
    std::vector<EventFact> facts = known;
    facts.insert(facts.end(), recorded.begin(), recorded.end());
    // A refresh from scratch, and one that computes only the users to be chosen.
    const Values full = Folded(attributes, facts, after);
    Values incremental = Folded(attributes, known, before);
    const Derivations derivations(DefinitionsOf(attributes));
    for (const DerivationPass& pass : derivations.passes()) {
      const std::vector<TimeRange> ranges = pass.ChangeRanges(before, after);
      for (uint64_t user = 1; user <= kUsers; ++user) {
        const auto is_hers = [&](const EventFact& fact) { return fact.user == user; };
        const auto changes = [&](const EventFact& fact) {
          return is_hers(fact) && std::any_of(ranges.begin(), ranges.end(), [&](const TimeRange& range) {
                   return fact.time_micros >= range.begin_micros && fact.time_micros < range.end_micros;
                 });
        };
        if (!std::any_of(known.begin(), known.end(), changes) &&
            !std::any_of(recorded.begin(), recorded.end(), is_hers)) {
          ++unchanged_users;
          continue;
        }
        const Values hers = Folded(attributes, Where(facts, is_hers), after);
        for (const DerivedAttribute& attribute : pass.attributes) {
          incremental[{user, attribute.id}] = hers.at({user, attribute.id});
        }
      }
    }
    ASSERT_EQ(incremental, full) << "seed " << seed;
  }
  EXPECT_GT(unchanged_users, kSeeds);
}

TEST(DerivationProperty, OneUserByItselfHasTheSameValues) {
  for (uint64_t seed = 0; seed < kSeeds / 3; ++seed) {
    RandomWorld world(seed);
    const std::vector<EventFact> facts = world.Events();
    const std::vector<v1::Attribute> attributes = world.Attributes();
    const int64_t as_of = kBegin + kHours * kHour;
    const Values values = Folded(attributes, facts, as_of);
    const Derivations derivations(DefinitionsOf(attributes));
    for (const DerivationPass& pass : derivations.passes()) {
      for (uint64_t user = 1; user <= kUsers; ++user) {
        const auto hers = Where(facts, [&](const EventFact& fact) { return fact.user == user; });
        Scan(pass, hers, hers.size(), [&](const EventColumns& columns) {
          const std::vector<DerivedValue> derived = DeriveFor(pass, columns, as_of);
          for (size_t i = 0; i < derived.size(); ++i) {
            const DerivedAttribute& attribute = pass.attributes[i];
            ASSERT_EQ(TextOf(attribute.kind, derived[i], facts), values.at({user, attribute.id})) << "seed " << seed;
          }
        });
      }
    }
  }
}

}  // namespace
}  // namespace tierwise
