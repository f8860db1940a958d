// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/table_refresh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "experiments/audience/user_scan.h"
#include "tests/experiments/audience/user_table_world.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;
constexpr int64_t kAsOf = 20'000 * kDayMicros;
constexpr auto kKeep = TableRefresh::Derived::kKeep;

class TableRefreshTest : public testing::Test {
 protected:
  TableRefreshTest() { table_.Declare(definitions_); }

  int Column(absl::string_view attribute) const { return *table_.ColumnOf(attribute); }
  int Tiering(absl::string_view id) const { return *table_.TieringOf(id); }
  std::string Read(uint64_t key) const { return ReadAll(table_, schema_, key); }

  // A refresh by which users 1, 2, ... have these tiers of `value`, of revision 3.
  void CommitTiers(const std::vector<int>& tiers, int64_t as_of = kAsOf) {
    const auto refresh = MustBegin(table_, as_of, kKeep);
    for (uint64_t key = 1; key <= tiers.size(); ++key) refresh->Add(key);
    refresh->BeginTiering(Tiering("value"), 3, {"gold", "silver", "basic"});
    for (uint64_t key = 1; key <= tiers.size(); ++key) {
      refresh->SetTier(*refresh->Add(key), Tiering("value"), {.tier = tiers[key - 1], .since_micros = as_of});
    }
    refresh->Commit();
  }

  Definitions definitions_ = TableDefinitions();
  AttributeSchema schema_{definitions_};
  UserTable table_;
};

TEST_F(TableRefreshTest, IsSeenFromTheCommitOn) {
  UpsertValues(table_, 1, {ValueOf("age", 30)});
  const auto refresh = MustBegin(table_, kAsOf);
  const UserRow known = *refresh->Add(1);
  const UserRow found = *refresh->Add(2);
  refresh->SetInteger(known, Column("orders"), 4);
  refresh->SetDouble(known, Column("revenue"), 99.5);
  refresh->SetInteger(known, Column("quiet_days"), kAsOf - kDayMicros / 2);
  refresh->SetText(found, Column("favourite"), refresh->CodeOf(Column("favourite"), "tea"));
  refresh->SetInteger(found, Column("is_weekly"), 1);
  EXPECT_EQ(Read(1), "age=30");
  EXPECT_EQ(Read(2), "unknown");
  EXPECT_EQ(table_.users(), 1);
  refresh->Commit();
  EXPECT_EQ(Read(1), "age=30 orders=4 quiet_days=0.5 revenue=99.5");
  EXPECT_EQ(Read(2), "favourite=\"tea\" is_weekly=true");
  EXPECT_EQ(table_.users(), 2);
  EXPECT_EQ(table_.derived_time_micros(), kAsOf);
}

TEST_F(TableRefreshTest, LeavesNothingWhereItIsNotCommitted) {
  CommitTiers({0});
  {
    const auto refresh = MustBegin(table_, kAsOf + 1, kKeep);
    refresh->SetDouble(*refresh->Add(1), Column("revenue"), 5);
    refresh->SetDouble(*refresh->Add(2), Column("revenue"), 5);
    refresh->BeginTiering(Tiering("value"), 4, {"gold", "silver", "basic"});
    refresh->SetTier(*refresh->Add(1), Tiering("value"), {.tier = 2});
  }
  EXPECT_EQ(Read(1), "");
  EXPECT_EQ(Read(2), "unknown");
  EXPECT_EQ(table_.users(), 1);
  EXPECT_EQ(table_.TierOf(1, Tiering("value")), (TierNow{.tier = 0, .revision = 3}));
  EXPECT_EQ(table_.derived_time_micros(), kAsOf);
}

TEST_F(TableRefreshTest, ThereIsOneAtATime) {
  auto refresh = MustBegin(table_, kAsOf);
  const absl::Status second = TableRefresh::Begin(table_, kAsOf, kKeep).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()), HasSubstr("another refresh is under way"));
  refresh.reset();
  EXPECT_TRUE(TableRefresh::Begin(table_, kAsOf, kKeep).ok());
}

