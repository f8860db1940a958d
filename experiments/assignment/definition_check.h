// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"

namespace tierwise {

// Adds to `problems` everything that is wrong with `definition`, once normalized, as one of
// `definitions`. Campaigns have CheckCampaign, metrics the check of those who compute them: nothing is added for
// either. Fields begin with its name: "holdouts/global.share_bp".
void CheckDefinition(const v1::Definition& definition, const Definitions& definitions, Problems& problems);

// Adds a problem for every two layers, holdouts and campaigns (concluded ones apart) whose salts would give a user
// related buckets: what should be independent would not be.
void CheckSaltsAreSeparate(const Definitions& definitions, Problems& problems);

}  // namespace tierwise
