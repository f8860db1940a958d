// SPDX-License-Identifier: Apache-2.0
#include "server/options.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "experiments/base/problems.h"

namespace tierwise {
namespace {

absl::StatusOr<CommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "tierwise-server");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

std::set<std::string> FieldsOf(const absl::StatusOr<CommandLine>& command) {
  std::set<std::string> fields;
  for (const Problem& problem : ProblemsOf(command.status())) fields.insert(problem.field);
  return fields;
}

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) : path_(testing::TempDir() + "/tierwise-server.toml") {
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::remove(path_.c_str()); }
  const char* path() const { return path_.c_str(); }

 private:
  std::string path_;
};

TEST(OptionsTest, DefaultsAreLoopbackAndServe) {
  const auto command = Parse({});
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->action, CommandLine::Action::kServe);
  EXPECT_EQ(command->options.listen, "127.0.0.1:7443");
  EXPECT_EQ(command->options.max_message_bytes, 4 * 1024 * 1024);
}

TEST(OptionsTest, EveryProblemIsListedAtOnce) {
  const auto command = Parse({"--listen", "nowhere", "--store", "/no/such/folder/x", "--store-threads", "0",
                              "--max-threads", "many", "--log-level", "loud", "--shutdown-grace", "-1s", "--bogus"});
  EXPECT_EQ(FieldsOf(command), (std::set<std::string>{"--listen", "--store", "--store-threads", "--max-threads",
                                                      "--log-level", "--shutdown-grace", "--bogus"}));
}

TEST(OptionsTest, AConfigFileSetsWhatFlagsDoNot) {
  const ConfigFile file("listen = \"127.0.0.1:9000\"\nlog-level = \"debug\"\nstore-memory-mb = 256\n");
  const auto command = Parse({"--config", file.path(), "--log-level", "error"});
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->options.listen, "127.0.0.1:9000");
  EXPECT_EQ(command->options.log_level, LogLevel::kError);
  EXPECT_EQ(command->options.store.memory_limit_bytes, int64_t{256} << 20);
}

TEST(OptionsTest, UnknownNamesInAConfigFileAreProblems) {
  const ConfigFile file("listen = \"127.0.0.1:9000\"\nlisten-adress = \"x\"\n");
  EXPECT_FALSE(Parse({"--config", file.path()}).ok());
}

TEST(OptionsTest, AMissingConfigFileIsAProblem) { EXPECT_FALSE(Parse({"--config", "/no/such/file.toml"}).ok()); }

TEST(OptionsTest, CheckHelpAndVersionDoNotServe) {
  EXPECT_EQ(Parse({"--check"})->action, CommandLine::Action::kCheck);
  EXPECT_EQ(Parse({"--help"})->action, CommandLine::Action::kPrintAndExit);
  EXPECT_NE(Parse({"--help"})->print.find("Examples:"), std::string::npos);
  EXPECT_NE(Parse({"--version"})->print.find("tierwise-server "), std::string::npos);
}

}  // namespace
}  // namespace tierwise
