// SPDX-License-Identifier: Apache-2.0
#include "client/cli/connection.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <future>
#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "experiments/base/problems.h"
#include "google/rpc/status.pb.h"

namespace tierwise {
namespace {

// A page of a thousand large definitions is above gRPC's default of 4 MiB.
constexpr int kMaxReceivedBytes = 64 << 20;

grpc::ByteBuffer ToBuffer(absl::string_view bytes) {
  grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

absl::Status FromGrpc(const grpc::Status& status, const ConnectionOptions& options) {
  if (status.ok()) return absl::OkStatus();
  std::string message = status.error_message();
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    message = absl::StrCat("can't reach the server at ", options.server,
                           " (--server or TIERWISE_SERVER name another): ", message);
  } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    message = absl::StrCat("no answer from ", options.server, " within ", absl::FormatDuration(options.timeout),
                           " (--timeout allows more)");
  } else if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
             absl::StrContains(message, "larger than max")) {
    // gRPC has one code for "too much now" and "too large ever"; only the first is worth another try.
    return absl::InvalidArgumentError(
        absl::StrCat("too large for one request: ", message, " bytes; the server's limit is its --max-message-kb"));
  }
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), message);
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details())) {
    for (const auto& detail : details.details()) {
      if (detail.type_url() == kBadRequestPayloadUrl) result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
  }
  return result;
}

const google::protobuf::MethodDescriptor* MethodTaking(const google::protobuf::Descriptor* request) {
  const google::protobuf::FileDescriptor* file = request->file();
  for (int s = 0; s < file->service_count(); ++s) {
    for (int m = 0; m < file->service(s)->method_count(); ++m) {
      if (file->service(s)->method(m)->input_type() == request) return file->service(s)->method(m);
    }
  }
  return nullptr;
}

}  // namespace

class MessageStream::Call {
 public:
  Call(const ConnectionOptions& options, std::unique_ptr<grpc::ClientContext> context)
      : options_(options), context_(std::move(context)) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    if (!has_ended_) {
      context_->TryCancel();
      (void)Finish();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    for (bool ok = false; queue_.Next(&tag, &ok);) {
    }
  }

  void Start(grpc::GenericStub& stub, const std::string& path) {
    stream_ = stub.PrepareCall(context_.get(), path, &queue_);
    stream_->StartCall(nullptr);
    is_writable_ = is_readable_ = Completed();
  }

  bool Write(const google::protobuf::Message& request) {
    if (!is_writable_) return false;
    stream_->Write(ToBuffer(request.SerializeAsString()), nullptr);
    return is_writable_ = Completed();
  }

  bool Read(google::protobuf::Message* response) {
    grpc::ByteBuffer received;
    return ReadBytes(&received) && response->ParseFromString(ToString(received));
  }

  absl::Status Finish() {
    has_ended_ = true;
    if (is_writable_) {
      stream_->WritesDone(nullptr);
      Completed();
    }
    // gRPC tells the status only when everything before it was read.
    grpc::ByteBuffer unread;
    while (ReadBytes(&unread)) {
    }
    grpc::Status status;
    stream_->Finish(&status, nullptr);
    Completed();
    if (is_late_) status = grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "");
    return FromGrpc(status, options_);
  }

 private:
  // A call to which nothing can be written any more may still have answers to be read.
  bool ReadBytes(grpc::ByteBuffer* received) {
    if (!is_readable_) return false;
    stream_->Read(received, nullptr);
    return is_readable_ = Completed();
  }

  // Waits for the one operation under way; one that takes too long ends the call.
  bool Completed() {
    void* tag = nullptr;
    bool ok = false;
    const auto deadline = absl::ToChronoTime(absl::Now() + options_.timeout);
    if (queue_.AsyncNext(&tag, &ok, deadline) == grpc::CompletionQueue::TIMEOUT) {
      is_late_ = true;
      context_->TryCancel();
      queue_.Next(&tag, &ok);
      return false;
    }
    return ok;
  }

  const ConnectionOptions& options_;
  std::unique_ptr<grpc::ClientContext> context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool is_writable_ = false;
  bool is_readable_ = false;
  bool is_late_ = false;
  bool has_ended_ = false;
};

