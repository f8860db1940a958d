// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/command.h"
#include "experiments/base/status_macros.h"
#include "grpc/health/v1/health.pb.h"

namespace tierwise {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

absl::StatusOr<ExitCode> Health(const std::string& service, const Invocation& invocation) {
  HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  const Connection connection(invocation.connection);
  const absl::Time start = absl::Now();
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  const absl::Duration took = absl::Trunc(absl::Now() - start, absl::Microseconds(100));
  invocation.terminal.out << HealthCheckResponse::ServingStatus_Name(response.status()) << "  "
                          << connection.options().server << "  " << absl::FormatDuration(took) << '\n';
  if (response.status() != HealthCheckResponse::SERVING) {
    return absl::UnavailableError(absl::StrCat(connection.options().server, " is up, but does not serve now"));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddHealthCommand(CLI::App& app, Invocation& invocation) {
  auto service = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("health", "Ask whether the server serves")->alias("ping");
  command->add_option("SERVICE", *service, "Full name of one service; none asks about the server as a whole");
  command->footer("Examples:\n  tierwise health\n  tierwise health --server 10.0.0.5:7443 --timeout 2s\n");
  command->callback(
      [service, &invocation] { invocation.action = [service, &invocation] { return Health(*service, invocation); }; });
}

void AddVersionCommand(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("version", "Print the version of this command");
  command->footer("Examples:\n  tierwise version\n");
  command->callback([&invocation] {
    invocation.action = [&invocation]() -> absl::StatusOr<ExitCode> {
      invocation.terminal.out << "tierwise " TIERWISE_VERSION "\n";
      return ExitCode::kOk;
    };
  });
}

}  // namespace tierwise
