// SPDX-License-Identifier: Apache-2.0
// What readers see while others write. Built to be run under ThreadSanitizer, too: links no gRPC.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "experiments/audience/table_refresh.h"
#include "experiments/audience/user_scan.h"
#include "experiments/audience/user_table.h"
#include "tests/experiments/audience/user_table_world.h"

namespace tierwise {
namespace {

constexpr uint64_t kUsers = 2'000;
constexpr int kRefreshes = 20;

class UserTableThreadTest : public testing::Test {
 protected:
  UserTableThreadTest() {
    table_.Declare(definitions_);
    for (uint64_t key = 0; key < kUsers; ++key) UpsertValues(table_, key, {ValueOf("age", 0)});
  }

  // Every user has `orders` = `number` and tier `number` % 3 from then on.
  void CommitNumber(int number) {
    const auto refresh = MustBegin(table_, number);
    const int orders = *table_.ColumnOf("orders");
    const int value = *table_.TieringOf("value");
    for (uint64_t key = 0; key < kUsers; ++key) refresh->SetInteger(*refresh->Add(key), orders, number);
    refresh->BeginTiering(value, number, {"gold", "silver", "basic"});
    for (uint64_t key = 0; key < kUsers; ++key) refresh->SetTier(*refresh->Add(key), value, {.tier = number % 3});
    refresh->Commit();
  }

  // Runs `read` on two threads while `write` runs once on this one.
  template <typename Read, typename Write>
  void While(Read read, Write write) {
    std::atomic<bool> is_done{false};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        while (!is_done) read();
      });
    }
    write();
    is_done = true;
    for (std::thread& reader : readers) reader.join();
  }

  Definitions definitions_ = TableDefinitions();
  AttributeSchema schema_{definitions_};
  UserTable table_;
};

TEST_F(UserTableThreadTest, WhoeverHasSeenARefreshSeesAllOfIt) {
  CommitNumber(1);
  const ReadPlan plan(table_, schema_, {*schema_.SlotOf("orders")}, {"value"});
  While(
      [&] {
        UserAttributes attributes(schema_);
        std::vector<TierNow> tiers(1);
        int64_t newest = 0;
        for (uint64_t key = 0; key < kUsers; ++key) {
          attributes.Clear();
          ASSERT_TRUE(table_.Read(key, plan, attributes, absl::MakeSpan(tiers)));
          const int64_t number = attributes.integer(*schema_.SlotOf("orders"));
          ASSERT_GE(number, newest);
          ASSERT_EQ(tiers[0].revision, number);
          ASSERT_EQ(tiers[0].tier, number % 3);
          newest = number;
          const TierNow alone = table_.TierOf(key, *table_.TieringOf("value"));
          ASSERT_GE(alone.revision, newest);
          ASSERT_EQ(alone.tier, alone.revision % 3);
        }
      },
      [&] {
        for (int number = 2; number < 2 + kRefreshes; ++number) CommitNumber(number);
      });
}

TEST_F(UserTableThreadTest, AScanSeesOneRefresh) {
  CommitNumber(1);
  const ReadPlan plan(table_, schema_, {*schema_.SlotOf("orders")}, {"value"});
  While(
      [&] {
        const UserScan scan(table_);
        UserAttributes attributes(schema_);
        for (int shard = 0; shard < kUserShards; ++shard) {
          scan.ForEach(shard, plan, attributes, [&](const ScannedUser& user) {
            ASSERT_EQ(user.attributes.integer(*schema_.SlotOf("orders")), scan.derived_time_micros());
            ASSERT_EQ(user.tiers[0].revision, scan.derived_time_micros());
          });
        }
      },
      [&] {
        for (int number = 2; number < 2 + kRefreshes; ++number) CommitNumber(number);
      });
}

// `age` and `spend` of a user are always written together.
TEST_F(UserTableThreadTest, AnUpdateOfAUserIsSeenWhole) {
  const ReadPlan plan(table_, schema_, {*schema_.SlotOf("age"), *schema_.SlotOf("spend")});
  for (uint64_t key = 0; key < kUsers; ++key) UpsertValues(table_, key, {ValueOf("age", 0), ValueOf("spend", 0)});
  While(
      [&] {
        UserAttributes attributes(schema_);
        for (uint64_t key = 0; key < kUsers; ++key) {
          attributes.Clear();
          if (!table_.Read(key, plan, attributes, {})) continue;
          ASSERT_EQ(attributes.integer(*schema_.SlotOf("age")), attributes.number(*schema_.SlotOf("spend")));
        }
      },
      [&] {
        for (int round = 0; round < 20; ++round) {
          // New users make index and columns grow meanwhile; some go.
          for (uint64_t key = 0; key < kUsers; ++key) {
            UpsertValues(table_, key, {ValueOf("age", round), ValueOf("spend", round)});
            UpsertValues(table_, key + kUsers * static_cast<uint64_t>(round + 1), {ValueOf("country", "CN")});
            if (key % 7 == 0) table_.Remove(key);
          }
        }
      });
}

TEST_F(UserTableThreadTest, DeclaringAndCountingDisturbNobody) {
  CommitNumber(1);
  Definitions fewer = definitions_;
  fewer.Remove("attributes/spend");
  fewer.Remove("attributes/revenue");
  fewer.Remove("tierings/second");
  While(
      [&] {
        const std::string read = ReadAll(table_, schema_, 5);
        ASSERT_TRUE(read == "age=0 orders=1" || read == "age=0 orders=1 spend=5.0") << read;
        ASSERT_EQ(table_.users(), static_cast<int64_t>(kUsers));
        ASSERT_GT(table_.bytes(), 0);
      },
      [&] {
        for (int i = 0; i < 20; ++i) {
          table_.Declare(fewer);
          table_.Declare(definitions_);
          UpsertValues(table_, 5, {ValueOf("spend", 5)});
        }
      });
}

}  // namespace
}  // namespace tierwise
