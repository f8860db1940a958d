// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/client/cli/fake_server.h"
#include "tests/client/cli/in_process.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

class ImportTest : public ::testing::Test {
 protected:
  ImportTest() : folder_(::testing::TempDir() + "/import_test") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    return folder_ + "/" + name;
  }
  static std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  RunResult Import(const std::string& file, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"import",     "events", "--file",          file,       "--set",
                                          "name=visit", "--set",  "time=2026-01-31", "--server", server_.address()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTierwise(arguments);
  }
  static std::string ManyUsers(int count) {
    std::string text = "user_id\n";
    for (int i = 0; i < count; ++i) absl::StrAppend(&text, "u", i, "\n");
    return text;
  }

  const std::string folder_;
  FakeServer server_;
};

TEST_F(ImportTest, SendsBatchesOfAtMostFiveThousand) {
  const RunResult result = Import(Write("many.csv", ManyUsers(12'345)));
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("events: 12,345 accepted of 12,345 rows"));
  EXPECT_EQ(server_.events.ids.size(), 12'345u);
  EXPECT_EQ(server_.events.largest_batch, 5'000);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/many.csv.rejected.csv"));
}

TEST_F(ImportTest, ImportingAgainNamesTheSameEvents) {
  const std::string file = Write("again.csv", ManyUsers(100));
  Import(file);
  EXPECT_EQ(Import(file).code, ExitCode::kOk);
  EXPECT_EQ(server_.events.ids.size(), 100u);
}

TEST_F(ImportTest, RejectedLinesAreKeptWithTheirReasons) {
  const std::string file = Write("some.csv", "user_id,note\nu1,x\n,y\nbad,\"z,1\"\nu2\n");
  const RunResult result = Import(file);
  EXPECT_EQ(result.code, ExitCode::kPartlyRejected);
  EXPECT_THAT(result.out, HasSubstr("1 accepted of 4 rows"));
  EXPECT_THAT(result.err, HasSubstr("3 rows rejected"));
  const std::string rejects = Read(file + ".rejected.csv");
  EXPECT_THAT(rejects, HasSubstr("line,field,reason,record\n"));
  EXPECT_THAT(rejects, HasSubstr("3,user_id,\"is empty, but required\",\",y\"\n"));
  EXPECT_THAT(rejects, HasSubstr("4,user_id,is not welcome,\"bad,\"\"z,1\"\"\"\n"));
  EXPECT_THAT(rejects, HasSubstr("5,,\"has 1 fields, the header has 2\",u2\n"));
}

TEST_F(ImportTest, GoesOnWhereItStopped) {
  const std::string file = Write("long.csv", ManyUsers(40'000));
  server_.events.fails_after = 2;
  const RunResult stopped = Import(file, {"--resume"});
  EXPECT_EQ(stopped.code, ExitCode::kFailed);
  EXPECT_THAT(stopped.err, HasSubstr("no space left"));
  EXPECT_THAT(stopped.err, HasSubstr("the same command goes on where this one stopped"));
  EXPECT_TRUE(std::filesystem::exists(file + ".tierwise-import.json"));

  server_.events.fails_after = -1;
  server_.events.calls = 0;
  const RunResult resumed = Import(file, {"--resume", "--json"});
  EXPECT_EQ(resumed.code, ExitCode::kOk) << resumed.err;
  EXPECT_EQ(server_.events.ids.size(), 40'000u);
  EXPECT_LT(server_.events.calls, 8);
  EXPECT_THAT(resumed.out, HasSubstr("\"rows\": 40000"));
  EXPECT_FALSE(std::filesystem::exists(file + ".tierwise-import.json"));
}

TEST_F(ImportTest, DoesNotGoOnInAnotherFileOrWithAnotherMapping) {
  const std::string file = Write("changed.csv", ManyUsers(40'000));
  server_.events.fails_after = 2;
  Import(file, {"--resume"});
  server_.events.fails_after = -1;
  EXPECT_EQ(Import(file, {"--resume", "--set", "name=other"}).code, ExitCode::kConflict);
  Write("changed.csv", absl::StrCat("user_id\nsomeone\n", ManyUsers(40'000).substr(8)));
  const RunResult other = Import(file, {"--resume"});
  EXPECT_EQ(other.code, ExitCode::kConflict);
  EXPECT_THAT(other.err, HasSubstr("is not the file that was being imported"));
}

TEST_F(ImportTest, ADryRunSendsNothing) {
  const RunResult result = Import(Write("dry.csv", ManyUsers(10)), {"--dry-run"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, HasSubstr("10 would be sent of 10 rows"));
  EXPECT_EQ(server_.events.calls, 0);
}

TEST_F(ImportTest, AnEmptyRepeatOptionSwitchesTheMappingsOff) {
  const std::string mapping = Write("m.yaml", "repeat: times\n");
  const std::string file = Write("r.csv", "user_id,times\nu1,3\nu2,0\n");
  Import(file, {"--mapping", mapping});
  EXPECT_EQ(server_.events.ids.size(), 3u);
  EXPECT_THAT(Import(file, {"--mapping", mapping, "--repeat", ""}).out, HasSubstr("2 accepted of 2 rows"));
}

class ProfileImportTest : public ImportTest {
 protected:
  ProfileImportTest() {
    v1::Definition country;
    country.mutable_attribute()->set_id("country");
    country.mutable_attribute()->set_type(v1::ATTRIBUTE_TYPE_STRING);
    server_.catalog.definitions["attributes/country"] = country;
  }
  RunResult ImportProfiles(const std::string& file) {
    return RunTierwise({"import", "profiles", "--file", file, "--server", server_.address()});
  }
  // Every user once in SG, then once more in MY.
  std::string ManyProfiles(int users) const {
    std::string text = "user_id,country\n";
    for (const char* country : {"SG", "MY"}) {
      for (int i = 0; i < users; ++i) absl::StrAppend(&text, "u", i, ",", country, "\n");
    }
    return Write("profiles.csv", text);
  }
  void ExpectLastCountryOf(size_t users) {
    ASSERT_EQ(server_.events.countries.size(), users);
    for (const auto& [user, country] : server_.events.countries) EXPECT_EQ(country, "MY") << user;
  }
};

TEST_F(ProfileImportTest, OneCallKeepsTheOrderOfTheFile) {
  const RunResult result = ImportProfiles(ManyProfiles(20'000));
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("profiles: 40,000 accepted of 40,000 rows"));
  ExpectLastCountryOf(20'000);
  EXPECT_EQ(server_.events.streams, 1);
}

TEST_F(ProfileImportTest, ACallThatBreaksIsTakenUpAgain) {
  server_.events.answers_a_call = 3;
  const RunResult result = ImportProfiles(ManyProfiles(20'000));
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_THAT(result.out, HasSubstr("profiles: 40,000 accepted of 40,000 rows"));
  ExpectLastCountryOf(20'000);
  EXPECT_GT(server_.events.streams, 1);
}

TEST_F(ProfileImportTest, BrokenLinesAreRejectedAndTheRestIsTaken) {
  std::string text = "user_id,country\n";
  for (int i = 0; i < 1'000; ++i) {
    absl::StrAppend(&text, i % 200 == 7 ? "u,SG,more\n" : i % 200 == 9 ? "bad,SG\n" : absl::StrCat("u", i, ",SG\n"));
  }
  const std::string file = Write("broken.csv", text);
  const RunResult result = ImportProfiles(file);
  EXPECT_EQ(result.code, ExitCode::kPartlyRejected) << result.err;
  EXPECT_THAT(Read(file + ".rejected.csv"), HasSubstr("user_id,is not welcome"));
  EXPECT_GE(server_.events.countries.size(), 985u);
}

}  // namespace
}  // namespace tierwise
