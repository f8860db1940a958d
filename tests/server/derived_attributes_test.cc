// SPDX-License-Identifier: Apache-2.0
// Derived attributes and profiles through the API.
#include <gmock/gmock.h>

#include <random>
#include <string>

#include "tests/server/tiers_fixture.h"

namespace tierwise {
namespace {

const absl::Time kNow = absl::Now();
constexpr absl::Duration kDay = absl::Hours(24);

TEST_F(TiersTest, DeclaringAnAttributeFillsItFromHistoryWithTheNextRefresh) {
  Buy("ann", 30, kNow - 2 * kDay, "books");
  Buy("ann", 12, kNow - kDay, "toys");
  Buy("ann", 5, kNow - 3 * kDay, "toys");
  Buy("ann", 100, kNow - 40 * kDay, "books");
  Buy("bob", 7, kNow - kDay);
  ApplyShop();
  const v1::Refresh refresh = Refresh(kNow);
  EXPECT_EQ(refresh.users(), 2);
  EXPECT_EQ(refresh.users_computed(), 2);
  EXPECT_EQ(Attributes("ann"), (std::map<std::string, std::string>{
                                   {"money", "47"}, {"orders", "4"}, {"last_purchase", "1"}, {"category", "toys"}}));
  EXPECT_EQ(Attributes("bob")["money"], "7");
}

TEST_F(TiersTest, AnEventSentTwiceCountsOnce) {
  ApplyShop();
  FillShop(3, kNow - kDay);
  FillShop(3, kNow - kDay);
  Refresh();
  EXPECT_EQ(Attributes("user-0")["orders"], "2");
  EXPECT_EQ(Attributes("user-1")["orders"], "1");
}

TEST_F(TiersTest, ARefreshComputesOnlyUsersWhoseValuesMayHaveChanged) {
  ApplyShop();
  Buy("ann", 30, kNow - 20 * kDay);
  Buy("bob", 7, kNow - 29 * kDay);
  Buy("eve", 9, kNow - 5 * kDay);
  EXPECT_EQ(Refresh(kNow - 2 * kDay).users_computed(), 3);
  Buy("ann", 10, kNow - kDay);
  const v1::Refresh second = Refresh(kNow);
  EXPECT_EQ(second.users_computed(), 1) << "ann bought, and nobody's purchase left the window";
  EXPECT_EQ(Attributes("ann")["money"], "40");
  EXPECT_EQ(Attributes("eve")["money"], "9");
  EXPECT_EQ(Attributes("eve")["last_purchase"], "5") << "ages go on without a computation";
}

TEST_F(TiersTest, WhatGrowsOldLeavesTheWindowWithoutANewEvent) {
  ApplyShop();
  Buy("bob", 7, kNow - 31 * kDay);
  Refresh(kNow - 2 * kDay);
  EXPECT_EQ(Attributes("bob")["money"], "7");
  EXPECT_EQ(Refresh(kNow).users_computed(), 1);
  EXPECT_EQ(Attributes("bob")["money"], "0");
  EXPECT_EQ(Attributes("bob")["orders"], "1");
}

TEST_F(TiersTest, IncrementalRefreshesAgreeWithAFullOne) {
  ApplyShop();
  std::mt19937 random(5);
  const int kRounds = 8;
  for (int round = 0; round < kRounds; ++round) {
    const absl::Time as_of = kNow - 10 * kDay * (kRounds - 1 - round);
    v1::RecordEventsRequest request;
    for (int i = 0; i < 25; ++i) {
      v1::Event& event = *request.add_events();
      event.set_user_id(absl::StrCat("user-", random() % 40));
      event.set_event_id(absl::StrCat(round, "-", i));
      event.set_name("purchase");
      event.set_value(static_cast<double>(random() % 100) - 20);
      event.set_properties_json(random() % 2 == 0 ? R"({"category": "books"})" : R"({"category": "toys"})");
      *event.mutable_time() = ToProto(as_of - absl::Hours(static_cast<int64_t>(random() % 2000)));
    }
    v1::RecordEventsResponse response;
    ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::RecordEvents, request, &response).ok());
    Refresh(as_of);
  }
  std::map<std::string, std::map<std::string, std::string>> incremental;
  for (int i = 0; i < 40; ++i) {
    v1::GetProfileResponse known;
    const std::string user = absl::StrCat("user-", i);
    if (GetProfile(user, &known).ok()) incremental[user] = Attributes(user);
  }
  ASSERT_GT(incremental.size(), 30u);
  // Another derived attribute makes the next refresh a full one.
  v1::ApplyDefinitionsResponse applied;
  ASSERT_TRUE(Apply(R"pb(definitions {
                           attribute {
                             id: "visits"
                             type: ATTRIBUTE_TYPE_INT
                             derivation { aggregate: AGGREGATE_COUNT events: "visit" }
                           }
                         })pb",
                    &applied)
                  .ok());
  EXPECT_EQ(static_cast<size_t>(Refresh(kNow).users_computed()), incremental.size());
  for (auto& [user, attributes] : incremental) {
    attributes["visits"] = "0";
    EXPECT_EQ(Attributes(user), attributes) << user;
    EXPECT_EQ(Attributes(user, kNow), attributes) << user << " by GetProfile as of the same moment";
  }
}

