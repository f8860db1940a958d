// SPDX-License-Identifier: Apache-2.0
#include "server/storage/group_commit.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"

namespace tierwise {

GroupCommit::GroupCommit(TransactionSteps steps, GroupCommitLimits limits)
    : steps_(std::move(steps)), limits_(limits), writer_([this] { Loop(); }) {}

GroupCommit::~GroupCommit() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  writer_.join();
}

absl::Status GroupCommit::Write(int64_t rows, absl::FunctionRef<absl::Status()> write) {
  Call call{.work = write, .rows = rows, .is_write = true};
  std::unique_lock lock(mutex_);
  if (waiting_rows_ > 0 && waiting_rows_ + rows > limits_.max_waiting_rows) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the store is ", waiting_rows_, " rows behind; nothing was written, try again later"));
  }
  return Wait(lock, call);
}

absl::Status GroupCommit::RunBetween(absl::FunctionRef<absl::Status()> task) {
  Call call{.work = task, .rows = 0, .is_write = false};
  std::unique_lock lock(mutex_);
  return Wait(lock, call);
}

absl::Status GroupCommit::Wait(std::unique_lock<std::mutex>& lock, Call& call) {
  waiting_.push_back(&call);
  waiting_rows_ += call.rows;
  wake_.notify_one();
  call.done.wait(lock, [&call] { return call.is_done; });
  return std::move(call.status);
}

void GroupCommit::Loop() {
  bool is_idle_due = false;
  auto has_work = [this] { return !waiting_.empty() || is_stopping_; };
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!is_idle_due) {
      wake_.wait(lock, has_work);
    } else if (!wake_.wait_for(lock, limits_.idle_after, has_work)) {
      is_idle_due = false;
      lock.unlock();
      steps_.idle();
      lock.lock();
      continue;
    }
    if (waiting_.empty()) return;
    std::vector<Call*> group = TakeGroup();
    lock.unlock();
    const bool is_transaction = group.front()->is_write;
    RunGroup(group);
    lock.lock();
    for (Call* call : group) {
      call->is_done = true;
      call->done.notify_one();
    }
    if (is_transaction) {
      is_idle_due = true;
      lock.unlock();
      steps_.after();
      lock.lock();
    }
  }
}

std::vector<GroupCommit::Call*> GroupCommit::TakeGroup() {
  std::vector<Call*> group;
  std::deque<Call*> left;
  int64_t rows = 0;
  bool is_full = false;
  for (Call* call : waiting_) {
    is_full |=
        !group.empty() && (!group.front()->is_write || (call->is_write && rows + call->rows > limits_.max_group_rows));
    if (is_full || (!call->is_write && !group.empty())) {
      left.push_back(call);
    } else {
      rows += call->rows;
      group.push_back(call);
    }
  }
  waiting_.swap(left);
  waiting_rows_ -= rows;
  return group;
}

void GroupCommit::RunGroup(const std::vector<Call*>& group) {
  if (!group.front()->is_write) {
    group.front()->status = group.front()->work();
    return;
  }
  absl::Status status = RunTransaction(group);
  for (Call* call : group) call->status = status.ok() || group.size() == 1 ? status : RunTransaction({call});
}

absl::Status GroupCommit::RunTransaction(const std::vector<Call*>& group) {
  absl::Status status = steps_.begin();
  for (size_t i = 0; status.ok() && i < group.size(); ++i) status = group[i]->work();
  if (status.ok()) status = steps_.commit();
  if (!status.ok()) steps_.rollback();
  return status;
}

}  // namespace tierwise
