// SPDX-License-Identifier: Apache-2.0
#include "server/services/assignment_service.h"

#include "absl/time/clock.h"
#include "server/services/assignment_calls.h"
#include "server/services/status.h"

namespace tierwise {
namespace {

using StreamReactor = grpc::ServerBidiReactor<v1::AssignStreamRequest, v1::AssignStreamResponse>;

grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

int64_t NowMicros() { return absl::ToUnixMicros(absl::Now()); }

// Reads one request, answers it, reads the next. Deletes itself when the stream is done.
class AssignStreamReactor final : public StreamReactor {
 public:
  explicit AssignStreamReactor(const Serving& serving) : serving_(serving) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    response_.Clear();
    response_.set_request_id(request_.request_id());
    const absl::Status status =
        AnswerAssign(*serving_.plan(), NowMicros(), request_.request(), *response_.mutable_response());
    if (!status.ok()) *response_.mutable_error() = ToRpcStatus(status);
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      StartRead(&request_);
    } else {
      Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream broke"));
    }
  }

  void OnDone() override { delete this; }

 private:
  const Serving serving_;
  v1::AssignStreamRequest request_;
  v1::AssignStreamResponse response_;
};

}  // namespace

grpc::ServerUnaryReactor* AssignmentService::Assign(grpc::CallbackServerContext* context,
                                                    const v1::AssignRequest* request, v1::AssignResponse* response) {
  return Finish(context, AnswerAssign(*serving_.plan(), NowMicros(), *request, *response));
}

grpc::ServerUnaryReactor* AssignmentService::AssignBatch(grpc::CallbackServerContext* context,
                                                         const v1::AssignBatchRequest* request,
                                                         v1::AssignBatchResponse* response) {
  return Finish(context, AnswerAssignBatch(*serving_.plan(), NowMicros(), *request, *response));
}

StreamReactor* AssignmentService::AssignStream(grpc::CallbackServerContext*) {
  return new AssignStreamReactor(serving_);
}

grpc::ServerUnaryReactor* AssignmentService::Explain(grpc::CallbackServerContext* context,
                                                     const v1::ExplainRequest* request, v1::ExplainResponse* response) {
  return Finish(context, AnswerExplain(*serving_.plan(), NowMicros(), *request, *response));
}

}  // namespace tierwise