TEST_F(TiersTest, AProfileOfAPastMomentIsWhatWasKnownThen) {
  ApplyShop();
  Buy("ann", 30, kNow - 20 * kDay, "books");
  Buy("ann", 5, kNow - kDay, "toys");
  Buy("ann", 6, kNow - kDay, "toys");
  SetAttribute("ann", "country", "SG");
  const absl::Time then = absl::Now();
  SetAttribute("ann", "country", "CN");
  Refresh(kNow - 10 * kDay);
  Refresh(kNow);
  EXPECT_EQ(Attributes("ann", kNow - 10 * kDay),
            (std::map<std::string, std::string>{
                {"money", "30"}, {"orders", "1"}, {"last_purchase", "10"}, {"category", "books"}}));
  EXPECT_EQ(Attributes("ann", then)["country"], "SG");
  EXPECT_EQ(Attributes("ann")["country"], "CN");
  EXPECT_EQ(Attributes("ann")["category"], "toys");
  v1::GetProfileResponse response;
  EXPECT_EQ(GetProfile("ann", &response, kNow - 30 * kDay).error_code(), grpc::StatusCode::NOT_FOUND);
  const grpc::Status future = GetProfile("ann", &response, absl::Now() + kDay);
  EXPECT_EQ(FieldsOf(future), (std::set<std::string>{"as_of"}));
}

TEST_F(TiersTest, ADerivedAttributeCannotBeSupplied) {
  ApplyShop();
  v1::UpsertProfilesRequest request;
  request.add_profiles()->set_user_id("ann");
  request.mutable_profiles(0)->add_attributes()->set_attribute("money");
  request.mutable_profiles(0)->mutable_attributes(0)->set_double_value(1);
  v1::UpsertProfilesResponse response;
  ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::UpsertProfiles, request, &response).ok());
  EXPECT_EQ(response.accepted(), 0u);
  ASSERT_EQ(response.errors_size(), 1);
  EXPECT_EQ(response.errors(0).field(), "attributes[0]");
  EXPECT_THAT(response.errors(0).description(), testing::HasSubstr("derived"));
}

TEST_F(TiersTest, AStreamOfProfilesIsAnsweredBatchByBatch) {
  ApplyShop();
  grpc::ClientContext context;
  auto stream = events_->StreamProfiles(&context);
  for (int batch = 0; batch < 5; ++batch) {
    v1::StreamProfilesRequest request;
    for (int i = 0; i < 3; ++i) {
      v1::Profile& profile = *request.add_profiles();
      profile.set_user_id(absl::StrCat("user-", batch, "-", i));
      profile.add_attributes()->set_attribute(i == 2 ? "no_such" : "country");
      profile.mutable_attributes(0)->set_string_value("SG");
    }
    ASSERT_TRUE(stream->Write(request));
    v1::StreamProfilesResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.accepted(), 2u);
    ASSERT_EQ(response.errors_size(), 1);
    EXPECT_EQ(response.errors(0).index(), 2u);
  }
  ASSERT_TRUE(stream->Write(v1::StreamProfilesRequest()));
  v1::StreamProfilesResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(FieldsOf(stream->Finish()), (std::set<std::string>{"profiles"}));
  EXPECT_EQ(Attributes("user-4-1")["country"], "SG");
  Restart();
  EXPECT_EQ(Attributes("user-0-0")["country"], "SG");
}

TEST_F(TiersTest, ListsAndDeletedAttributesSurviveARestartAsTheyWere) {
  ApplyShop();
  v1::UpsertProfilesRequest request;
  request.add_profiles()->set_user_id("ann");
  v1::AttributeValue& value = *request.mutable_profiles(0)->add_attributes();
  value.set_attribute("interests");
  value.mutable_list_value()->add_values("tea");
  value.mutable_list_value()->add_values("books");
  v1::UpsertProfilesResponse response;
  ASSERT_TRUE(Call(*events_, &v1::EventService::Stub::UpsertProfiles, request, &response).ok());
  SetAttribute("ann", "country", "SG");
  v1::DeleteDefinitionRequest remove;
  remove.set_name("attributes/country");
  remove.set_expected_revision(1);
  v1::DeleteDefinitionResponse removed;
  ASSERT_TRUE(Call(*catalog_, &v1::CatalogService::Stub::DeleteDefinition, remove, &removed).ok());
  ApplyShop();  // declares it anew: another attribute of the same name
  for (int round = 0; round < 2; ++round, Restart()) {
    v1::GetProfileResponse profile;
    ASSERT_TRUE(GetProfile("ann", &profile).ok());
    ASSERT_EQ(profile.profile().attributes_size(), 1) << profile.DebugString();
    EXPECT_EQ(profile.profile().attributes(0).list_value().values_size(), 2);
  }
}

}  // namespace
}  // namespace tierwise
