// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/time/time.h"

namespace tierwise {

// While it lives, Ctrl-C and SIGTERM set a flag in place of ending the process; a second one ends it. At most one at a
// time.
class InterruptWatch {
 public:
  InterruptWatch();
  // Puts back what was there before.
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  static bool is_interrupted();
  // Sleeps, but no longer than until an interrupt. Returns is_interrupted().
  static bool SleepFor(absl::Duration duration);

 private:
  void (*interrupt_before_)(int);
  void (*terminate_before_)(int);
};

}  // namespace tierwise