TEST_F(TableRefreshTest, KeepsOrForgetsTheDerivedValuesOfBefore) {
  auto refresh = MustBegin(table_, kAsOf);
  refresh->SetInteger(*refresh->Add(1), Column("orders"), 4);
  refresh->SetInteger(*refresh->Add(1), Column("quiet_days"), kAsOf);
  refresh->SetInteger(*refresh->Add(2), Column("orders"), 5);
  refresh->Commit();
  refresh.reset();

  refresh = MustBegin(table_, kAsOf + 2 * kDayMicros, kKeep);
  refresh->ClearDerived(*refresh->Add(2));
  refresh->SetDouble(*refresh->Add(2), Column("revenue"), 7);
  refresh->Commit();
  refresh.reset();
  EXPECT_EQ(Read(1), "orders=4 quiet_days=2.0");
  EXPECT_EQ(Read(2), "revenue=7.0");

  refresh = MustBegin(table_, kAsOf + 3 * kDayMicros);
  refresh->SetInteger(*refresh->Add(2), Column("orders"), 6);
  refresh->Commit();
  EXPECT_EQ(Read(1), "unknown");
  EXPECT_EQ(Read(2), "orders=6");
}

TEST_F(TableRefreshTest, ZeroStandsForUsersWithoutAValue) {
  UpsertValues(table_, 1, {ValueOf("age", 30)});
  const auto refresh = MustBegin(table_, kAsOf);
  refresh->UseZeroWhereMissing(Column("orders"));
  refresh->UseZeroWhereMissing(Column("revenue"));
  refresh->UseZeroWhereMissing(Column("is_weekly"));
  refresh->SetInteger(*refresh->Add(2), Column("orders"), 4);
  refresh->Commit();
  UpsertValues(table_, 3, {ValueOf("age", 20)});
  EXPECT_EQ(Read(1), "age=30 is_weekly=false orders=0 revenue=0.0");
  EXPECT_EQ(Read(2), "is_weekly=false orders=4 revenue=0.0");
  EXPECT_EQ(Read(3), "age=20 is_weekly=false orders=0 revenue=0.0");
}

