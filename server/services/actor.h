// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/server_context.h>

#include <string>

namespace tierwise {

// Who calls, for the audit trail: what the metadata key `tierwise-actor` says (at most 200 bytes of printable ASCII),
// else "anonymous". Not authenticated.
std::string ActorOf(const grpc::ServerContext& context);

}  // namespace tierwise
