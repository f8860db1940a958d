// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tierwise/v1/attribute.pb.h"

namespace tierwise {

// The life cycle of a derivation, with the default of every field that is unset.
v1::LifeCycle LifeCycleOf(const v1::Derivation& derivation);

}  // namespace tierwise
