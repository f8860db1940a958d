// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/segment_check.h"

#include "experiments/audience/condition_check.h"
#include "experiments/base/definition_rules.h"

namespace tierwise {

void CheckSegment(const v1::Segment& segment, const Definitions& definitions, absl::string_view field,
                  Problems& problems) {
  CheckId(segment.id(), FieldPath(field, "id"), problems);
  CheckTexts(segment.display_name(), segment.description(), field, problems);
  CheckCondition(segment.condition(), definitions, FieldPath(field, "condition"), problems);
}

}  // namespace tierwise
