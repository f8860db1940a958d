// SPDX-License-Identifier: Apache-2.0
#include "server/storage/group_commit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

// A transactional set of numbers: what is pending becomes visible at a commit. Only the writer's thread touches it,
// without locks, so that TSan sees any other use.
struct Numbers {
  std::vector<int> pending;
  std::multiset<int> committed;
  int commits = 0;
  int rollbacks = 0;
  int idles = 0;

  TransactionSteps Steps() {
    return {.begin = [this] { return pending.clear(), absl::OkStatus(); },
            .commit =
                [this] {
                  std::this_thread::sleep_for(std::chrono::microseconds(200));
                  committed.insert(pending.begin(), pending.end());
                  ++commits;
                  return absl::OkStatus();
                },
            .rollback = [this] { ++rollbacks; },
            .after = [] {},
            .idle = [this] { ++idles; }};
  }
};

TEST(GroupCommitTest, EveryAcknowledgedWriteIsCommittedInFewerCommitsThanWrites) {
  constexpr int kThreads = 8;
  constexpr int kWrites = 200;
  Numbers numbers;
  GroupCommit group_commit(numbers.Steps(), {});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kWrites; ++i) {
        const int number = t * kWrites + i;
        absl::Status status =
            group_commit.Write(1, [&] { return numbers.pending.push_back(number), absl::OkStatus(); });
        EXPECT_TRUE(status.ok()) << status;
        bool is_committed = false;
        status = group_commit.RunBetween([&] {
          is_committed = numbers.committed.contains(number);
          return absl::OkStatus();
        });
        EXPECT_TRUE(status.ok() && is_committed) << number;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(numbers.committed.size(), kThreads * kWrites);
  EXPECT_EQ(std::set<int>(numbers.committed.begin(), numbers.committed.end()).size(), kThreads * kWrites);
  EXPECT_LT(numbers.commits, kThreads * kWrites / 2);
}

TEST(GroupCommitTest, ABadWriteFailsAlone) {
  constexpr int kThreads = 8;
  constexpr int kWrites = 100;
  Numbers numbers;
  GroupCommit group_commit(numbers.Steps(), {});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kWrites; ++i) {
        const int number = t * kWrites + i;
        const bool is_bad = number % 10 == 0;
        absl::Status status = group_commit.Write(1, [&] {
          numbers.pending.push_back(number);  // before it fails: has to be rolled back
          return is_bad ? absl::InternalError(absl::StrCat("bad ", number)) : absl::OkStatus();
        });
        EXPECT_EQ(status.ok(), !is_bad) << status;
        EXPECT_EQ(status.message(), is_bad ? absl::StrCat("bad ", number) : "");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(numbers.committed.size(), kThreads * kWrites * 9 / 10);
  for (int number : numbers.committed) EXPECT_NE(number % 10, 0);
  EXPECT_GE(numbers.rollbacks, kThreads * kWrites / 10);
}

TEST(GroupCommitTest, AFailedCommitIsTheAnswerOfItsWriteAndTheNextStartsAfresh) {
  int commits = 0, rollbacks = 0;
  GroupCommit group_commit(
      {.begin = [] { return absl::OkStatus(); },
       .commit = [&] { return ++commits == 1 ? absl::UnavailableError("disk full") : absl::OkStatus(); },
       .rollback = [&] { ++rollbacks; },
       .after = [] {},
       .idle = [] {}},
      {});
  EXPECT_EQ(group_commit.Write(1, [] { return absl::OkStatus(); }), absl::UnavailableError("disk full"));
  EXPECT_EQ(rollbacks, 1);
  EXPECT_EQ(group_commit.Write(1, [] { return absl::OkStatus(); }), absl::OkStatus());
}

// Holds the writer's thread until it is told to go on, so that calls pile up behind it.
class Gate {
 public:
  explicit Gate(GroupCommit& group_commit)
      : caller_([this, &group_commit] {
          group_commit
              .RunBetween([this] {
                is_held_.set_value();
                go_on_.get_future().wait();
                return absl::OkStatus();
              })
              .IgnoreError();
        }) {
    is_held_.get_future().wait();
  }
  void Open() {
    go_on_.set_value();
    caller_.join();
  }

 private:
  std::promise<void> is_held_, go_on_;
  std::thread caller_;
};

TEST(GroupCommitTest, TurnsCallersAwayWhenTooManyRowsWait) {
  constexpr int kThreads = 4;
  Numbers numbers;
  GroupCommit group_commit(numbers.Steps(), {.max_waiting_rows = 10});
  Gate gate(group_commit);
  std::atomic<int> written = 0, turned_away = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      // More than the limit allows: let in only where nothing else waits.
      absl::Status status = group_commit.Write(50, [&] { return numbers.pending.push_back(1), absl::OkStatus(); });
      written += status.ok();
      turned_away += status.code() == absl::StatusCode::kResourceExhausted;
    });
  }
  while (turned_away < kThreads - 1) std::this_thread::yield();
  gate.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written, 1);
  EXPECT_EQ(numbers.committed.size(), 1);
  EXPECT_TRUE(group_commit.Write(50, [] { return absl::OkStatus(); }).ok());
}

TEST(GroupCommitTest, AGroupHoldsAtMostItsRows) {
  Numbers numbers;
  std::vector<size_t> groups;
  TransactionSteps steps = numbers.Steps();
  steps.commit = [&] { return groups.push_back(numbers.pending.size()), absl::OkStatus(); };
  {
    GroupCommit group_commit(steps, {.max_group_rows = 10});
    Gate gate(group_commit);
    std::vector<std::thread> threads;
    for (int i = 0; i < 12; ++i) {
      threads.emplace_back([&] {
        EXPECT_TRUE(group_commit.Write(4, [&] { return numbers.pending.push_back(1), absl::OkStatus(); }).ok());
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    gate.Open();
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_GE(groups.size(), 6u);
  for (size_t size : groups) EXPECT_LE(size, 2u);
}

TEST(GroupCommitTest, IsIdleOnceAfterTheLastWrite) {
  Numbers numbers;
  {
    GroupCommit group_commit(numbers.Steps(), {.idle_after = std::chrono::milliseconds(5)});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_TRUE(group_commit.Write(1, [] { return absl::OkStatus(); }).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  EXPECT_EQ(numbers.idles, 1);
}

}  // namespace
}  // namespace tierwise
