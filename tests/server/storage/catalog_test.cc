// SPDX-License-Identifier: Apache-2.0
#include "server/storage/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/storage/store.h"
#include "tests/server/storage/stored_facts.h"
#include "tests/server/storage/temporary_folder.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Definition Segment(const std::string& id, int64_t revision, const std::string& display_name = "") {
  v1::Definition definition;
  definition.mutable_segment()->set_id(id);
  definition.mutable_segment()->set_display_name(display_name);
  definition.mutable_segment()->mutable_meta()->set_revision(revision);
  return definition;
}

CatalogChange Create(const std::string& id) {
  return {.name = "segments/" + id,
          .verb = v1::CHANGE_VERB_CREATE,
          .transition = "",
          .revision = 1,
          .after = Segment(id, 1)};
}

CatalogChange Update(const std::string& id, int64_t revision, const std::string& display_name) {
  return {.name = "segments/" + id,
          .verb = v1::CHANGE_VERB_UPDATE,
          .transition = "",
          .revision = revision,
          .after = Segment(id, revision, display_name)};
}

CatalogChange Delete(const std::string& id, int64_t revision) {
  return {
      .name = "segments/" + id, .verb = v1::CHANGE_VERB_DELETE, .transition = "", .revision = revision, .after = {}};
}

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() { Reopen(); }

  void Reopen() {
    store_ = {};
    absl::StatusOr<Store> store = OpenStore({.path = folder_.File("store.duckdb")});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  Catalog& catalog() { return *store_.catalog; }

  absl::Status Commit(int64_t version, std::vector<CatalogChange> changes) {
    return catalog().Commit({.catalog_version = version,
                             .time = At(version),
                             .actor = absl::StrCat("actor ", version),
                             .changes = std::move(changes)});
  }

  std::vector<std::string> NamesAt(int64_t version) {
    absl::StatusOr<Definitions> definitions = catalog().ReadAt(version);
    EXPECT_TRUE(definitions.ok()) << definitions.status();
    std::vector<std::string> names;
    for (const auto& [name, definition] : definitions->all()) names.push_back(name);
    return names;
  }

  TemporaryFolder folder_;
  Store store_;
};