MessageStream::MessageStream(std::unique_ptr<Call> call) : call_(std::move(call)) {}
MessageStream::~MessageStream() = default;
bool MessageStream::Write(const google::protobuf::Message& request) { return call_->Write(request); }
bool MessageStream::Read(google::protobuf::Message* response) { return call_->Read(response); }
absl::Status MessageStream::Finish() { return call_->Finish(); }

Connection::Connection(ConnectionOptions options) : options_(std::move(options)) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceivedBytes);
  arguments.SetUserAgentPrefix("tierwise-cli");
  channel_ = grpc::CreateCustomChannel(options_.server, grpc::InsecureChannelCredentials(), arguments);
}

Connection::~Connection() = default;

void Connection::Prepare(grpc::ClientContext& call) const {
  call.set_deadline(absl::ToChronoTime(absl::Now() + options_.timeout));
  AddActor(call);
}

void Connection::AddActor(grpc::ClientContext& call) const {
  std::string actor;
  for (const char c : options_.actor) {
    if (absl::ascii_isprint(static_cast<unsigned char>(c))) actor += c;
  }
  if (!actor.empty()) call.AddMetadata("tierwise-actor", actor);
}

absl::Status Connection::Call(const google::protobuf::Message& request, google::protobuf::Message* response) const {
  const google::protobuf::MethodDescriptor* method = MethodTaking(request.GetDescriptor());
  if (method == nullptr || method->output_type() != response->GetDescriptor()) {
    return absl::InternalError(absl::StrCat("no method takes ", request.GetDescriptor()->full_name()));
  }
  return Call(absl::StrCat("/", method->service()->full_name(), "/", method->name()), request, response);
}

absl::Status Connection::Call(const std::string& path, const google::protobuf::Message& request,
                              google::protobuf::Message* response) const {
  grpc::ClientContext call;
  Prepare(call);
  const grpc::ByteBuffer sent = ToBuffer(request.SerializeAsString());
  grpc::ByteBuffer received;
  // Shared: set_value may still be returning when this function does.
  auto done = std::make_shared<std::promise<grpc::Status>>();
  grpc::GenericStub(channel_).UnaryCall(&call, path, grpc::StubOptions(), &sent, &received,
                                        [done](grpc::Status status) { done->set_value(std::move(status)); });
  if (const grpc::Status status = done->get_future().get(); !status.ok()) return FromGrpc(status, options_);
  if (!response->ParseFromString(ToString(received))) {
    return absl::InternalError(absl::StrCat("the answer to ", path, " is not a ", response->GetTypeName()));
  }
  return absl::OkStatus();
}

std::unique_ptr<MessageStream> Connection::OpenStream(const std::string& path) const {
  auto context = std::make_unique<grpc::ClientContext>();
  AddActor(*context);
  auto call = std::make_unique<MessageStream::Call>(options_, std::move(context));
  grpc::GenericStub stub(channel_);
  call->Start(stub, path);
  return std::make_unique<MessageStream>(std::move(call));
}

absl::Status Connection::Stream(const std::string& path, absl::Span<const std::string> requests,
                                absl::FunctionRef<absl::Status(absl::string_view)> on_response) const {
  grpc::ClientContext call;
  Prepare(call);
  grpc::CompletionQueue queue;
  auto stream = grpc::GenericStub(channel_).PrepareCall(&call, path, &queue);
  // One operation at a time, so the queue's next event is always that operation's.
  auto completed = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  stream->StartCall(nullptr);
  bool open = completed();
  for (const std::string& request : requests) {
    if (!open) break;
    stream->Write(ToBuffer(request), nullptr);
    open = completed();
  }
  if (open) {
    stream->WritesDone(nullptr);
    open = completed();
  }
  absl::Status handled;
  while (open && handled.ok()) {
    grpc::ByteBuffer response;
    stream->Read(&response, nullptr);
    open = completed();
    if (open) handled = on_response(ToString(response));
  }
  if (!handled.ok()) call.TryCancel();
  grpc::Status status;
  stream->Finish(&status, nullptr);
  completed();
  queue.Shutdown();
  void* tag = nullptr;
  for (bool ok = false; queue.Next(&tag, &ok);) {
  }
  return handled.ok() ? FromGrpc(status, options_) : handled;
}

}  // namespace tierwise
