// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "experiments/audience/table_columns.h"
#include "experiments/audience/tiering_program.h"
#include "tierwise/v1/tiering.pb.h"

namespace tierwise {

// Finds a user's tier with hysteresis: a user who has a tier keeps it while the value is not beyond the cut by that
// share of it. Immutable; any number of threads may use it.
class TierFinder {
 public:
  // REQUIRES: CheckTiering found nothing wrong with `tiering`, which has its cuts; `schema` is that of `definitions`.
  TierFinder(const v1::Tiering& tiering, const AttributeSchema& schema, const Definitions& definitions);

  // The tier in which a user belongs who is in tier `present`, or in none (kNoTier). QUANTILES: of the tiers that cuts
  // anywhere within the hysteresis allow, the one nearest to `present`. RFM: `present` where some such cuts lead to
  // it, else the tier by the cuts as they are.
  int Find(const UserAttributes& user, int present, int64_t now_micros) const;

  const TieringProgram& program() const { return program_; }

 private:
  int Clamped(const UserAttributes& user, int present, int computed, int64_t now_micros) const;

  TieringProgram program_;
  // QUANTILES: place of each tier among the ranked ones, -1 for the tier of users without a value. Else empty.
  std::vector<int> rank_;
  // With cuts moved. QUANTILES: the harder ones, the easier ones. RFM: every combination for the three scores.
  std::vector<TieringProgram> shifted_;
};

// What keeps a user from changing tier; see v1::RefreshPolicy.
struct MovementRules {
  int64_t min_dwell_micros = 0;
  int confirmations = 1;

  static MovementRules Of(const v1::RefreshPolicy& policy);
};

// Where a user stands after a refresh as of `as_of_micros` that found tier `found`. A user without a tier gets it at
// once. Another one moves when `confirmations` refreshes in a row, this one included, found the same tier, and the user
// has been in the present one for `min_dwell_micros` since moving into it (a first tier holds nobody). Until then
// `found` is pending. REQUIRES: found != kNoTier.
TierState AfterRefresh(const TierState& present, int found, const MovementRules& rules, int64_t as_of_micros);

}  // namespace tierwise