TEST_F(CatalogTest, IsEmptyAtVersionZero) {
  EXPECT_EQ(*catalog().CurrentVersion(), 0);
  EXPECT_THAT(NamesAt(0), IsEmpty());
  EXPECT_EQ(catalog().ReadAt(1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(catalog().ReadAt(-1).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(CatalogTest, ReadsEveryVersionAsItWas) {
  ASSERT_TRUE(Commit(1, {Create("vip"), Create("new")}).ok());
  ASSERT_TRUE(Commit(2, {Update("vip", 2, "VIPs")}).ok());
  ASSERT_TRUE(Commit(3, {Delete("new", 2), Create("lapsed")}).ok());
  ASSERT_TRUE(Commit(4, {Create("new")}).ok());
  for (int round = 0; round < 2; ++round, Reopen()) {
    EXPECT_EQ(*catalog().CurrentVersion(), 4);
    EXPECT_THAT(NamesAt(0), IsEmpty());
    EXPECT_THAT(NamesAt(1), ElementsAre("segments/new", "segments/vip"));
    EXPECT_THAT(NamesAt(2), ElementsAre("segments/new", "segments/vip"));
    EXPECT_THAT(NamesAt(3), ElementsAre("segments/lapsed", "segments/vip"));
    EXPECT_THAT(NamesAt(4), ElementsAre("segments/lapsed", "segments/new", "segments/vip"));
    EXPECT_EQ(catalog().ReadAt(1)->FindSegment("vip")->display_name(), "");
    EXPECT_EQ(catalog().ReadAt(2)->FindSegment("vip")->display_name(), "VIPs");
    EXPECT_EQ(catalog().ReadAt(4)->FindSegment("vip")->meta().revision(), 2);
    EXPECT_EQ(catalog().ReadAt(3)->catalog_version(), 3);
  }
}

TEST_F(CatalogTest, RefusesACommitThatWasPreparedAgainstAnotherVersion) {
  ASSERT_TRUE(Commit(1, {Create("vip")}).ok());
  for (int64_t version : {0, 1, 3}) {
    EXPECT_EQ(Commit(version, {Create("other")}).code(), absl::StatusCode::kAborted) << version;
  }
  EXPECT_THAT(NamesAt(1), ElementsAre("segments/vip"));
  EXPECT_THAT(*catalog().ListChanges("segments/other", 0, 10), IsEmpty());
}

TEST_F(CatalogTest, OneOfManyCommitsAtOnceMakesAVersion) {
  constexpr int kThreads = 8;
  constexpr int kVersions = 10;
  std::atomic<int> committed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t version = 1; version <= kVersions; ++version) {
        absl::Status status = Commit(version, {Update("vip", version, absl::StrCat(t))});
        EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kAborted) << status;
        committed += status.ok();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(committed, *catalog().CurrentVersion());
  EXPECT_EQ(catalog().ListChanges("", 0, 1'000)->size(), static_cast<size_t>(committed));
}

TEST_F(CatalogTest, FindsTheVersionThatWasCurrentAtATime) {
  ASSERT_TRUE(Commit(1, {Create("vip")}).ok());
  ASSERT_TRUE(Commit(2, {Update("vip", 2, "VIPs")}).ok());
  EXPECT_EQ(*catalog().VersionAt(At(1) - absl::Microseconds(1)), 0);
  EXPECT_EQ(*catalog().VersionAt(At(1)), 1);
  EXPECT_EQ(*catalog().VersionAt(At(2) - absl::Microseconds(1)), 1);
  EXPECT_EQ(*catalog().VersionAt(absl::InfiniteFuture()), 2);
  EXPECT_EQ(*catalog().VersionAt(absl::InfinitePast()), 0);
}

TEST_F(CatalogTest, AuditTrailSaysWhoDidWhatWhenNewestFirst) {
  ASSERT_TRUE(Commit(1, {Create("vip"), Create("new")}).ok());
  CatalogChange launch = Update("vip", 2, "");
  launch.verb = v1::CHANGE_VERB_TRANSITION;
  launch.transition = "launch";
  ASSERT_TRUE(Commit(2, {launch}).ok());
  ASSERT_TRUE(Commit(3, {Delete("vip", 3)}).ok());
  Reopen();

  absl::StatusOr<std::vector<v1::Change>> changes = catalog().ListChanges("", 0, 10);
  ASSERT_TRUE(changes.ok()) << changes.status();
  std::vector<std::string> lines;
  for (const v1::Change& change : *changes) {
    lines.push_back(absl::StrCat(change.catalog_version(), " ", change.name(), "@", change.revision(), " ",
                                 v1::ChangeVerb_Name(change.verb()), " ", change.transition(), " by ", change.actor(),
                                 " at ", change.time().seconds() - absl::ToUnixSeconds(At(0))));
  }
  EXPECT_THAT(lines, ElementsAre("3 segments/vip@3 CHANGE_VERB_DELETE  by actor 3 at 3",
                                 "2 segments/vip@2 CHANGE_VERB_TRANSITION launch by actor 2 at 2",
                                 "1 segments/new@1 CHANGE_VERB_CREATE  by actor 1 at 1",
                                 "1 segments/vip@1 CHANGE_VERB_CREATE  by actor 1 at 1"));
}

TEST_F(CatalogTest, AuditTrailComesInPagesAndByName) {
  ASSERT_TRUE(Commit(1, {Create("vip"), Create("new")}).ok());
  for (int64_t version = 2; version <= 6; ++version) ASSERT_TRUE(Commit(version, {Update("vip", version, "")}).ok());
  auto versions = [&](absl::string_view name, int64_t offset, int limit) {
    std::vector<int64_t> found;
    const auto changes = catalog().ListChanges(name, offset, limit);
    for (const v1::Change& change : *changes) found.push_back(change.catalog_version());
    return found;
  };
  EXPECT_THAT(versions("segments/vip", 0, 3), ElementsAre(6, 5, 4));
  EXPECT_THAT(versions("segments/vip", 3, 100), ElementsAre(3, 2, 1));
  EXPECT_THAT(versions("segments/new", 0, 100), ElementsAre(1));
  EXPECT_THAT(versions("", 7, 100), IsEmpty());
}

}  // namespace
}  // namespace tierwise
