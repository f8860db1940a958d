// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "experiments/evidence/evidence.h"
#include "tests/experiments/evidence/fact_lists.h"

namespace tierwise {

// The rules of docs/evidence.md written down once more as plainly as can be: one user after the other, maps, two passes
// for moments.
Evidence ReferenceJoin(const EvidenceSpec& spec, const std::vector<ExposureFact>& exposures,
                       const std::vector<EventFact>& events, const std::vector<MoveFact>& moves);

}  // namespace tierwise
