// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "server/tiers/serving_plan.h"
#include "tierwise/v1/assignment_service.pb.h"

namespace tierwise {

// What the methods of AssignmentService answer, without gRPC, by the plan of the present snapshot. InvalidArgument
// names the field.
absl::Status AnswerAssign(const ServingPlan& plan, int64_t now_micros, const v1::AssignRequest& request,
                          v1::AssignResponse& response);
absl::Status AnswerAssignBatch(const ServingPlan& plan, int64_t now_micros, const v1::AssignBatchRequest& request,
                               v1::AssignBatchResponse& response);
absl::Status AnswerExplain(const ServingPlan& plan, int64_t now_micros, const v1::ExplainRequest& request,
                           v1::ExplainResponse& response);

}  // namespace tierwise
