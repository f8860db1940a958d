// SPDX-License-Identifier: Apache-2.0
// The built-in example, and the original data, loaded by the command into a server process.
#include "tests/e2e/hillstrom.h"

#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/e2e/end_to_end.h"

namespace tierwise {
namespace {

using nlohmann::json;
using testing::ElementsAre;

std::string Example(const std::string& file) { return absl::StrCat(kHillstromExample, "/", file); }

std::string Now() { return absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone()); }

class HillstromTest : public EndToEndTest {
 protected:
  // Runs the example's own script.
  CommandResult Load() const {
    auto environment = CommandEnvironment(server_.address());
    environment["TIERWISE"] = kCommandBinary;
    Process load({.command = {Example("load")}, .environment = environment, .input = ""});
    const int exit_code = load.Wait(absl::Seconds(120));
    return {exit_code, load.Out(), load.Err()};
  }

  json Report(const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments = {"report", "hillstrom", "--json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return MustJson(arguments);
  }

  // Rows read and facts accepted.
  std::vector<int64_t> Import(const std::string& kind, const std::string& mapping,
                              const std::vector<std::string>& options) {
    std::vector<std::string> arguments = {"import", kind, "--mapping", Example("import/" + mapping), "--json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const json summary = MustJson(arguments);
    return {summary.at("rows"), summary.at("accepted")};
  }
};

json WithoutTimes(json report) {
  report.erase("as_of");
  return report;
}

TEST_F(HillstromTest, TheExampleGivesThePublishedFiguresHoweverOftenItIsLoaded) {
  const CommandResult load = Load();
  ASSERT_EQ(load.exit_code, 0) << load.out << load.err;
  EXPECT_THAT(load.out, testing::HasSubstr("64,000 users"));
  const json report = Report();
  ExpectPublishedFigures(report);

  const CommandResult again = Load();
  ASSERT_EQ(again.exit_code, 0) << again.out << again.err;
  EXPECT_EQ(WithoutTimes(Report()), WithoutTimes(report));
}

TEST_F(HillstromTest, AsOfShowsWhatWasKnownThen) {
  MustTierwise({"apply", "-f", kHillstromExample});
  EXPECT_THAT(Tierwise({"report", "hillstrom"}), FailsWith(5, testing::HasSubstr("draft")));
  const std::string as_draft = Now();
  MustTierwise({"launch", "hillstrom"});
  const std::string before_import = Now();
  const std::string cells = Example("cells.csv");
  Import("profiles", "profiles.yaml", {"--file", cells});
  Import("exposures", "exposures.yaml", {"--file", cells});
  const std::string after_exposures = Now();
  const json then = Report();
  Import("events", "visits.yaml", {"--file", cells});
  Import("events", "purchases.yaml", {"--file", cells});
  ExpectPublishedFigures(Report());

  EXPECT_THAT(Tierwise({"report", "hillstrom", "--as-of", "2020-01-01"}),
              FailsWith(4, testing::HasSubstr("hillstrom")));
  EXPECT_THAT(Tierwise({"report", "hillstrom", "--as-of", as_draft}), FailsWith(5, testing::HasSubstr("draft")));
  EXPECT_EQ(Report({"--as-of", before_import}).at("cohort").at("users"), 0);
  EXPECT_EQ(WithoutTimes(Report({"--as-of", after_exposures})), WithoutTimes(then));
  EXPECT_EQ(then.at("cohort").at("users"), 64000);
  for (const json& arm : then.at("metrics").at(0).at("arms")) EXPECT_EQ(arm.at("total"), 0) << arm;
}

TEST_F(HillstromTest, TheOriginalFileGivesTheSameReport) {
  const std::string original = TIERWISE_SOURCE_DIR "/../shared/data/hillstrom/hillstrom.csv.gz";
  if (!std::filesystem::exists(original))
    GTEST_SKIP() << original << " is absent: the example's counts are tested only";
  MustTierwise({"apply", "-f", kHillstromExample});
  MustTierwise({"launch", "hillstrom"});
  const std::vector<std::string> options = {"--file",   original, "--rejects", folder_.File("rejected.csv"),
                                            "--repeat", ""};
  EXPECT_THAT(Import("profiles", "profiles.yaml", options), ElementsAre(64000, 64000));
  std::vector<std::string> exposures = options;
  exposures.insert(exposures.end(), {"--map", "variant=segment"});
  EXPECT_THAT(Import("exposures", "exposures.yaml", exposures), ElementsAre(64000, 64000));
  EXPECT_THAT(Import("events", "visits.yaml", options), ElementsAre(64000, 9394));
  EXPECT_THAT(Import("events", "purchases.yaml", options), ElementsAre(64000, 578));
  ExpectPublishedFigures(Report());
}

}  // namespace
}  // namespace tierwise
