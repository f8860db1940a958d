// SPDX-License-Identifier: Apache-2.0
// What the `tierwise` command promises about itself: help, exit codes, and what it says when no server answers.
#include <sstream>
#include <string>
#include <vector>

#include "tests/e2e/end_to_end.h"

namespace tierwise {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Nothing serves there: port 1 is reserved.
CommandResult Offline(const std::vector<std::string>& arguments) { return RunCommand("127.0.0.1:1", arguments); }

// As `tierwise --help` lists them.
std::vector<std::string> Verbs() {
  std::istringstream help(Offline({"--help"}).out);
  std::vector<std::string> verbs;
  bool is_verb = false;
  for (std::string line; std::getline(help, line);) {
    if (is_verb && line.empty()) break;
    if (is_verb && line.rfind("  ", 0) == 0 && line[2] != ' ')
      verbs.push_back(line.substr(2, line.find_first_of(" ,", 2) - 2));
    is_verb = is_verb || line == "Subcommands:";
  }
  return verbs;
}

TEST(CommandLineTest, EveryVerbHasHelpWithAnExample) {
  const std::vector<std::string> verbs = Verbs();
  EXPECT_THAT(
      verbs, testing::IsSupersetOf({"apply", "get", "list", "export", "delete", "launch", "pause", "resume", "conclude",
                                    "assign", "explain", "import", "report", "call", "version", "completion"}));
  for (const std::string& verb : verbs) {
    const CommandResult help = Offline({verb, "--help"});
    EXPECT_EQ(help.exit_code, 0) << verb;
    EXPECT_THAT(help.out, HasSubstr("\n  tierwise " + verb)) << verb;
    EXPECT_EQ(help.err, "") << verb;
  }
}

TEST(CommandLineTest, ExitCodesAreInTheHelp) {
  const std::string help = Offline({"--help"}).out;
  for (const char* line : {"0  done", "1  failed", "2  the command line", "3  done, but", "4  not found", "5  conflict",
                           "6  the server"}) {
    EXPECT_THAT(help, HasSubstr(line));
  }
}

TEST(CommandLineTest, WhatItDoesNotKnowIsNamed) {
  EXPECT_THAT(Offline({"aply"}), FailsWith(2, AllOf(HasSubstr("`aply`"), HasSubstr("apply"))));
  EXPECT_THAT(Offline({"list", "--colour"}), FailsWith(2, HasSubstr("--colour")));
  EXPECT_THAT(Offline({"list", "campains"}), FailsWith(2, HasSubstr("campaigns")));
  EXPECT_THAT(Offline({"report"}), FailsWith(2, HasSubstr("CAMPAIGN")));
  EXPECT_THAT(Offline({"apply", "-f", "/no/such/file.yaml"}), FailsWith(4, HasSubstr("/no/such/file.yaml")));
  EXPECT_THAT(Offline({}), FailsWith(2, HasSubstr("--help")));
}

TEST(CommandLineTest, AServerThatDoesNotAnswerIsNamed) {
  EXPECT_THAT(Offline({"list"}), FailsWith(6, AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("TIERWISE_SERVER"))));
  EXPECT_THAT(Offline({"health"}), FailsWith(6, HasSubstr("127.0.0.1:1")));
}

TEST(CommandLineTest, VersionAndCompletionNeedNoServer) {
  EXPECT_EQ(Offline({"version"}).out.rfind("tierwise 0.", 0), 0u);
  EXPECT_THAT(Offline({"completion", "bash"}).out, HasSubstr("complete"));
}

}  // namespace
}  // namespace tierwise
