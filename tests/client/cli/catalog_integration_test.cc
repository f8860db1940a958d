// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/client/cli/fake_server.h"
#include "tests/client/cli/in_process.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;

class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest() : folder_(::testing::TempDir() + "/catalog_test") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    return folder_ + "/" + name;
  }
  RunResult Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", server_.address(), "--actor", "ann"});
    return RunTierwise(arguments);
  }

  const std::string folder_;
  FakeServer server_;
};

TEST_F(CatalogTest, ApplyShowsTheDifferenceAndWritesOnce) {
  const std::string file = Write("l.yaml", "kind: Layer\nid: email\ndisplay_name: Mail\n");
  const RunResult dry = Run({"apply", "-f", file, "--dry-run"});
  EXPECT_EQ(dry.code, ExitCode::kOk) << dry.err;
  EXPECT_EQ(dry.out,
            "create layers/email\n@@ -0,0 +1,3 @@\n+kind: Layer\n+id: email\n+display_name: Mail\n"
            "dry run, nothing written: 1 created, 0 updated, 0 unchanged; catalog version 0\n");
  EXPECT_TRUE(server_.catalog.definitions.empty());

  EXPECT_THAT(Run({"apply", "-f", file}).out,
              HasSubstr("applied: 1 created, 0 updated, 0 unchanged; catalog version 1"));
  EXPECT_EQ(server_.catalog.last_actor, "ann");
  EXPECT_EQ(Run({"apply", "-f", file}).out,
            "nothing to change: 0 created, 0 updated, 1 unchanged; catalog version 1\n");
  EXPECT_EQ(server_.catalog.version, 1);

  Write("l.yaml", "kind: Layer\nid: email\ndisplay_name: E-mail\n");
  EXPECT_THAT(Run({"apply", "-f", file}).out, HasSubstr(" id: email\n-display_name: Mail\n+display_name: E-mail\n"));
}

TEST_F(CatalogTest, ProblemsOfTheServerNameFileAndLine) {
  const RunResult result = Run({"apply", "-f", Write("w.yaml", "kind: Layer\nid: wrong\nsalt: ü\n")});
  EXPECT_EQ(result.code, ExitCode::kInvalid);
  EXPECT_THAT(result.err, HasSubstr("w.yaml:3: salt: must be ASCII\n"));
}

TEST_F(CatalogTest, AChangeInBetweenIsAConflict) {
  server_.catalog.moves_on = true;
  EXPECT_EQ(Run({"apply", "-f", Write("c.yaml", "kind: Layer\nid: a\n")}).code, ExitCode::kConflict);
}

TEST_F(CatalogTest, WhatIsExportedIsAppliedUnchanged) {
  Run({"apply", "-f", TIERWISE_SOURCE_DIR "/examples/hillstrom"});
  const RunResult exported = Run({"export"});
  EXPECT_EQ(exported.code, ExitCode::kOk);
  EXPECT_THAT(Run({"apply", "-f", Write("all.yaml", exported.out)}).out,
              HasSubstr("nothing to change: 0 created, 0 updated, 8 unchanged"));

  const std::string folder = folder_ + "/out";
  EXPECT_EQ(Run({"export", "-o", folder}).code, ExitCode::kOk);
  EXPECT_TRUE(std::filesystem::exists(folder + "/campaigns.hillstrom.yaml"));
  EXPECT_THAT(Run({"apply", "-f", folder}).out, HasSubstr("8 unchanged"));
  EXPECT_EQ(Run({"export", "--json", "-o", folder_ + "/json"}).code, ExitCode::kOk);
  EXPECT_THAT(Run({"apply", "-f", folder_ + "/json"}).out, HasSubstr("8 unchanged"));
}

TEST_F(CatalogTest, ListReadsEveryPage) {
  Run({"apply", "-f", TIERWISE_SOURCE_DIR "/examples/hillstrom"});
  EXPECT_EQ(Run({"list", "--names"}).out,
            "attributes/newbie\nattributes/recency\nattributes/spend_band\ncampaigns/hillstrom\nmetrics/"
            "conversion\nmetrics/spend\nmetrics/visit\ntierings/value\n");
}

TEST_F(CatalogTest, GetTakesBothFormsOfAName) {
  Run({"apply", "-f", Write("l.yaml", "kind: Layer\nid: email\n")});
  EXPECT_EQ(Run({"get", "layers/email"}).out, "kind: Layer\nid: email\n");
  EXPECT_EQ(Run({"get", "layer", "email"}).out, "kind: Layer\nid: email\n");
  EXPECT_THAT(Run({"get", "layer", "email", "--json"}).out, HasSubstr("\"kind\": \"Layer\""));
  EXPECT_EQ(Run({"get", "layers/none"}).code, ExitCode::kNotFound);
}

TEST_F(CatalogTest, AMethodThatIsNotServedFails) {
  EXPECT_EQ(Run({"report", "spring"}).code, ExitCode::kFailed);
  EXPECT_EQ(Run({"call", "--list"}).code, ExitCode::kFailed);
}

}  // namespace
}  // namespace tierwise
