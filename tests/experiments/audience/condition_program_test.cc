// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_program.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "experiments/audience/condition_check.h"
#include "tests/experiments/audience/audience_definitions.h"
#include "tests/support/allocation_count.h"

namespace tierwise {
namespace {

const int64_t kNow = absl::ToUnixMicros(absl::FromCivil(absl::CivilSecond(2026, 1, 31, 12, 0, 0), absl::UTCTimeZone()));
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;

class ConditionProgramTest : public testing::Test {
 protected:
  ConditionProgram Compile(absl::string_view text) const {
    const v1::Condition condition = ConditionOf(text);
    Problems problems;
    CheckCondition(condition, definitions_, "", problems);
    EXPECT_TRUE(problems.empty()) << problems.ToStatus();
    return ConditionProgram(condition.tree(), schema_, definitions_);
  }

  bool Holds(absl::string_view text) const { return Compile(text).Evaluate(user_, kNow); }
  std::string Explain(absl::string_view text) const { return Compile(text).Explain(user_, kNow); }

  int Slot(absl::string_view attribute) const { return *schema_.SlotOf(attribute); }

  // Sets a value for each attribute.
  void SetAll() {
    user_.SetBool(Slot("is_member"), true);
    user_.SetInt(Slot("age"), 30);
    user_.SetDouble(Slot("spend"), 99.5);
    user_.SetString(Slot("country"), "Norway");
    user_.SetString(Slot("plan"), "pro");
    user_.SetString(Slot("app_version"), "2.0.0-rc.1");
    user_.SetTimeMicros(Slot("last_order_at"), kNow - 30 * kDay);
    user_.SetList(Slot("tags"), tags_);
  }

