// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace tierwise {

// The one bridge from our statuses to the wire. Codes map one to one; what the status carries as payloads (see
// problems.h) becomes the details of a google.rpc.Status, which gRPC sends as `grpc-status-details-bin`.
google::rpc::Status ToRpcStatus(const absl::Status& status);
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace tierwise
