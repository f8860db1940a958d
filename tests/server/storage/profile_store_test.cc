// SPDX-License-Identifier: Apache-2.0
#include "server/storage/profile_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/storage/store.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

using ::testing::IsEmpty;
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

  // What is known about each user; nullopt where nothing is.
  std::vector<std::optional<Attributes>> Known(const std::vector<std::string>& user_ids) {
    auto found = profiles().Get(user_ids);
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::optional<Attributes>> known;
    for (size_t i = 0; i < found->size(); ++i) {
      auto& attributes = known.emplace_back();
      if (!(*found)[i]) continue;
      EXPECT_EQ((*found)[i]->user_id(), user_ids[i]);
      attributes.emplace();
      for (const v1::AttributeValue& value : (*found)[i]->attributes())
        (*attributes)[value.attribute()] = value.int_value();
    }
    return known;
  }

  TemporaryFolder folder_;
  Store store_;
};

TEST_F(ProfileStoreTest, AnswersInTheOrderAskedWithGapsForStrangers) {
  ASSERT_TRUE(profiles().Upsert({MakeProfile("a", {{"x", 1}}), MakeProfile("b", {{"x", 2}})}, At(1)).ok());
  EXPECT_EQ(Known({"b", "stranger", "a", "b"}),
            (std::vector<std::optional<Attributes>>{{{{"x", 2}}}, std::nullopt, {{{"x", 1}}}, {{{"x", 2}}}}));
  EXPECT_THAT(Known({}), IsEmpty());
}

TEST_F(ProfileStoreTest, MergesAttributeByAttribute) {
  ASSERT_TRUE(profiles().Upsert({MakeProfile("a", {{"x", 1}, {"y", 2}, {"z", 3}})}, At(1)).ok());
  ASSERT_TRUE(profiles().Upsert({MakeProfile("a", {{"x", 5}, {"y", kForget}, {"w", 6}, {"v", kForget}})}, At(2)).ok());
  for (int round = 0; round < 2; ++round, Reopen()) {
    EXPECT_EQ(Known({"a"}), (std::vector<std::optional<Attributes>>{{{{"w", 6}, {"x", 5}, {"z", 3}}}}));
  }
}

TEST_F(ProfileStoreTest, InOneBatchTheLaterWins) {
  ASSERT_TRUE(profiles().Upsert({MakeProfile("a", {{"x", 1}, {"y", 1}}), MakeProfile("a", {{"x", 2}})}, At(1)).ok());
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
    ASSERT_TRUE(profiles().Upsert(changes, At(batch)).ok());
    if (batch % 20 == 7) Reopen();
  }
  const auto known = Known(users);
  for (size_t i = 0; i < users.size(); ++i) {
    auto found = expected.find(users[i]);
    EXPECT_EQ(known[i], found == expected.end() ? std::nullopt : std::optional(found->second)) << users[i];
  }
}

}  // namespace
}  // namespace tierwise
