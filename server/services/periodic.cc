// SPDX-License-Identifier: Apache-2.0
#include "server/services/periodic.h"

#include <chrono>
#include <utility>

namespace tierwise {

Periodic::Periodic(absl::Duration period, std::function<void()> task)
    : thread_([this, period, work = std::move(task)] { Run(period, work); }) {}

Periodic::~Periodic() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

void Periodic::Run(absl::Duration period, const std::function<void()>& task) {
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_for(lock, absl::ToChronoNanoseconds(period), [this] { return is_stopped_; })) {
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace tierwise
