// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "server/services/arena_messages.h"
#include "server/services/live_catalog.h"
#include "server/tiers/live_users.h"
#include "tierwise/v1/assignment_service.grpc.pb.h"

namespace tierwise {

// What answers are made from.
struct Serving {
  const LiveCatalog& catalog;
  LiveUsers& users;

  std::shared_ptr<const ServingPlan> plan() const { return users.PlanFor(catalog.view().snapshot); }
};

// tierwise.v1.AssignmentService over the present snapshot of a LiveCatalog and what LiveUsers knows, which must outlive
// it. Nothing waits, so all of it is served by gRPC's callback threads. Thread-safe.
class AssignmentService final : public v1::AssignmentService::CallbackService {
 public:
  AssignmentService(const LiveCatalog& catalog, LiveUsers& users) : serving_{catalog, users} {
    SetMessageAllocatorFor_AssignBatch(&batch_messages_);
  }

  grpc::ServerUnaryReactor* Assign(grpc::CallbackServerContext* context, const v1::AssignRequest* request,
                                   v1::AssignResponse* response) override;
  grpc::ServerUnaryReactor* AssignBatch(grpc::CallbackServerContext* context, const v1::AssignBatchRequest* request,
                                        v1::AssignBatchResponse* response) override;
  grpc::ServerBidiReactor<v1::AssignStreamRequest, v1::AssignStreamResponse>* AssignStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context, const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override;

 private:
  Serving serving_;
  ArenaMessages<v1::AssignBatchRequest, v1::AssignBatchResponse> batch_messages_;
};

}  // namespace tierwise
