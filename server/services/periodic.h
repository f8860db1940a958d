// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace tierwise {

// Calls a function again and again on a thread of its own, until it is destroyed.
class Periodic {
 public:
  // `task` is first called after one `period`, and again one after it returned. It must not throw.
  Periodic(absl::Duration period, std::function<void()> task);
  // Waits for a call that runs.
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  void Run(absl::Duration period, const std::function<void()>& task);

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool is_stopped_ = false;  // guarded by mutex_
  std::thread thread_;       // last: it uses the others
};

}  // namespace tierwise
