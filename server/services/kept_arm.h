// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "experiments/assignment/assign.h"
#include "experiments/assignment/snapshot.h"
#include "server/services/first_arms.h"

namespace tierwise {

// `decision` as it holds for a user of an adaptive campaign: whoever was exposed in an earlier phase keeps the arm of
// then, with that phase; the propensity of it is 1, since nothing is drawn any more. The same for everyone else, for
// campaigns whose arms are not kept (`first_arms` null), and for decisions that give no arm by a split. `campaign` may
// be null; the decision is of it.
Decision WithKeptArm(const FirstArms* first_arms, const CompiledCampaign* campaign, absl::string_view user_id,
                     Decision decision);

}  // namespace tierwise
