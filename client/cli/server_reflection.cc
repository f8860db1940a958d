// SPDX-License-Identifier: Apache-2.0
#include "client/cli/server_reflection.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/suggestion.h"
#include "experiments/base/status_macros.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace tierwise {
namespace {

using google::protobuf::FileDescriptorProto;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;

constexpr char kPath[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

absl::StatusOr<ServerReflectionResponse> Ask(const Connection& connection, const ServerReflectionRequest& request) {
  ServerReflectionResponse response;
  TIERWISE_RETURN_IF_ERROR(
      connection.Stream(kPath, {request.SerializeAsString()}, [&response](absl::string_view bytes) {
        return response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))
                   ? absl::OkStatus()
                   : absl::InternalError("the server's reflection answer can't be read");
      }));
  if (response.has_error_response()) {
    return absl::Status(static_cast<absl::StatusCode>(response.error_response().error_code()),
                        response.error_response().error_message());
  }
  return response;
}

using Files = std::map<std::string, FileDescriptorProto>;

absl::Status AddFiles(const ServerReflectionResponse& response, Files* files) {
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    FileDescriptorProto file;
    if (!file.ParseFromString(bytes)) return absl::InternalError("the server described a file that can't be read");
    (*files)[file.name()] = std::move(file);
  }
  return absl::OkStatus();
}

// The first import that is in neither place; empty where there is none.
std::string MissingImport(const Files& files, const google::protobuf::DescriptorPool& pool) {
  for (const auto& [name, file] : files) {
    for (const std::string& import : file.dependency()) {
      if (!files.contains(import) && pool.FindFileByName(import) == nullptr) return import;
    }
  }
  return "";
}

// Imports before what imports them. `started` ends what would go in a circle.
bool Build(const std::string& name, const Files& files, std::set<std::string>* started,
           google::protobuf::DescriptorPool* pool) {
  if (pool->FindFileByName(name) != nullptr) return true;
  const auto file = files.find(name);
  if (file == files.end() || !started->insert(name).second) return false;
  for (const std::string& import : file->second.dependency()) {
    if (!Build(import, files, started, pool)) return false;
  }
  return pool->BuildFile(file->second) != nullptr;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ServerReflection::Services() const {
  ServerReflectionRequest request;
  request.set_list_services("*");
  TIERWISE_ASSIGN_OR_RETURN(const ServerReflectionResponse response, Ask(connection_, request));
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status ServerReflection::Load(const std::string& symbol) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol(symbol);
  TIERWISE_ASSIGN_OR_RETURN(ServerReflectionResponse response, Ask(connection_, request));
  Files files;
  TIERWISE_RETURN_IF_ERROR(AddFiles(response, &files));
  for (std::string import = MissingImport(files, pool_); !import.empty(); import = MissingImport(files, pool_)) {
    request.set_file_by_filename(import);
    TIERWISE_ASSIGN_OR_RETURN(response, Ask(connection_, request));
    TIERWISE_RETURN_IF_ERROR(AddFiles(response, &files));
    if (!files.contains(import)) return absl::InternalError(absl::StrCat("the server does not describe ", import));
  }
  std::set<std::string> started;
  for (const auto& [name, file] : files) {
    if (!Build(name, files, &started, &pool_)) {
      return absl::InternalError(absl::StrCat("the server's description of ", name, " is not consistent"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<const google::protobuf::ServiceDescriptor*> ServerReflection::FindService(const std::string& name) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<std::string> services, Services());
  for (const std::string& service : services) {
    if (service != name && !absl::EndsWith(service, absl::StrCat(".", name))) continue;
    if (pool_.FindServiceByName(service) == nullptr) TIERWISE_RETURN_IF_ERROR(Load(service));
    if (const auto* found = pool_.FindServiceByName(service); found != nullptr) return found;
  }
  return absl::NotFoundError(absl::StrCat("the server has no service `", name, "`", Suggestion(name, services)));
}

absl::StatusOr<const google::protobuf::MethodDescriptor*> ServerReflection::FindMethod(const std::string& name) {
  size_t cut = name.rfind('/');
  if (cut == std::string::npos) cut = name.rfind('.');
  if (cut == std::string::npos || cut == 0 || cut + 1 == name.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", name, "` must be SERVICE/METHOD, e.g. CatalogService/ListDefinitions; --list shows all"));
  }
  TIERWISE_ASSIGN_OR_RETURN(const auto* service, FindService(name.substr(0, cut)));
  const std::string method = name.substr(cut + 1);
  if (const auto* found = service->FindMethodByName(method); found != nullptr) return found;
  std::vector<std::string> known;
  for (int i = 0; i < service->method_count(); ++i) known.push_back(service->method(i)->name());
  return absl::NotFoundError(
      absl::StrCat(service->full_name(), " has no method `", method, "`", Suggestion(method, known)));
}

absl::StatusOr<std::string> ServerReflection::Describe(const std::string& name) {
  if (const auto slash = name.find('/'); slash != std::string::npos) {
    TIERWISE_ASSIGN_OR_RETURN(const auto* method, FindMethod(name));
    return absl::StrCat(method->DebugString(), "\n", method->input_type()->DebugString(), "\n",
                        method->output_type()->DebugString());
  }
  if (const auto service = FindService(name); service.ok()) return (*service)->DebugString();
  // The server finds symbols by their full names only; the API's own may be named without its package.
  for (const std::string& symbol : {name, absl::StrCat("tierwise.v1.", name)}) {
    if (const absl::Status loaded = Load(symbol); !loaded.ok()) {
      if (absl::IsNotFound(loaded)) continue;
      return loaded;
    }
    if (const auto* message = pool_.FindMessageTypeByName(symbol); message != nullptr) return message->DebugString();
    if (const auto* type = pool_.FindEnumTypeByName(symbol); type != nullptr) return type->DebugString();
  }
  return absl::NotFoundError(
      absl::StrCat("the server has no service, message or enum `", name, "`; --list shows services"));
}

void ServerReflection::LearnErrorDetails() { Load("google.rpc.BadRequest").IgnoreError(); }

std::unique_ptr<google::protobuf::Message> ServerReflection::NewMessage(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<google::protobuf::Message>(messages_.GetPrototype(type)->New());
}

}  // namespace tierwise
