// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "experiments/base/definitions.h"

namespace tierwise {

// What is stored when `proposed`, which is normalized, is created: without what is output only (meta, cuts of a
// tiering); a campaign is a DRAFT.
v1::Definition Create(v1::Definition proposed);

// What is stored when `proposed`, which is normalized, replaces `current`, of the same name and one of `definitions`:
// what is output only comes from `current`; cuts of a tiering as far as they still apply (CarryCuts).
//
// A salt of a layer or holdout and the type and the derivation of an attribute never change: InvalidArgument. A DRAFT
// can change in everything. A RUNNING or PAUSED campaign can change its texts, traffic share, the schedule's end,
// forced users, metrics, names and parameters of variants; it can gain variants, tier plans and a larger share of its
// layer, whose further buckets are then taken. A CONCLUDED one can change its texts. Anything else is
// FailedPrecondition, with the fields.
//
// A tier plan whose arms change so that users would move begins its next phase. That is by shares, in order:
// parameters, arms of weight 0 and a common factor of the weights move nobody. A tier that gets a plan of its own goes
// on from the phase of "*": with the same arms its users stay where they are.
absl::StatusOr<v1::Definition> Update(const v1::Definition& current, v1::Definition proposed,
                                      const Definitions& definitions);

}  // namespace tierwise
