// SPDX-License-Identifier: Apache-2.0
#include "server/options.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"

#ifndef TIERWISE_VERSION
#error "TIERWISE_VERSION is set by the build"
#endif

namespace tierwise {
namespace {

constexpr char kExamples[] = R"(
Examples:
  tierwise-server --store shop.duckdb
  tierwise-server --config tierwise-server.toml --check
  tierwise-server --listen 0.0.0.0:7443      put a proxy with TLS in front: see docs/operations.md

Exit codes: 0 stopped when told to; 1 could not start or run; 2 bad flags or config file.)";

// Every flag is read as text, so that all that are wrong can be listed at once.
struct RawOptions {
  std::string listen, store, store_threads, store_memory_mb, refresh_memory_mb, max_threads, max_message_kb,
      shutdown_grace, log_level, log_format, port_file;
  bool check = false;
};

void CheckListen(const std::string& text, Problems& problems) {
  const size_t colon = text.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    problems.Add("--listen", absl::StrCat("\"", text, "\" is not host:port with a port from 0 to 65535"));
  }
}

int Whole(const std::string& text, absl::string_view flag, int lowest, int highest, Problems& problems) {
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < lowest || value > highest) {
    problems.Add(flag, absl::StrCat("\"", text, "\" is not a whole number from ", lowest, " to ", highest));
  }
  return value;
}

template <typename T>
T OneOf(const std::string& text, absl::string_view flag, const std::vector<std::pair<std::string, T>>& allowed,
        Problems& problems) {
  std::string names;
  for (const auto& [name, value] : allowed) {
    if (text == name) return value;
    absl::StrAppend(&names, names.empty() ? "" : ", ", name);
  }
  problems.Add(flag, absl::StrCat("\"", text, "\" is not one of ", names));
  return allowed.front().second;
}

ServerOptions Check(const RawOptions& raw, Problems& problems) {
  ServerOptions options;
  CheckListen(raw.listen, problems);
  options.listen = raw.listen;
  options.store.path = raw.store;
  const std::filesystem::path folder = std::filesystem::path(raw.store).parent_path();
  std::error_code error;
  if (raw.store.empty()) {
    problems.Add("--store", "must name a file");
  } else if (std::filesystem::is_directory(raw.store, error)) {
    problems.Add("--store", absl::StrCat("\"", raw.store, "\" is a folder; name a file in it"));
  } else if (!folder.empty() && !std::filesystem::is_directory(folder, error)) {
    problems.Add("--store", absl::StrCat("the folder \"", folder.string(), "\" does not exist"));
  }
  options.store.threads = Whole(raw.store_threads, "--store-threads", 1, 256, problems);
  options.store.memory_limit_bytes =
      int64_t{Whole(raw.store_memory_mb, "--store-memory-mb", 128, 1 << 20, problems)} * 1024 * 1024;
  options.refresh_memory_bytes =
      int64_t{Whole(raw.refresh_memory_mb, "--refresh-memory-mb", 64, 1 << 20, problems)} * 1024 * 1024;
  options.max_threads = Whole(raw.max_threads, "--max-threads", 4, 4096, problems);
  options.max_message_bytes = Whole(raw.max_message_kb, "--max-message-kb", 64, 64 * 1024, problems) * 1024;
  if (!absl::ParseDuration(raw.shutdown_grace, &options.shutdown_grace) ||
      options.shutdown_grace < absl::ZeroDuration() || options.shutdown_grace > absl::Minutes(10)) {
    problems.Add("--shutdown-grace", absl::StrCat("\"", raw.shutdown_grace, "\" is not a duration from 0s to 10m"));
  }
  options.log_level = OneOf<LogLevel>(raw.log_level, "--log-level",
                                      {{"debug", LogLevel::kDebug},
                                       {"info", LogLevel::kInfo},
                                       {"warning", LogLevel::kWarning},
                                       {"error", LogLevel::kError}},
                                      problems);
  options.log_format = OneOf<LogFormat>(raw.log_format, "--log-format",
                                        {{"text", LogFormat::kText}, {"json", LogFormat::kJson}}, problems);
  options.port_file = raw.port_file;
  return options;
}

void DeclareFlags(CLI::App& app, RawOptions& raw) {
  app.add_option("--listen", raw.listen, "Address of the gRPC API, host:port; port 0 takes a free one")
      ->default_val("127.0.0.1:7443");
  app.add_option("--store", raw.store, "The DuckDB file that holds everything; created if there is none")
      ->default_val("tierwise.duckdb");
  app.add_option("--store-threads", raw.store_threads, "Threads of the store, of reports and refreshes")
      ->default_val("2");
  app.add_option("--store-memory-mb", raw.store_memory_mb, "Memory that the store may use, in MiB")
      ->default_val("1024");
  app.add_option("--refresh-memory-mb", raw.refresh_memory_mb, "Memory for events while a refresh reads them, in MiB")
      ->default_val("1024");
  app.add_option("--max-threads", raw.max_threads, "Threads for calls that wait (catalog, events, reports)")
      ->default_val("64");
  app.add_option("--max-message-kb", raw.max_message_kb, "Largest request taken, in KiB")->default_val("4096");
  app.add_option("--shutdown-grace", raw.shutdown_grace, "How long calls under way may take when told to stop")
      ->default_val("5s");
  app.add_option("--log-level", raw.log_level, "debug, info, warning or error")->default_val("info");
  app.add_option("--log-format", raw.log_format, "text or json, one line an entry, on stderr")->default_val("text");
  app.add_option("--port-file", raw.port_file, "Write the port taken to this file once serving");
  app.add_flag("--check", raw.check, "Check flags and config file, then exit")->configurable(false);
  app.set_config("--config", "", "A TOML file with the names above, without dashes in front");
  app.allow_config_extras(CLI::config_extras_mode::capture);
  app.allow_extras();
  app.footer(kExamples);
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App app("Tierwise: tier-targeted campaigns and experiments, as a gRPC server.", "tierwise-server");
  RawOptions raw;
  DeclareFlags(app, raw);
  app.set_version_flag("--version", "tierwise-server " TIERWISE_VERSION);
  CommandLine command;
  Problems problems;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    command.action = CommandLine::Action::kPrintAndExit;
    command.print = app.help();
    return command;
  } catch (const CLI::CallForVersion& version) {
    command.action = CommandLine::Action::kPrintAndExit;
    command.print = absl::StrCat(version.what(), "\n");
    return command;
  } catch (const CLI::Error& error) {
    return InvalidField("command line", error.what());
  }
  for (const std::string& extra : app.remaining()) {
    problems.Add(extra, "is not a flag or a name of the config file; see --help");
  }
  command.options = Check(raw, problems);
  if (!problems.empty()) return problems.ToStatus();
  if (raw.check) command.action = CommandLine::Action::kCheck;
  return command;
}

}  // namespace tierwise