TEST_F(TableRefreshTest, TiersAreReadFromTheIndexAndBeyondIt) {
  const auto refresh = MustBegin(table_, kAsOf);
  for (uint64_t key = 1; key <= 3'000; ++key) refresh->Add(key);
  const std::vector<std::string> tierings = {"fifth", "first-of-none", "fourth", "second", "third", "value"};
  for (const std::string& id : tierings) {
    if (id == "first-of-none") continue;
    refresh->BeginTiering(Tiering(id), 9, {"gold", "silver", "basic"});
    for (uint64_t key = 1; key <= 3'000; ++key) {
      refresh->SetTier(*refresh->Add(key), Tiering(id), {.tier = static_cast<int>((key + id.size()) % 3)});
    }
  }
  refresh->Commit();
  const ReadPlan plan(table_, schema_, {}, tierings);
  UserAttributes attributes(schema_);
  std::vector<TierNow> tiers(tierings.size());
  for (uint64_t key = 1; key <= 3'000; ++key) {
    ASSERT_TRUE(table_.Read(key, plan, attributes, absl::MakeSpan(tiers)));
    for (size_t i = 0; i < tierings.size(); ++i) {
      if (i == 1) {
        EXPECT_EQ(tiers[i], TierNow());
        continue;
      }
      const TierNow expected{.tier = static_cast<int>((key + tierings[i].size()) % 3), .revision = 9};
      EXPECT_EQ(tiers[i], expected);
      EXPECT_EQ(table_.TierOf(key, Tiering(tierings[i])), expected);
    }
  }
  EXPECT_EQ(table_.TierOf(9'999, Tiering("value")), TierNow());
}

TEST_F(TableRefreshTest, AUserAddedAfterTheRefreshHasNoTier) {
  CommitTiers({0});
  UpsertValues(table_, 2, {ValueOf("age", 30)});
  EXPECT_EQ(table_.TierOf(2, Tiering("value")), TierNow());
  EXPECT_EQ(table_.TierStateOf(2, Tiering("value")), TierState());
}

TEST_F(TableRefreshTest, TiersThatAreNotRefreshedStay) {
  CommitTiers({0, 1});
  const auto refresh = MustBegin(table_, kAsOf + kDayMicros, kKeep);
  refresh->BeginTiering(Tiering("second"), 1, {"all"});
  refresh->SetTier(*refresh->Add(1), Tiering("second"), {.tier = 0});
  refresh->Commit();
  EXPECT_EQ(table_.TierOf(2, Tiering("value")), (TierNow{.tier = 1, .revision = 3}));
  EXPECT_EQ(table_.StandingOf(Tiering("value"))->as_of_micros, kAsOf);
  EXPECT_EQ(table_.StandingOf(Tiering("second"))->as_of_micros, kAsOf + kDayMicros);
  EXPECT_EQ(table_.StandingOf(Tiering("third")), nullptr);
}

TEST_F(TableRefreshTest, TiersOfAnotherRevisionAreCarriedOverById) {
  CommitTiers({0, 1, 2});
  const auto refresh = MustBegin(table_, kAsOf + kDayMicros, kKeep);
  refresh->BeginTiering(Tiering("value"), 4, {"basic", "gold"});
  EXPECT_EQ(refresh->TierStateOf(*refresh->Add(1), Tiering("value")).tier, 1);
  EXPECT_EQ(refresh->TierStateOf(*refresh->Add(1), Tiering("value")).since_micros, kAsOf);
  EXPECT_EQ(refresh->TierStateOf(*refresh->Add(2), Tiering("value")).tier, kNoTier);
  EXPECT_EQ(refresh->TierStateOf(*refresh->Add(3), Tiering("value")).tier, 0);
}

TEST_F(TableRefreshTest, KeepsWhatHoldsAUserInATier) {
  const TierState state{.tier = 2, .since_micros = -5, .has_moved = true, .pending = 1, .confirmations = 10};
  const auto refresh = MustBegin(table_, kAsOf);
  const UserRow user = *refresh->Add(1);
  refresh->BeginTiering(Tiering("value"), 4, {"gold", "silver", "basic"});
  refresh->SetTier(user, Tiering("value"), state);
  EXPECT_EQ(refresh->TierStateOf(user, Tiering("value")), state);
  refresh->Commit();
  EXPECT_EQ(table_.TierStateOf(1, Tiering("value")), state);
}

TEST_F(TableRefreshTest, ARemovedUserDoesNotComeBack) {
  UpsertValues(table_, 1, {ValueOf("age", 30)});
  CommitTiers({0, 1});
  const auto refresh = MustBegin(table_, kAsOf + kDayMicros, kKeep);
  refresh->SetDouble(*refresh->Add(1), Column("revenue"), 5);
  EXPECT_TRUE(table_.Remove(1));
  EXPECT_EQ(refresh->Add(1), std::nullopt);
  // The next user of the shard must not get what was staged for the one who is gone.
  for (uint64_t key = 10; key < 5'000; ++key) UpsertValues(table_, key, {ValueOf("age", 40)});
  refresh->Commit();
  EXPECT_EQ(Read(1), "unknown");
  EXPECT_EQ(table_.TierOf(1, Tiering("value")), TierNow());
  EXPECT_EQ(table_.TierOf(2, Tiering("value")), (TierNow{.tier = 1, .revision = 3}));
  for (uint64_t key = 10; key < 5'000; ++key) ASSERT_EQ(Read(key), "age=40");
  UpsertValues(table_, 1, {ValueOf("age", 31)});
  EXPECT_EQ(Read(1), "age=31");
}

TEST_F(TableRefreshTest, AScanSeesOneVersion) {
  CommitTiers({0, 1});
  const UserScan before(table_);
  CommitTiers({2, 2, 2}, kAsOf + kDayMicros);
  const UserScan after(table_);
  const auto tiers_in = [&](const UserScan& scan) {
    std::string found;
    UserAttributes attributes(schema_);
    const ReadPlan plan(table_, schema_, {}, {"value"});
    for (uint64_t key = 1; key <= 3; ++key) {
      scan.ForEach(ShardOfUser(key), plan, attributes, [&](const ScannedUser& user) {
        if (user.key == key) found += std::to_string(user.tiers[0].tier);
      });
    }
    return found;
  };
  EXPECT_EQ(tiers_in(before), "01");
  EXPECT_EQ(tiers_in(after), "222");
}

TEST_F(TableRefreshTest, ForgetsTieringsThatAreNotDeclared) {
  CommitTiers({0});
  const int old = Tiering("value");
  Definitions without = definitions_;
  without.Remove("tierings/value");
  table_.Declare(without);
  EXPECT_EQ(table_.TieringOf("value"), std::nullopt);
  table_.Declare(definitions_);
  EXPECT_NE(Tiering("value"), old);
  EXPECT_EQ(table_.TierOf(1, old), TierNow());
  EXPECT_EQ(table_.TierOf(1, Tiering("value")), TierNow());
}

}  // namespace
}  // namespace tierwise
