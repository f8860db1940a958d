// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "experiments/base/problems.h"
#include "tierwise/v1/definition.pb.h"

namespace tierwise {

// Brings a definition into the form in which it is stored: defaults filled in, conditions with both forms and canonical
// text. Doing it again changes nothing. Adds to `problems` what is wrong with the syntax of conditions (see
// NormalizeCondition), and a definition without a kind; fields begin with the definition's name.
void Normalize(v1::Definition& definition, Problems& problems);

}  // namespace tierwise
