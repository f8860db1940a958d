// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "experiments/assignment/snapshot.h"
#include "server/services/first_arms.h"
#include "tierwise/v1/assignment_service.pb.h"

namespace tierwise {

// What the methods of AssignmentService answer, without gRPC. `first_arms` are those that users keep; null: none.
// InvalidArgument names the field.
absl::Status AnswerAssign(const Snapshot& snapshot, int64_t now_micros, const v1::AssignRequest& request,
                          v1::AssignResponse& response, const FirstArms* first_arms = nullptr);
absl::Status AnswerAssignBatch(const Snapshot& snapshot, int64_t now_micros, const v1::AssignBatchRequest& request,
                               v1::AssignBatchResponse& response, const FirstArms* first_arms = nullptr);
absl::Status AnswerExplain(const Snapshot& snapshot, int64_t now_micros, const v1::ExplainRequest& request,
                           v1::ExplainResponse& response, const FirstArms* first_arms = nullptr);

}  // namespace tierwise
