// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace tierwise {

// How to run a transaction. All of it is called on one thread, the writer's.
struct TransactionSteps {
  std::function<absl::Status()> begin;
  std::function<absl::Status()> commit;  // on disk when it returns OK
  std::function<void()> rollback;        // also after a begin or commit that failed
  std::function<void()> after;           // after each transaction, when its callers have their answer
  std::function<void()> idle;            // once whenever nothing has been written for a while
};

struct GroupCommitLimits {
  int64_t max_waiting_rows = 1'000'000;  // beyond it, callers are turned away
  int64_t max_group_rows = 100'000;      // beyond it, the next transaction begins
  std::chrono::milliseconds idle_after{500};
};

// Lets callers at the same time share one transaction, so that a commit is paid once for all of them. Thread-safe.
class GroupCommit {
 public:
  GroupCommit(TransactionSteps steps, GroupCommitLimits limits);
  // REQUIRES: no call is under way.
  ~GroupCommit();

  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // Runs `write` on the writer's thread inside a transaction and returns once that is committed. `rows` is about how
  // much it writes. If the transaction fails, it is rolled back and each of its writes is run again in one of its own:
  // a bad write fails alone, and `write` may be called twice. ResourceExhausted, with nothing done, when too many rows
  // are waiting already.
  absl::Status Write(int64_t rows, absl::FunctionRef<absl::Status()> write);

  // Runs `task` on the writer's thread outside any transaction, after at most one more of them.
  absl::Status RunBetween(absl::FunctionRef<absl::Status()> task);

 private:
  struct Call {
    absl::FunctionRef<absl::Status()> work;
    int64_t rows;
    bool is_write;
    bool is_done = false;
    absl::Status status = absl::OkStatus();
    std::condition_variable done = {};
  };

  absl::Status Wait(std::unique_lock<std::mutex>& lock, Call& call);
  void Loop();
  // The calls to run next: one that isn't a write where that is first in line, otherwise all writes that one
  // transaction may hold.
  std::vector<Call*> TakeGroup();
  void RunGroup(const std::vector<Call*>& group);
  absl::Status RunTransaction(const std::vector<Call*>& group);

  const TransactionSteps steps_;
  const GroupCommitLimits limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Call*> waiting_;  // guarded by mutex_, as are the next two
  int64_t waiting_rows_ = 0;
  bool is_stopping_ = false;
  std::thread writer_;
};

}  // namespace tierwise
