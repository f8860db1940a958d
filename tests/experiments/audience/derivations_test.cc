// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/derivations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "experiments/audience/derivation_fold.h"
#include "tests/experiments/audience/event_facts.h"

namespace tierwise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kHour = int64_t{3'600} * 1'000'000;

Derivations DerivationsOf(std::vector<v1::Attribute> attributes) { return Derivations(DefinitionsOf(attributes)); }

TEST(DerivationsTest, SuppliedAttributesNeedNoPass) {
  v1::Attribute supplied;
  supplied.set_id("age");
  supplied.set_type(v1::ATTRIBUTE_TYPE_INT);
  EXPECT_THAT(DerivationsOf({supplied}).passes(), IsEmpty());
}

TEST(DerivationsTest, EachPropertyHasAPassWithTheEventsThatItNeeds) {
  const Derivations derivations = DerivationsOf({
      DerivedAttributeOf("brands", "aggregate: AGGREGATE_DISTINCT property: 'brand'"),
      DerivedAttributeOf("orders", "aggregate: AGGREGATE_COUNT events: 'order' events: 'reorder'"),
      DerivedAttributeOf("spend", "aggregate: AGGREGATE_SUM events: 'order' window { seconds: 3600 }"),
      DerivedAttributeOf("taste", "aggregate: AGGREGATE_FAVOURITE property: 'brand' events: 'view'"),
      DerivedAttributeOf("towns", "aggregate: AGGREGATE_DISTINCT property: 'town' events: 'view'"),
  });
  ASSERT_EQ(derivations.passes().size(), 3u);
  const auto& [plain, brand, town] =
      std::tie(derivations.passes()[0], derivations.passes()[1], derivations.passes()[2]);
  EXPECT_EQ(plain.property, "");
  EXPECT_THAT(plain.event_names, ElementsAre("order", "reorder"));
  EXPECT_FALSE(plain.needs_every_event);
  EXPECT_EQ(plain.attributes[0].id, "orders");
  EXPECT_EQ(plain.attributes[1].id, "spend");
  EXPECT_EQ(brand.property, "brand");
  EXPECT_THAT(brand.event_names, ElementsAre("view"));
  EXPECT_TRUE(brand.needs_every_event);
  EXPECT_EQ(town.property, "town");
  EXPECT_FALSE(town.needs_every_event);
}

TEST(DerivationsTest, AnEventBelongsToItsRangeOfUserKeysAlone) {
  const Derivations derivations = DerivationsOf({DerivedAttributeOf("orders", "aggregate: AGGREGATE_COUNT")});
  DerivationFold fold(derivations.passes()[0], kHour, 2);
  const std::vector<EventFact> facts = {{.user = KeyOf("ann"), .name = "order", .event = 1},
                                        {.user = KeyOf("ben"), .name = "order", .time_micros = kHour + 1, .event = 2}};
  Scan(derivations.passes()[0], facts, 1, [&](const EventColumns& columns) { fold.AddEvents(columns); });
  std::vector<uint64_t> users;
  fold.Finish(
      [&](const DerivedUsers& derived) { users.insert(users.end(), derived.user.begin(), derived.user.end()); });
  EXPECT_THAT(users, ElementsAre(KeyOf("ann")));
}

TEST(DerivationsTest, ReachIsTheLongestWindow) {
  const auto reach = [](std::vector<v1::Attribute> attributes) {
    return DerivationsOf(std::move(attributes)).passes()[0].reach_micros;
  };
  const v1::Attribute count = DerivedAttributeOf("a", "aggregate: AGGREGATE_COUNT window { seconds: 18000 }");
  const v1::Attribute trend = DerivedAttributeOf("b", "aggregate: AGGREGATE_TREND window { seconds: 10800 }");
  const v1::Attribute ever = DerivedAttributeOf("c", "aggregate: AGGREGATE_COUNT");
  const v1::Attribute stage = DerivedAttributeOf("d", "aggregate: AGGREGATE_LIFE_CYCLE events: 'order'");
  EXPECT_EQ(reach({count}), 5 * kHour);
  EXPECT_EQ(reach({count, trend}), 6 * kHour);
  EXPECT_EQ(reach({count, ever}), std::nullopt);
  EXPECT_EQ(reach({count, stage}), std::nullopt);
}

TEST(DerivationsTest, ChangeRangesAreWhereEventsEnterOrCrossAHorizon) {
  const auto ranges = [](std::vector<v1::Attribute> attributes, int64_t before, int64_t after) {
    return DerivationsOf(std::move(attributes)).passes()[0].ChangeRanges(before, after);
  };
  const v1::Attribute ever = DerivedAttributeOf("a", "aggregate: AGGREGATE_SUM");
  const v1::Attribute trend = DerivedAttributeOf("b", "aggregate: AGGREGATE_TREND window { seconds: 36000 }");
  const int64_t t = 1'000 * kHour;
  EXPECT_THAT(ranges({ever}, t, t), IsEmpty());
  EXPECT_THAT(ranges({ever}, t, t + kHour), ElementsAre(TimeRange{t + 1, t + kHour + 1}));
  EXPECT_THAT(ranges({trend}, t, t + kHour),
              ElementsAre(TimeRange{t - 20 * kHour, t - 19 * kHour}, TimeRange{t - 10 * kHour, t - 9 * kHour},
                          TimeRange{t + 1, t + kHour + 1}));
  EXPECT_THAT(ranges({trend}, t, t + 15 * kHour), ElementsAre(TimeRange{t - 20 * kHour, t + 15 * kHour + 1}));
}

TEST(DerivationsTest, FingerprintsTellDefinitionsApart) {
  const std::string count = "aggregate: AGGREGATE_COUNT events: 'order' window { seconds: 3600 }";
  const uint64_t fingerprint = DerivationsOf({DerivedAttributeOf("a", count)}).fingerprint();
  v1::Attribute renamed = DerivedAttributeOf("a", count);
  renamed.set_display_name("Orders");
  EXPECT_EQ(DerivationsOf({renamed}).fingerprint(), fingerprint);
  for (const absl::string_view other :
       {"aggregate: AGGREGATE_COUNT events: 'order' window { seconds: 3601 }",
        "aggregate: AGGREGATE_COUNT events: 'order'",
        "aggregate: AGGREGATE_COUNT events: 'order' events: 'x' window { seconds: 3600 }",
        "aggregate: AGGREGATE_ACTIVE_DAYS events: 'order' window { seconds: 3600 }"}) {
    EXPECT_NE(DerivationsOf({DerivedAttributeOf("a", other)}).fingerprint(), fingerprint) << other;
  }
  EXPECT_NE(DerivationsOf({DerivedAttributeOf("b", count)}).fingerprint(), fingerprint);
}

TEST(DerivationsTest, ADefaultWrittenOutIsTheSameDefinition) {
  const std::string stage = "aggregate: AGGREGATE_LIFE_CYCLE events: 'order'";
  EXPECT_EQ(DerivationsOf({DerivedAttributeOf("a", stage + " life_cycle { dormant_after { seconds: 7776000 } }")})
                .fingerprint(),
            DerivationsOf({DerivedAttributeOf("a", stage)}).fingerprint());
}

}  // namespace
}  // namespace tierwise
