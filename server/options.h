// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/log.h"
#include "server/storage/store.h"
#include "server/tiers/refresher.h"

namespace tierwise {

// How the server runs. The defaults are safe: loopback only, gRPC's own limits.
struct ServerOptions {
  std::string listen = "127.0.0.1:7443";  // host:port; port 0 takes a free one
  StoreOptions store;
  int max_threads = 64;  // of gRPC's synchronous calls, at least 4
  int max_message_bytes = 4 * 1024 * 1024;
  absl::Duration shutdown_grace = absl::Seconds(5);  // for calls under way when the server is told to stop
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  int64_t refresh_memory_bytes = int64_t{1} << 30;  // about what events may take while a refresh reads them
  RefresherOptions refresher;
  std::string port_file;  // where to write the port that was taken; empty: nowhere
};

// What the command line asks for.
struct CommandLine {
  enum class Action { kServe, kCheck, kPrintAndExit };
  Action action = Action::kServe;
  std::string print;  // help or version, for kPrintAndExit
  ServerOptions options;
};

// Reads flags and, if --config names one, a TOML file with the same names; flags win. InvalidArgument lists every
// problem of both.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

}  // namespace tierwise
