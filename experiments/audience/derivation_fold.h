// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "experiments/audience/derivations.h"
#include "experiments/audience/user_derivation.h"
#include "experiments/base/fact_rows.h"
#include "experiments/base/facts.h"

namespace tierwise {

// Turns events into the derived attributes of one pass, user by user. The values depend on the set of events alone: bit
// for bit the same in whatever order and runs they were added, and with any number of threads. Events after `as_of` and
// copies of events change nothing. Holds 40 bytes an event: a store with more events than fit is folded one range of
// user keys after the other. Not thread-safe.
class DerivationFold {
 public:
  // `pass` must outlive the fold. REQUIRES: threads >= 1.
  DerivationFold(const DerivationPass& pass, int64_t as_of_micros, int threads);
  DerivationFold(const DerivationFold&) = delete;
  DerivationFold& operator=(const DerivationFold&) = delete;

  // In any order. REQUIRES: as the pass asked for: `name` indexes its event_names, `property` is set if it has one;
  // times from year 1970 to 9999; values finite.
  void AddEvents(const EventColumns& columns);

  // Calls `consume` with all users who had an event that the pass looks at, each once, some thousand users at a time;
  // from up to `threads` threads at once. Every other user has the attributes' `without_events`. REQUIRES: called once,
  // and nothing after it.
  void Finish(absl::FunctionRef<void(const DerivedUsers&)> consume);

 private:
  const DerivationPass& pass_;
  int64_t as_of_micros_;
  int threads_;
  std::vector<RowPartition<DerivationRow>> partitions_;
};

// The same for one user: the values of the pass's attributes, in its order. REQUIRES: the events are one user's; else
// as AddEvents.
std::vector<DerivedValue> DeriveFor(const DerivationPass& pass, const EventColumns& events, int64_t as_of_micros);

}  // namespace tierwise
