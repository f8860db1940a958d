// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/e2e/server_process.h"

namespace tierwise {

inline constexpr char kCommandBinary[] = TIERWISE_BINARY_DIR "/bin/tierwise";

// What a run of `tierwise` printed, and how it ended.
struct CommandResult {
  int exit_code;
  std::string out, err;
};

// The environment in which `tierwise` runs: knows the server at `address`, acts as "mei".
std::map<std::string, std::string> CommandEnvironment(const std::string& address);

void PrintTo(const CommandResult& result, std::ostream* out);

// Runs `tierwise` to its end.
CommandResult RunCommand(const std::string& address, const std::vector<std::string>& arguments,
                         const std::string& input = "");

void WriteFile(const std::string& path, absl::string_view content);

// A server process on a fresh store, and the `tierwise` command.
class EndToEndTest : public testing::Test {
 protected:
  EndToEndTest() : server_(folder_.File("store.duckdb")) {}

  CommandResult Tierwise(const std::vector<std::string>& arguments, const std::string& input = "") const {
    return RunCommand(server_.address(), arguments, input);
  }

  // What it prints; it must succeed.
  std::string MustTierwise(const std::vector<std::string>& arguments, const std::string& input = "") const;
  nlohmann::json MustJson(const std::vector<std::string>& arguments) const;

  // Writes `yaml` to a file and applies it.
  CommandResult Apply(absl::string_view yaml, const std::vector<std::string>& more = {}) const;

  // Everything that the server holds in definitions, their revisions and history included.
  std::string Catalog() const { return MustTierwise({"list", "--json"}) + MustTierwise({"history", "--json"}); }

  TemporaryFolder folder_;
  ServerProcess server_;
};

// Matches a CommandResult by its exit code and what it wrote to standard error.
MATCHER_P2(FailsWith, exit_code, message,
           absl::StrCat("ends with ", exit_code, " and an error that ",
                        testing::DescribeMatcher<std::string>(message))) {
  return arg.exit_code == exit_code && testing::Value(arg.err, message);
}

}  // namespace tierwise
