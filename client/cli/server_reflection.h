// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/connection.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"

namespace tierwise {

// What a server says of its own services, through gRPC's reflection protocol. Descriptors live as long as it does. Not
// thread-safe.
class ServerReflection {
 public:
  explicit ServerReflection(const Connection& connection) : connection_(connection) {}

  // Fully qualified names, in alphabetical order.
  absl::StatusOr<std::vector<std::string>> Services() const;

  // A service, by its full name or by the end of it ("CatalogService"). Errors: NotFound naming those near.
  absl::StatusOr<const google::protobuf::ServiceDescriptor*> FindService(const std::string& name);

  // "Service/Method" or "package.Service/Method"; a dot may stand for the slash. Errors: NotFound, InvalidArgument.
  absl::StatusOr<const google::protobuf::MethodDescriptor*> FindMethod(const std::string& name);

  // The text of a service, method, message or enum, as in a .proto file. Errors: NotFound.
  absl::StatusOr<std::string> Describe(const std::string& name);

  // Makes the details of errors inside answers (google.protobuf.Any of google.rpc.BadRequest) known, where the server
  // describes them.
  void LearnErrorDetails();

  std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor* type);

 private:
  // Adds the file that declares `symbol`, and all that it imports, to the pool.
  absl::Status Load(const std::string& symbol);

  const Connection& connection_;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory messages_;
};

}  // namespace tierwise
