// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"
#include "server/log.h"
#include "server/services/assignment_service.h"
#include "server/services/catalog_service.h"
#include "server/services/event_service.h"
#include "server/services/live_catalog.h"
#include "server/services/report_service.h"
#include "server/services/tier_service.h"
#include "server/tiers/live_users.h"
#include "server/tiers/refresher.h"

namespace tierwise {
namespace {

constexpr int kMaxConcurrentStreams = 1024;  // per connection
constexpr int kMaxMetadataBytes = 16 * 1024;

// Clients may ping as often as the usual SDKs do; gRPC's default would cut them off (contract: keepalive every 10 s).
void SetTransportLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(options.max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxConcurrentStreams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * 1000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 30 * 60 * 1000);
  grpc::ResourceQuota quota("tierwise");
  quota.SetMaxThreads(options.max_threads);
  builder.SetResourceQuota(quota);
}

bool IsLoopback(absl::string_view listen) {
  return absl::StartsWith(listen, "127.") || absl::StartsWith(listen, "localhost:") ||
         absl::StartsWith(listen, "[::1]:");
}

}  // namespace

// Declared in the order in which they depend on each other: destroyed the other way round.
class Server::Parts {
 public:
  explicit Parts(const ServerOptions& options) : options_(options) {}

  absl::Status Start() {
    TIERWISE_ASSIGN_OR_RETURN(store_, OpenStore(options_.store));
    TIERWISE_ASSIGN_OR_RETURN(catalog_, LiveCatalog::Open(*store_.catalog));
    catalog_service_ = std::make_unique<CatalogService>(*catalog_, *store_.catalog);
    TIERWISE_ASSIGN_OR_RETURN(users_, LiveUsers::Open(*catalog_, store_, options_.store.threads));
    TIERWISE_ASSIGN_OR_RETURN(refresher_, Refresher::Start({*catalog_, store_, *users_, options_.store.threads,
                                                            options_.refresh_memory_bytes},
                                                           options_.refresher));
    assignment_service_ = std::make_unique<AssignmentService>(*catalog_, *users_);
    event_service_ = std::make_unique<EventService>(*catalog_, store_, *users_);
    tier_service_ = std::make_unique<TierService>(*catalog_, store_, *users_, *refresher_, options_.store.threads);
    report_service_ =
        std::make_unique<ReportService>(*catalog_, *store_.catalog, *store_.events, options_.store.threads);
    return Listen();
  }

  int port() const { return port_; }

  void Stop() {
    if (grpc_ == nullptr || stopped_.exchange(true)) return;
    grpc_->GetHealthCheckService()->SetServingStatus(false);
    grpc_->Shutdown(std::chrono::system_clock::now() +
                    std::chrono::milliseconds(absl::ToInt64Milliseconds(options_.shutdown_grace)));
    grpc_->Wait();
  }

 private:
  absl::Status Listen() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    SetTransportLimits(options_, builder);
    builder.AddListeningPort(options_.listen, grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(catalog_service_.get());
    builder.RegisterService(assignment_service_.get());
    builder.RegisterService(event_service_.get());
    builder.RegisterService(report_service_.get());
    builder.RegisterService(tier_service_.get());
    grpc_ = builder.BuildAndStart();
    if (grpc_ == nullptr || port_ == 0) {
      return absl::UnavailableError(absl::StrCat("could not listen on ", options_.listen,
                                                 ": is another server there? --listen names another port"));
    }
    if (!IsLoopback(options_.listen)) {
      Log(LogLevel::kWarning, "listening beyond this machine without TLS: put a proxy in front",
          {{"listen", options_.listen}});
    }
    Log(LogLevel::kInfo, "serving",
        {{"listen", options_.listen},
         {"port", absl::StrCat(port_)},
         {"store", options_.store.path},
         {"users", absl::StrCat(users_->table().users())},
         {"catalog_version", absl::StrCat(catalog_->view().definitions->catalog_version())}});
    return absl::OkStatus();
  }

  const ServerOptions options_;
  Store store_;
  std::unique_ptr<LiveCatalog> catalog_;
  std::unique_ptr<LiveUsers> users_;
  std::unique_ptr<Refresher> refresher_;
  std::unique_ptr<CatalogService> catalog_service_;
  std::unique_ptr<AssignmentService> assignment_service_;
  std::unique_ptr<EventService> event_service_;
  std::unique_ptr<ReportService> report_service_;
  std::unique_ptr<TierService> tier_service_;
  std::unique_ptr<grpc::Server> grpc_;
  int port_ = 0;
  std::atomic<bool> stopped_ = false;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  auto parts = std::make_unique<Parts>(options);
  TIERWISE_RETURN_IF_ERROR(parts->Start());
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() { Stop(); }

int Server::port() const { return parts_->port(); }

void Server::Stop() { parts_->Stop(); }

}  // namespace tierwise
