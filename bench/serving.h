// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "server/log.h"
#include "server/server.h"
#include "tierwise/v1/catalog_service.grpc.pb.h"

// A server inside a benchmark. What fails ends the benchmark.

namespace tierwise::bench {

inline void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << std::endl;
  exit(1);
}
inline void Check(const grpc::Status& status) {
  if (status.ok()) return;
  std::cerr << status.error_message() << std::endl;
  exit(1);
}
template <typename T>
T Checked(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

// On a free port of the loopback device.
inline std::unique_ptr<Server> Serve(const std::string& store_path) {
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.store.path = store_path;
  SetUpLog(LogLevel::kError, LogFormat::kText);
  return Checked(Server::Start(options));
}

inline std::shared_ptr<grpc::Channel> ChannelTo(int port) {
  return grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
}

inline v1::ApplyDefinitionsRequest ParseDefinitions(const std::string& text) {
  v1::ApplyDefinitionsRequest definitions;
  if (!google::protobuf::TextFormat::ParseFromString(text, &definitions)) exit(1);
  return definitions;
}

// Applies definitions, one of which is the campaign "spring", and launches it.
inline void LaunchSpring(const Server& server, const std::string& definitions) {
  const auto catalog = v1::CatalogService::NewStub(ChannelTo(server.port()));
  grpc::ClientContext apply_context, launch_context;
  v1::ApplyDefinitionsResponse applied;
  Check(catalog->ApplyDefinitions(&apply_context, ParseDefinitions(definitions), &applied));
  v1::LaunchCampaignRequest launch;
  launch.set_campaign("spring");
  launch.set_expected_revision(1);
  v1::LaunchCampaignResponse launched;
  Check(catalog->LaunchCampaign(&launch_context, launch, &launched));
}

}  // namespace tierwise::bench
