// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "experiments/base/definitions.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/repeated_field.h"
#include "server/services/live_catalog.h"

namespace tierwise {

// What a request asks of one definition, as an edit of the present ones. What is written is normalized; whether it fits
// the other definitions is for LiveCatalog::Change to check.

// ABORTED unless `expected` is the definition's revision; InvalidArgument where it is not given.
absl::Status CheckRevision(const v1::Definition& present, int64_t expected);

// `present` with the fields that `mask` names taken from `proposed`; `proposed` where the mask is empty.
// InvalidArgument for a path that the resource does not have.
absl::StatusOr<v1::Definition> WithMask(const v1::Definition& present, const v1::Definition& proposed,
                                        const google::protobuf::FieldMask& mask);

// AlreadyExists if the definition's name is taken.
absl::StatusOr<Edit> CreateEdit(const Definitions& definitions, v1::Definition proposed);

// Nothing where nothing differs. InvalidArgument for fields that may not change, FailedPrecondition for those that the
// campaign's state keeps.
absl::StatusOr<std::optional<Edit>> UpdateEdit(const Definitions& definitions, const v1::Definition& present,
                                               v1::Definition proposed);

// Creates those that are not there, updates those that are. InvalidArgument lists the problems of all.
absl::StatusOr<std::vector<Edit>> ApplyEdits(const Definitions& definitions,
                                             const google::protobuf::RepeatedPtrField<v1::Definition>& proposed);

// FailedPrecondition for a campaign that is running or paused, for the tiering and the segments of one, and for a
// metric of any campaign's report. Other uses are found when what remains is checked.
absl::Status CheckDeletable(const Definitions& definitions, const v1::Definition& present);

}  // namespace tierwise
