// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "experiments/base/definitions.h"
#include "tests/experiments/audience/random_conditions.h"

namespace tierwise {

// What a condition means, by walking its tree: the reference that programs are held against.
bool EvaluateNaively(const v1::ConditionNode& node, const KnownValues& user, const Definitions& definitions,
                     int64_t now_micros);

}  // namespace tierwise
