// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace tierwise {

struct ConnectionOptions {
  std::string server = "127.0.0.1:7443";       // host:port
  absl::Duration timeout = absl::Seconds(60);  // for each call
  std::string actor;                           // who acts, for the audit trail; empty says nothing
};

// One call of a method that takes a stream and returns one. Each operation waits for the connection's timeout at most.
// Not thread-safe.
class MessageStream {
 public:
  class Call;
  explicit MessageStream(std::unique_ptr<Call> call);
  // Cancels a call that was not finished.
  ~MessageStream();

  // False where the call has ended: Finish says why.
  bool Write(const google::protobuf::Message& request);
  bool Read(google::protobuf::Message* response);
  // Says that nothing more will be written, and waits for the end. Errors: as every call of Connection.
  absl::Status Finish();

 private:
  std::unique_ptr<Call> call_;
};

// A server, reached when first called. Thread-safe.
//
// Errors of every call: what the server answered, with the problems that it listed (ProblemsOf); Unavailable with a
// hint where it can't be reached.
class Connection {
 public:
  explicit Connection(ConnectionOptions options);
  ~Connection();

  const ConnectionOptions& options() const { return options_; }

  // The unary method whose request this is. REQUIRES: exactly one method of the request's file takes it (as the API's
  // style demands), and `response` is of the type that it returns.
  absl::Status Call(const google::protobuf::Message& request, google::protobuf::Message* response) const;

  // A unary method by its path, "/package.Service/Method".
  absl::Status Call(const std::string& path, const google::protobuf::Message& request,
                    google::protobuf::Message* response) const;

  // A method that takes and returns a stream, by its path.
  std::unique_ptr<MessageStream> OpenStream(const std::string& path) const;

  // A method of any kind by its path: sends all requests, then hands over each response. Messages are in their wire
  // form. An error of `on_response` ends the call and is returned.
  absl::Status Stream(const std::string& path, absl::Span<const std::string> requests,
                      absl::FunctionRef<absl::Status(absl::string_view)> on_response) const;

 private:
  // Without the deadline.
  void AddActor(grpc::ClientContext& call) const;
  void Prepare(grpc::ClientContext& call) const;

  ConnectionOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace tierwise
