// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "experiments/audience/derivations.h"
#include "experiments/audience/table_refresh.h"
#include "experiments/base/definitions.h"
#include "server/storage/store.h"

namespace tierwise {

// Which events count: those that happened, and were taken in, by these moments.
struct FactsUntil {
  absl::Time as_of;
  absl::Time received;
};

struct DeriveTerms {
  FactsUntil until;
  // What the table's values are of: only users are computed whose values may have changed since. Unset: all users.
  std::optional<FactsUntil> since;
  // Fingerprints of the attributes to compute; unset: all.
  std::optional<std::set<uint64_t>> only;
  int threads = 1;
  int64_t memory_bytes = int64_t{1} << 30;  // about what events may take while they are folded
};

// Adds every user who is known by then to `refresh`, and computes their derived attributes from the events in the
// store, one range of users after the other. Returns how many users were computed. `go_on` is told how far it is, from
// 0 to 1; Cancelled once it returns false. ResourceExhausted where an attribute's property has too many values.
absl::StatusOr<int64_t> DeriveUsers(Store& store, const Derivations& derivations, const DeriveTerms& terms,
                                    const UserTable& table, TableRefresh& refresh,
                                    absl::FunctionRef<bool(double progress)> go_on);

// The fingerprints of all derived attributes; as text, and back.
std::set<uint64_t> FingerprintsOf(const Derivations& derivations);
std::string FingerprintText(const std::set<uint64_t>& fingerprints);
std::set<uint64_t> FingerprintsIn(absl::string_view text);

// Of the derived attributes that are declared, those that were computed by a refresh: it had their fingerprint, and
// they were declared before it began.
std::set<uint64_t> ComputedBy(const RefreshRecord& refresh, const Derivations& derivations,
                              const Definitions& definitions);

}  // namespace tierwise
