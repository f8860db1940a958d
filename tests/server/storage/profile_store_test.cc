// SPDX-License-Identifier: Apache-2.0
#include "server/storage/profile_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/storage/store.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Attributes = std::map<std::string, int64_t>;

constexpr int64_t kForget = -1;

v1::Profile MakeProfile(const std::string& user_id, const Attributes& attributes) {
  v1::Profile profile;
  profile.set_user_id(user_id);
  for (const auto& [name, number] : attributes) {
    v1::AttributeValue& value = *profile.add_attributes();
    value.set_attribute(name);
    if (number != kForget) value.set_int_value(number);
  }
  return profile;
}

class ProfileStoreTest : public testing::Test {
 protected:
  ProfileStoreTest() { Reopen(); }

  void Reopen() {
    store_ = {};
    absl::StatusOr<Store> store = OpenStore({.path = folder_.File("store.duckdb")});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  ProfileStore& profiles() { return *store_.profiles; }

  absl::Status Upsert(const std::vector<v1::Profile>& changes, absl::Time received) {
    return profiles().Upsert(changes, received, [] {});
  }

  // What is known about each user; nullopt where nothing is.
  std::vector<std::optional<Attributes>> Known(const std::vector<std::string>& user_ids) {
    std::vector<std::optional<Attributes>> known;
    for (const std::string& user_id : user_ids) {
      auto& attributes = known.emplace_back();
      const std::optional<v1::Profile> profile = ReadProfile(profiles(), user_id);
      if (!profile) continue;
      EXPECT_EQ(profile->user_id(), user_id);
      attributes.emplace();
      for (const v1::AttributeValue& value : profile->attributes())
        (*attributes)[value.attribute()] = value.int_value();
    }
    return known;
  }

  std::vector<std::string> UsersBetween(absl::Time after, absl::Time as_of) {
    std::vector<uint64_t> keys;
    EXPECT_TRUE(profiles()
                    .ScanUsers(after, as_of,
                               [&](absl::Span<const uint64_t> run) { keys.insert(keys.end(), run.begin(), run.end()); })
                    .ok());
    return *profiles().UserIdsOf(keys);
  }

  TemporaryFolder folder_;
  Store store_;
};

TEST_F(ProfileStoreTest, AnswersInTheOrderAskedWithGapsForStrangers) {
  ASSERT_TRUE(Upsert({MakeProfile("a", {{"x", 1}}), MakeProfile("b", {{"x", 2}})}, At(1)).ok());
  EXPECT_EQ(Known({"b", "stranger", "a", "b"}),
            (std::vector<std::optional<Attributes>>{{{{"x", 2}}}, std::nullopt, {{{"x", 1}}}, {{{"x", 2}}}}));
  EXPECT_THAT(Known({}), IsEmpty());
}

TEST_F(ProfileStoreTest, MergesAttributeByAttribute) {
  ASSERT_TRUE(Upsert({MakeProfile("a", {{"x", 1}, {"y", 2}, {"z", 3}})}, At(1)).ok());
  ASSERT_TRUE(Upsert({MakeProfile("a", {{"x", 5}, {"y", kForget}, {"w", 6}, {"v", kForget}})}, At(2)).ok());
  for (int round = 0; round < 2; ++round, Reopen()) {
    EXPECT_EQ(Known({"a"}), (std::vector<std::optional<Attributes>>{{{{"w", 6}, {"x", 5}, {"z", 3}}}}));
  }
}

TEST_F(ProfileStoreTest, InOneBatchTheLaterWins) {
  ASSERT_TRUE(Upsert({MakeProfile("a", {{"x", 1}, {"y", 1}}), MakeProfile("a", {{"x", 2}})}, At(1)).ok());
  EXPECT_EQ(Known({"a"}), (std::vector<std::optional<Attributes>>{{{{"x", 2}, {"y", 1}}}}));
}

TEST_F(ProfileStoreTest, AgreesWithAMapAfterRandomBatches) {
  std::mt19937 random(7);
  std::map<std::string, Attributes> expected;
  std::vector<std::string> users;
  for (int i = 0; i < 50; ++i) users.push_back(absl::StrCat("user ", i));
  for (int batch = 0; batch < 60; ++batch) {
    std::vector<v1::Profile> changes;
    for (int i = 0; i < 10; ++i) {
      const std::string& user = users[random() % users.size()];
      Attributes change;
      for (int j = 0; j < 3; ++j) {
        change[absl::StrCat("attribute ", random() % 5)] =
            random() % 4 == 0 ? kForget : static_cast<int64_t>(random() % 100);
      }
      changes.push_back(MakeProfile(user, change));
      for (const auto& [name, value] : change) {
        if (value == kForget) {
          expected[user].erase(name);
        } else {
          expected[user][name] = value;
        }
      }
    }
    ASSERT_TRUE(Upsert(changes, At(batch)).ok());
    if (batch % 20 == 7) Reopen();
  }
  const auto known = Known(users);
  for (size_t i = 0; i < users.size(); ++i) {
    auto found = expected.find(users[i]);
    EXPECT_EQ(known[i], found == expected.end() ? std::nullopt : std::optional(found->second)) << users[i];
  }
}

TEST_F(ProfileStoreTest, KnowsWhatWasKnownAtAnyTime) {
  ASSERT_TRUE(Upsert({MakeProfile("a", {{"x", 1}, {"y", 1}})}, At(10)).ok());
  ASSERT_TRUE(Upsert({MakeProfile("a", {{"x", 2}, {"y", kForget}})}, At(20)).ok());
  EXPECT_FALSE(ReadProfile(profiles(), "a", At(9)).has_value());
  EXPECT_EQ(ReadProfile(profiles(), "a", At(19))->attributes_size(), 2);
  EXPECT_EQ(ReadProfile(profiles(), "a", At(19))->attributes(0).int_value(), 1);
  EXPECT_EQ(ReadProfile(profiles(), "a", At(20))->attributes_size(), 1);
  EXPECT_EQ(ReadProfile(profiles(), "a", At(20))->attributes(0).int_value(), 2);
}

TEST_F(ProfileStoreTest, TellsOfCommitsInTheOrderInWhichTheyWereWritten) {
  std::vector<std::string> committed;
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 50; ++i) {
        // The writer's thread alone calls back: the vector needs no lock.
        const auto call = absl::StrCat(w, "/", i);
        ASSERT_TRUE(profiles()
                        .Upsert({MakeProfile("a", {{"x", w * 1000 + i}})}, At(i), [&] { committed.push_back(call); })
                        .ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  std::vector<std::string> written;
  ASSERT_TRUE(profiles()
                  .ScanChanges([&](const ProfileChange& change) {
                    const int64_t x = change.profile.attributes(0).int_value();
                    written.push_back(absl::StrCat(x / 1000, "/", x % 1000));
                  })
                  .ok());
  EXPECT_EQ(committed, written);
  EXPECT_EQ(committed.size(), 200u);
}

TEST_F(ProfileStoreTest, EveryUserOfWhomAnythingWasTakenInIsKnownOnce) {
  ASSERT_TRUE(Upsert({MakeProfile("profile", {{"x", 1}})}, At(1)).ok());
  ASSERT_TRUE(store_.events->AppendEvents({MakeEvent("event", "1", "order", At(1))}, At(2)).ok());
  ASSERT_TRUE(store_.events->AppendExposures({MakeExposure("exposure", "ten", "tail", At(1))}, At(3)).ok());
  ASSERT_TRUE(store_.events->AppendEvents({MakeEvent("profile", "1", "order", At(1))}, At(4)).ok());
  for (int round = 0; round < 2; ++round, Reopen()) {
    EXPECT_THAT(UsersBetween(absl::InfinitePast(), absl::InfiniteFuture()),
                UnorderedElementsAre("profile", "event", "exposure"));
    EXPECT_THAT(UsersBetween(At(1), At(2)), UnorderedElementsAre("event"));
  }
  EXPECT_THAT(*profiles().UserIdsOf({KeyOf("event"), KeyOf("stranger")}), ElementsAre("event", ""));
}

TEST_F(ProfileStoreTest, ErasingForgetsTheUserAndKeepsTheFacts) {
  ASSERT_TRUE(Upsert({MakeProfile("a", {{"x", 1}}), MakeProfile("b", {{"x", 2}})}, At(1)).ok());
  ASSERT_TRUE(Upsert({MakeProfile("a", {{"x", 3}})}, At(2)).ok());
  ASSERT_TRUE(store_.events
                  ->AppendEvents({MakeEvent("a", "1", "order", At(5), 10), MakeEvent("a", "2", "order", At(6), 20),
                                  MakeEvent("a", "1", "order", At(5), 10), MakeEvent("b", "1", "order", At(5), 40)},
                                 At(7))
                  .ok());
  ASSERT_TRUE(store_.events->AppendExposures({MakeExposure("a", "ten", "tail", At(4))}, At(8)).ok());
  bool is_told = false;
  const auto erased = profiles().Erase("a", [&] { is_told = true; });
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_TRUE(is_told);
  EXPECT_EQ(erased->profile_versions_removed(), 2);
  EXPECT_EQ(erased->exposures_made_anonymous(), 1);
  EXPECT_EQ(erased->events_made_anonymous(), 3);
  for (int round = 0; round < 2; ++round, Reopen()) {
    EXPECT_FALSE(ReadProfile(profiles(), "a").has_value());
    EXPECT_TRUE(ReadProfile(profiles(), "b").has_value());
    EXPECT_EQ(profiles().Erase("a", [] {}).status().code(), absl::StatusCode::kNotFound);
    const auto events = ReadEvents(*store_.events, {.names = {"order"},
                                                    .begin = absl::InfinitePast(),
                                                    .end = absl::InfiniteFuture(),
                                                    .as_of = absl::InfiniteFuture()});
    std::map<uint64_t, std::set<uint64_t>> ids_of_user;
    double sum = 0;
    for (const auto& [user, time, name, event, value] : events) {
      EXPECT_NE(user, KeyOf("a"));
      if (user != KeyOf("b")) {
        EXPECT_NE(event, KeyOf("1"));
      }
      ids_of_user[user].insert(event);
      sum += value;
    }
    EXPECT_EQ(sum, 80);
    ASSERT_EQ(ids_of_user.size(), 2u);
    ids_of_user.erase(KeyOf("b"));
    EXPECT_EQ(ids_of_user.begin()->second.size(), 2u) << "copies of an event are no longer copies";
    const auto exposures = ReadExposures(
        *store_.events, {.campaign = "spring", .variants = {"ten"}, .tiers = {}, .as_of = absl::InfiniteFuture()});
    ASSERT_EQ(exposures.size(), 1u);
    EXPECT_EQ(std::get<0>(exposures.front()), ids_of_user.begin()->first) << "they don't join any more";
  }
}

}  // namespace
}  // namespace tierwise
