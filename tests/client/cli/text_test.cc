// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/line_diff.h"
#include "client/cli/progress.h"
#include "client/cli/text_table.h"
#include "tests/client/cli/in_process.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

TEST(LineDiffTest, EqualTextsHaveNoDifference) { EXPECT_EQ(UnifiedDiff("a\nb\n", "a\nb\n"), ""); }

TEST(LineDiffTest, AChangeStandsInItsContext) {
  EXPECT_EQ(UnifiedDiff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(LineDiffTest, DistantChangesHaveHunksOfTheirOwn) {
  EXPECT_EQ(UnifiedDiff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n"),
            "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

TEST(LineDiffTest, FromAndToNothing) {
  EXPECT_EQ(UnifiedDiff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(UnifiedDiff("a\n", ""), "@@ -1,1 +0,0 @@\n-a\n");
}

TEST(LineDiffTest, KeepsTheMostLines) {
  EXPECT_EQ(UnifiedDiff("x\na\nb\nc\ny\n", "a\nb\nz\nc\n"), "@@ -1,5 +1,4 @@\n-x\n a\n b\n+z\n c\n-y\n");
}

TEST(DisplayWidthTest, CountsWhatATerminalShows) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("春季"), 4);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1);  // e and a combining accent
  EXPECT_EQ(DisplayWidth("\xFF\xC3"), 2);   // malformed
}

TEST(TextTableTest, AlignsByWhatIsShown) {
  TextTable table({{"NAME"}, {"N", TextTable::Align::kRight}});
  table.AddRow({{"春", {}}, {"1", {}}});
  table.AddRow({{"longer", {}}, {"1,000", {}}});
  EXPECT_EQ(table.Render(80, false), "NAME        N\n春          1\nlonger  1,000\n");
}

TEST(TextTableTest, DropsColumnsInOrderUntilItFits) {
  TextTable table({{"a"}, {"second", TextTable::Align::kLeft, 1}, {"first", TextTable::Align::kLeft, 2}});
  table.AddRow({{"1", {}}, {"2", {}}, {"3", {}}});
  EXPECT_THAT(table.Render(16, false), HasSubstr("first"));
  EXPECT_EQ(table.Render(15, false), "a  second\n1  2\n");
  EXPECT_EQ(table.Render(3, false), "a\n1\n");
}

TEST(TextTableTest, ColoursDoNotChangeTheLayout) {
  TextTable table({{""}, {""}});
  table.AddRow({{"ok", Style::kGreen}, {"x", {}}});
  EXPECT_EQ(table.Render(80, true), "\033[32mok\033[0m  x\n");
}

TEST(ProgressTest, SaysHowFarHowFastAndHowLong) {
  EXPECT_EQ(ProgressLine("f.csv", 50, 100, 31'000, absl::Seconds(10)),
            "f.csv  [############............]   50 %  31,000 rows  3,100 rows/s  0:10 left");
  EXPECT_EQ(ProgressLine("-", 50, 0, 1'000, absl::Seconds(1)), "-  1,000 rows  1,000 rows/s");
  EXPECT_EQ(WithThousands(-1234567), "-1,234,567");
  EXPECT_EQ(WithThousands(-123), "-123");
}

TEST(CommandLineTest, HelpNamesEveryExitCode) {
  const RunResult help = RunTierwise({"--help"});
  EXPECT_EQ(help.code, ExitCode::kOk);
  for (const char* line :
       {"0  done", "2  the command line", "3  done, but some lines", "6  the server can't be reached"}) {
    EXPECT_THAT(help.out, HasSubstr(line));
  }
}

TEST(CommandLineTest, EveryCommandHasHelpWithAnExample) {
  for (const char* verb : {"apply", "get",    "list",     "export", "delete",  "history", "launch",
                           "pause", "resume", "conclude", "assign", "explain", "import",  "report",
                           "tiers", "reach",  "profile",  "erase",  "call",    "health",  "completion"}) {
    const RunResult help = RunTierwise({verb, "--help"});
    EXPECT_EQ(help.code, ExitCode::kOk) << verb;
    EXPECT_THAT(help.out, HasSubstr("Examples:\n  ")) << verb;
  }
}

TEST(CommandLineTest, EveryVerbOfTiersHasHelpWithAnExample) {
  for (const char* verb : {"template", "preview", "refresh", "refreshes", "cancel", "show", "history", "transitions",
                           "movers", "thresholds", "clusters"}) {
    const RunResult help = RunTierwise({"tiers", verb, "--help"});
    EXPECT_EQ(help.code, ExitCode::kOk) << verb;
    EXPECT_THAT(help.out, HasSubstr("Examples:\n  ")) << verb;
  }
}

TEST(CommandLineTest, AnUnknownCommandNamesTheNearest) {
  const RunResult result = RunTierwise({"aply"});
  EXPECT_EQ(result.code, ExitCode::kInvalid);
  EXPECT_THAT(result.err, HasSubstr("there is no command `aply`; did you mean \"apply\"?"));
}

TEST(CommandLineTest, WrongUseIsAnError) {
  EXPECT_EQ(RunTierwise({}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"apply"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"get"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"get", "spring"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"list", "campains"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"assign"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"conclude", "spring"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"conclude", "spring", "--rolled-back", "--inconclusive"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"report", "spring", "--confidence", "95"}).code, ExitCode::kInvalid);
  EXPECT_EQ(RunTierwise({"list", "--timeout", "soon"}).code, ExitCode::kInvalid);
}

TEST(CommandLineTest, AServerThatIsNotThereHasItsOwnExitCode) {
  const RunResult result = RunTierwise({"list", "--server", "127.0.0.1:1", "--timeout", "5s"});
  EXPECT_EQ(result.code, ExitCode::kUnavailable);
  EXPECT_THAT(result.err, HasSubstr("can't reach the server at 127.0.0.1:1"));
}

TEST(CompletionTest, EveryShellGetsVerbsAndOptions) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const RunResult result = RunTierwise({"completion", shell});
    EXPECT_EQ(result.code, ExitCode::kOk);
    for (const char* word : {"conclude", "rolled-back", "exposures", "server", "transitions", "to-tier", "life-cycle"})
      EXPECT_THAT(result.out, HasSubstr(word));
  }
  EXPECT_EQ(RunTierwise({"completion", "tcsh"}).code, ExitCode::kInvalid);
}

}  // namespace
}  // namespace tierwise
