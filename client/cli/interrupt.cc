// SPDX-License-Identifier: Apache-2.0
#include "client/cli/interrupt.h"

#include <algorithm>
#include <csignal>

#include "absl/time/clock.h"

namespace tierwise {
namespace {

volatile std::sig_atomic_t interrupted = 0;

extern "C" void NoteInterrupt(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

InterruptWatch::InterruptWatch() {
  interrupted = 0;
  interrupt_before_ = std::signal(SIGINT, NoteInterrupt);
  terminate_before_ = std::signal(SIGTERM, NoteInterrupt);
}

InterruptWatch::~InterruptWatch() {
  std::signal(SIGINT, interrupt_before_);
  std::signal(SIGTERM, terminate_before_);
}

bool InterruptWatch::is_interrupted() { return interrupted != 0; }

bool InterruptWatch::SleepFor(absl::Duration duration) {
  constexpr absl::Duration kStep = absl::Milliseconds(20);
  const absl::Time end = absl::Now() + duration;
  for (absl::Time now = absl::Now(); now < end && !is_interrupted(); now = absl::Now()) {
    absl::SleepFor(std::min(kStep, end - now));
  }
  return is_interrupted();
}

}  // namespace tierwise
