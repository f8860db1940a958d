// SPDX-License-Identifier: Apache-2.0
#include "server/services/event_checks.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

namespace tierwise {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

v1::Event GoodEvent() {
  v1::Event event;
  event.set_user_id("u1");
  event.set_event_id("e1");
  event.set_name("purchase");
  event.mutable_time()->set_seconds(1'700'000'000);
  event.set_value(12.5);
  event.set_properties_json(R"({"sku":"A-1","tags":["x"]})");
  return event;
}

std::string FieldOf(const std::function<void(v1::Event&)>& spoil) {
  v1::Event event = GoodEvent();
  spoil(event);
  const std::optional<Problem> problem = CheckEvent(event, kNow);
  return problem.has_value() ? problem->field : "";
}

TEST(EventChecksTest, AGoodEventHasNoProblem) {
  EXPECT_EQ(FieldOf([](v1::Event&) {}), "");
}

TEST(EventChecksTest, EachThingThatIsWrongNamesItsField) {
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.clear_user_id(); }), "user_id");
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.set_user_id(std::string(257, 'u')); }), "user_id");
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.clear_event_id(); }), "event_id");
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.set_name(std::string(10'000'000, 'n')); }), "name");
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.clear_time(); }), "time");
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.mutable_time()->set_seconds(-1); }), "time");
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.mutable_time()->set_seconds(1'700'003'601); }), "time");
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.mutable_time()->set_nanos(2'000'000'000); }), "time");
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.set_value(std::numeric_limits<double>::quiet_NaN()); }), "value");
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.set_value(std::numeric_limits<double>::infinity()); }), "value");
}

TEST(EventChecksTest, PropertiesAreOneShallowJsonObject) {
  const auto field = [](const std::string& json) {
    return FieldOf([&](v1::Event& e) { e.set_properties_json(json); });
  };
  EXPECT_EQ(field(""), "");
  EXPECT_EQ(field("{}"), "");
  EXPECT_EQ(field("[1]"), "properties_json");
  EXPECT_EQ(field("3"), "properties_json");
  EXPECT_EQ(field("{\"a\":"), "properties_json");
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "{\"a\":";
  EXPECT_EQ(field(deep + "1" + std::string(1000, '}')), "properties_json");
  EXPECT_EQ(field("{\"a\":\"" + std::string(16 * 1024, 'x') + "\"}"), "properties_json");
}

TEST(EventChecksTest, TimesUpToAnHourAheadAreTakenForClocksThatDiffer) {
  EXPECT_EQ(FieldOf([](v1::Event& e) { e.mutable_time()->set_seconds(1'700'003'600); }), "");
}

TEST(EventChecksTest, APropensityIsAProbability) {
  v1::Exposure exposure;
  exposure.set_user_id("u");
  exposure.set_campaign("c");
  exposure.set_variant("v");
  EXPECT_FALSE(CheckExposure(exposure, kNow).has_value());
  for (const double bad : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    exposure.set_propensity(bad);
    ASSERT_TRUE(CheckExposure(exposure, kNow).has_value()) << bad;
    EXPECT_EQ(CheckExposure(exposure, kNow)->field, "propensity");
  }
}

TEST(EventChecksTest, ProfilesHoldDeclaredAttributesOnceAndOfTheirType) {
  Definitions definitions;
  v1::Definition age;
  age.mutable_attribute()->set_id("age");
  age.mutable_attribute()->set_type(v1::ATTRIBUTE_TYPE_INT);
  definitions.Put(age);
  const AttributeSchema schema(definitions);
  v1::Profile profile;
  profile.set_user_id("u");
  v1::AttributeValue& value = *profile.add_attributes();
  value.set_attribute("age");
  value.set_int_value(30);
  EXPECT_FALSE(CheckProfile(profile, schema).has_value());
  value.clear_value();  // forgets the attribute
  EXPECT_FALSE(CheckProfile(profile, schema).has_value());
  value.set_string_value("thirty");
  EXPECT_EQ(CheckProfile(profile, schema)->field, "attributes[0]");
  value.set_int_value(30);
  *profile.add_attributes() = value;
  EXPECT_EQ(CheckProfile(profile, schema)->field, "attributes[1]");
  profile.mutable_attributes(1)->set_attribute("shoe_size");
  EXPECT_EQ(CheckProfile(profile, schema)->description, "\"shoe_size\" is not a declared attribute");
}

}  // namespace
}  // namespace tierwise