  Definitions definitions_ = AudienceDefinitions();
  AttributeSchema schema_{definitions_};
  UserAttributes user_{schema_};
  std::vector<absl::string_view> tags_ = {"vip", "new"};
};

TEST_F(ConditionProgramTest, DefaultIsAlwaysTrue) {
  EXPECT_TRUE(ConditionProgram().Evaluate(user_, kNow));
  EXPECT_EQ(ConditionProgram().Explain(user_, kNow), "always true");
}

TEST_F(ConditionProgramTest, Bools) {
  SetAll();
  EXPECT_TRUE(Holds("is_member = true"));
  EXPECT_FALSE(Holds("is_member = false"));
  EXPECT_FALSE(Holds("is_member != true"));
  EXPECT_TRUE(Holds("is_member != false"));
}

TEST_F(ConditionProgramTest, Numbers) {
  SetAll();
  for (const absl::string_view text :
       {"age = 30", "age != 29", "age < 31", "age <= 30", "age > 29", "age >= 30", "age between 30 and 30",
        "age in [1, 30]", "age not in [1, 31]", "spend = 99.5", "spend != 99", "spend < 99.50000000000001",
        "spend <= 99.5", "spend > 99.49999999999999", "spend >= 99.5", "spend > 99", "spend between 99 and 100",
        "spend in [1, 99.5]", "spend not in [99]"}) {
    EXPECT_TRUE(Holds(text)) << text;
  }
  for (const absl::string_view text :
       {"age = 31", "age != 30", "age < 30", "age <= 29", "age > 30", "age >= 31", "age between 31 and 40",
        "age in [1, 31]", "age not in [30]", "spend = 99", "spend != 99.5", "spend < 99.5",
        "spend <= 99.49999999999999", "spend > 99.5", "spend >= 99.50000000000001", "spend between 100 and 101",
        "spend in [99]", "spend not in [99.5]"}) {
    EXPECT_FALSE(Holds(text)) << text;
  }
}

TEST_F(ConditionProgramTest, ExtremesOfNumbers) {
  for (const int64_t age : {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    user_.SetInt(Slot("age"), age);
    EXPECT_FALSE(Holds("age < -9223372036854775808"));
    EXPECT_FALSE(Holds("age > 9223372036854775807"));
    EXPECT_TRUE(Holds("age >= -9223372036854775808"));
    EXPECT_TRUE(Holds("age <= 9223372036854775807"));
  }
  user_.SetDouble(Slot("spend"), -0.0);
  EXPECT_TRUE(Holds("spend = 0.0"));
  EXPECT_TRUE(Holds("spend in [0]"));
  EXPECT_FALSE(Holds("spend < 0"));
  EXPECT_FALSE(Holds("spend > 0"));
  user_.SetDouble(Slot("spend"), std::numeric_limits<double>::max());
  EXPECT_FALSE(Holds("spend > 1.7976931348623157e308"));
  EXPECT_TRUE(Holds("spend > -1.7976931348623157e308"));
}

TEST_F(ConditionProgramTest, Strings) {
  SetAll();
  for (const absl::string_view text :
       {"country = \"Norway\"", "country != \"norway\"", "country in [\"Sweden\", \"Norway\"]",
        "country not in [\"Sweden\"]", "country starts_with \"Nor\"", "country ends_with \"way\"",
        "country contains \"rwa\"", "tags contains \"vip\"", "tags contains \"new\""}) {
    EXPECT_TRUE(Holds(text)) << text;
  }
  for (const absl::string_view text :
       {"country = \"Norwa\"", "country != \"Norway\"", "country in [\"Sweden\"]", "country not in [\"Norway\"]",
        "country starts_with \"nor\"", "country ends_with \"Way\"", "country contains \"rwy\"", "tags contains \"vi\"",
        "tags contains \"vipp\""}) {
    EXPECT_FALSE(Holds(text)) << text;
  }
}

TEST_F(ConditionProgramTest, ListsOfMessages) {
  v1::StringList list;
  EXPECT_FALSE(Holds("tags contains \"vip\""));
  user_.SetList(Slot("tags"), list);
  EXPECT_TRUE(Holds("tags is set"));
  EXPECT_FALSE(Holds("tags contains \"vip\""));
  list.add_values(std::string("vip"));
  EXPECT_TRUE(Holds("tags contains \"vip\""));
}

TEST_F(ConditionProgramTest, Versions) {
  SetAll();
  EXPECT_TRUE(Holds("app_version < v\"2.0.0\""));
  EXPECT_TRUE(Holds("app_version > v\"2.0.0-beta.11\""));
  EXPECT_TRUE(Holds("app_version = v\"2.0.0-rc.1+build\""));
  EXPECT_FALSE(Holds("app_version != v\"2.0.0-rc.1+build\""));
  EXPECT_TRUE(Holds("app_version >= v\"2.0.0-rc.1\""));
  EXPECT_TRUE(Holds("app_version <= v\"2.0.0-rc.1\""));
  EXPECT_FALSE(Holds("app_version >= v\"10.0.0\""));
  EXPECT_FALSE(Holds("app_version = \"2.0.0-rc.1+build\"")) << "a string literal compares bytes";
}

TEST_F(ConditionProgramTest, WhatIsNoVersionFailsEveryTestOfVersions) {
  user_.SetString(Slot("app_version"), "2.0");
  for (const absl::string_view op : {"=", "!=", "<", "<=", ">", ">="}) {
    EXPECT_FALSE(Holds(absl::StrCat("app_version ", op, " v\"2.0.0\""))) << op;
  }
}

TEST_F(ConditionProgramTest, Times) {
  SetAll();
  EXPECT_TRUE(Holds("last_order_at = t\"2026-01-01T12:00:00Z\""));
  EXPECT_TRUE(Holds("last_order_at < t\"2026-01-01T12:00:00.000001Z\""));
  EXPECT_FALSE(Holds("last_order_at < t\"2026-01-01T12:00:00Z\""));
  EXPECT_TRUE(Holds("last_order_at between t\"2026-01-01T00:00:00Z\" and t\"2026-01-02T00:00:00Z\""));
}

TEST_F(ConditionProgramTest, TimesRelativeToNowMoveWithNow) {
  SetAll();
  EXPECT_TRUE(Holds("last_order_at = now - 30d"));
  EXPECT_FALSE(Holds("last_order_at != now - 30d"));
  EXPECT_FALSE(Holds("last_order_at > now - 30d"));
  EXPECT_TRUE(Holds("last_order_at >= now - 30d"));
  EXPECT_FALSE(Holds("last_order_at < now - 30d"));
  EXPECT_TRUE(Holds("last_order_at <= now - 30d"));
  EXPECT_TRUE(Holds("last_order_at < now"));
  EXPECT_FALSE(Holds("last_order_at > now + 1s"));
  EXPECT_TRUE(Holds("last_order_at between now - 30d and now"));
  EXPECT_TRUE(Holds("last_order_at between t\"2026-01-01T12:00:00Z\" and now - 4w"));

  const ConditionProgram recent = Compile("last_order_at > now - 30d");
  EXPECT_TRUE(recent.Evaluate(user_, kNow - 1));
  EXPECT_FALSE(recent.Evaluate(user_, kNow));
}

TEST_F(ConditionProgramTest, TimesInThePastOfTheEpoch) {
  user_.SetTimeMicros(Slot("last_order_at"), -1);
  EXPECT_TRUE(Holds("last_order_at = t\"1969-12-31T23:59:59.999999Z\""));
  EXPECT_TRUE(Holds("last_order_at < t\"1970-01-01T00:00:00Z\""));
}

TEST_F(ConditionProgramTest, EveryTestOfAMissingAttributeIsFalseButIsNotSet) {
  for (const absl::string_view test : {"is_member = false",
                                       "is_member != true",
                                       "age = 0",
                                       "age != 30",
                                       "age < 5",
                                       "age > 5",
                                       "age between -5 and 5",
                                       "age in [0]",
                                       "age not in [30]",
                                       "spend = 0.0",
                                       "spend != 1.0",
                                       "spend >= 0.0",
                                       "spend in [0]",
                                       "spend not in [1]",
                                       "country = \"x\"",
                                       "country != \"CN\"",
                                       "country in [\"CN\"]",
                                       "country not in [\"CN\"]",
                                       "country starts_with \"C\"",
                                       "country ends_with \"C\"",
                                       "country contains \"C\"",
                                       "app_version = v\"1.0.0\"",
                                       "app_version != v\"1.0.0\"",
                                       "last_order_at < now",
                                       "last_order_at != now",
                                       "last_order_at between now - 1d and now",
                                       "tags contains \"vip\"",
                                       "age is set",
                                       "tags is set"}) {
    EXPECT_FALSE(Holds(test)) << test;
    EXPECT_TRUE(Holds(absl::StrCat("not ", test))) << test;
  }
  for (const absl::string_view attribute :
       {"is_member", "age", "spend", "country", "app_version", "last_order_at", "tags"}) {
    EXPECT_TRUE(Holds(absl::StrCat(attribute, " is not set"))) << attribute;
  }
  SetAll();
  EXPECT_FALSE(Holds("age is not set"));
  EXPECT_TRUE(Holds("age is set"));
}

TEST_F(ConditionProgramTest, Structure) {
  SetAll();
  EXPECT_TRUE(Holds("true"));
  EXPECT_FALSE(Holds("not true"));
  EXPECT_TRUE(Holds("age = 30 or false"));
  EXPECT_FALSE(Holds("age = 30 and false"));
  EXPECT_TRUE(Holds("age = 1 or age = 2 or age = 30"));
  EXPECT_FALSE(Holds("not (age = 1 or not age = 2 and age = 30)"));
  EXPECT_TRUE(Holds("not (age = 1 or age = 2) and country = \"Norway\""));
}

TEST_F(ConditionProgramTest, SegmentsAreInlined) {
  PutSegment("adult", "age >= 18", definitions_);
  PutSegment("adult-member", "segment(adult) and is_member = true", definitions_);
  SetAll();
  EXPECT_TRUE(Holds("segment(adult-member)"));
  EXPECT_FALSE(Holds("not segment(adult-member)"));
  user_.SetInt(Slot("age"), 17);
  EXPECT_FALSE(Holds("segment(adult-member) and country is set"));
  EXPECT_EQ(Explain("segment(adult-member) and country is set"), "segment(adult): age >= 18 is false: age is 17");
}

TEST_F(ConditionProgramTest, ExplainNamesTheTestThatDecided) {
  SetAll();
  EXPECT_EQ(Explain("age > 20 and country in [\"CN\", \"SG\"] and spend > 5"),
            "country in [\"CN\", \"SG\"] is false: country is \"Norway\"");
  EXPECT_EQ(Explain("age > 20 and spend > 5"), "spend > 5 is true: spend is 99.5");
  EXPECT_EQ(Explain("age > 20 or spend > 5"), "age > 20 is true: age is 30");
  EXPECT_EQ(Explain("not tags contains \"vip\""), "tags contains \"vip\" is true: tags is [\"vip\", \"new\"]");
  EXPECT_EQ(Explain("last_order_at > now - 1d"),
            "last_order_at > now - 1d is false: last_order_at is t\"2026-01-01T12:00:00Z\"");
  EXPECT_EQ(Explain("is_member = false"), "is_member = false is false: is_member is true");
  EXPECT_EQ(Explain("interests is set"), "interests is set is false: interests is not set");
  EXPECT_EQ(Explain("true or age = 1"), "always true");
  EXPECT_EQ(Explain("age = 1 and false"), "age = 1 is false: age is 30");
  EXPECT_EQ(Explain("false and age = 1"), "always false");
}

TEST_F(ConditionProgramTest, ProgramsAreValues) {
  SetAll();
  ConditionProgram copy;
  {
    const ConditionProgram original = Compile("country = \"Norway\" and tags contains \"vip\" and plan in [\"pro\"]");
    copy = original;
  }
  EXPECT_TRUE(copy.Evaluate(user_, kNow));
}

TEST_F(ConditionProgramTest, EvaluatingAllocatesNothing) {
  PutSegment("adult", "age >= 18", definitions_);
  const ConditionProgram program = Compile(
      "segment(adult) and country in [\"Norway\", \"Sweden\"] and country contains \"rw\" and app_version >= "
      "v\"1.0.0\" "
      "and last_order_at > now - 60d and tags contains \"new\" and spend between 1 and 100 and age in [30, 31] and not "
      "is_member = false");
  SetAll();
  const int64_t before = AllocationCount();
  user_.Clear();
  SetAll();
  const bool holds = program.Evaluate(user_, kNow);
  EXPECT_EQ(AllocationCount() - before, 0);
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace tierwise
