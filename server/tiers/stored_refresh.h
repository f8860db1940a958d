// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "experiments/audience/user_table.h"
#include "experiments/base/definitions.h"
#include "server/storage/store.h"

namespace tierwise {

// Gives `table` the derived attributes and tiers of the last refresh that succeeded: the ones from the events that it
// saw, the others from the moves that were written. Does nothing where there was none.
absl::Status RestoreLastRefresh(Store& store, const Definitions& definitions, int threads, UserTable& table);

}  // namespace tierwise
