// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/clusters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/tiering_program.h"

namespace tierwise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

struct Column {
  std::string attribute;
  v1::AttributeType type = v1::ATTRIBUTE_TYPE_DOUBLE;
  std::vector<double> values;
};

absl::StatusOr<UserClusters> Find(const std::vector<Column>& columns, const ClusterOptions& options) {
  std::vector<ClusterColumn> spans;
  for (const Column& column : columns) spans.push_back({column.attribute, column.type, column.values});
  return FindClusters(spans, options);
}

std::vector<std::string> ProblemsOfInput(const std::vector<Column>& columns, const ClusterOptions& options) {
  std::vector<std::string> found;
  const auto clusters = Find(columns, options);
  EXPECT_EQ(clusters.status().code(), absl::StatusCode::kInvalidArgument) << clusters.status();
  for (const Problem& problem : ProblemsOf(clusters.status())) {
    found.push_back(absl::StrCat(problem.field, ": ", problem.description));
  }
  return found;
}

// A shop with a head, a waist and a tail: what users spent and how often they ordered, user by user.
std::vector<Column> Shop(uint64_t seed, int users) {
  std::vector<Column> columns = {{"spend", v1::ATTRIBUTE_TYPE_DOUBLE, {}}, {"orders", v1::ATTRIBUTE_TYPE_INT, {}}};
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  for (int i = 0; i < users; ++i) {
    const int group = i % 10 == 0 ? 0 : i % 10 < 4 ? 1 : 2;
    const double spend[] = {5'000.0, 300.0, 15.0};
    const double orders[] = {60.0, 12.0, 2.0};
    columns[0].values.push_back(spend[group] * std::exp(0.25 * normal(random)));
    columns[1].values.push_back(std::round(orders[group] * std::exp(0.15 * normal(random))));
  }
  return columns;
}

std::vector<std::string> RulesOf(const UserClusters& clusters) {
  std::vector<std::string> rules;
  for (const v1::TierRule& rule : clusters.tiering.rules().rules()) {
    rules.push_back(absl::StrCat(rule.tier(), ": ", rule.when().text()));
  }
  rules.push_back(absl::StrCat("else ", clusters.tiering.rules().otherwise()));
  return rules;
}

Definitions AttributesOf(const std::vector<Column>& columns) {
  Definitions definitions;
  for (const Column& column : columns) {
    v1::Definition definition;
    definition.mutable_attribute()->set_id(column.attribute);
    definition.mutable_attribute()->set_type(column.type);
    definitions.Put(definition);
  }
  return definitions;
}

TEST(ClustersTest, FindsHeadWaistAndTail) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const auto found = Find(Shop(seed, 3'000), {.clusters = 3, .seed = seed});
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(found->clusters.size(), 3u);
    EXPECT_EQ(found->users, 3'000);
    EXPECT_EQ(found->clusters[0].users, 300);
    EXPECT_EQ(found->clusters[1].users, 900);
    EXPECT_EQ(found->clusters[2].users, 1'800);
    EXPECT_NEAR(found->clusters[1].means[1], 12.0, 0.5);
    EXPECT_GT(found->silhouette, 0.7);
    EXPECT_EQ(found->agreement, 1.0);
  }
}

TEST(ClustersTest, ItsRulesAreShortRoundAndRight) {
  const std::vector<Column> shop = Shop(1, 3'000);
  const auto found = Find(shop, {.clusters = 3});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->agreement, 1.0);
  EXPECT_THAT(RulesOf(*found),
              ElementsAre(MatchesRegex("cluster-1: spend >= [1-9]0+"),
                          MatchesRegex("cluster-2: spend >= [1-9]0+ and spend < [1-9]0+"), "else cluster-3"));
  v1::Tiering tiering = found->tiering;
  tiering.set_id("clusters");
  Problems problems;
  const Definitions definitions = AttributesOf(shop);
  CheckTiering(tiering, definitions, "", problems);
  EXPECT_TRUE(problems.empty()) << problems.ToStatus();
}

TEST(ClustersTest, ItsTieringPutsUsersWhereTheAgreementSays) {
  // Groups that overlap, by two attributes.
  std::vector<Column> columns = {{"a", v1::ATTRIBUTE_TYPE_DOUBLE, {}}, {"b", v1::ATTRIBUTE_TYPE_DOUBLE, {}}};
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 2'000; ++i) {
    columns[0].values.push_back(3 * (i % 2) + normal(random));
    columns[1].values.push_back(3 * (i / 2 % 2) + normal(random));
  }
  const auto found = Find(columns, {.clusters = 4});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_GT(found->agreement, 0.9);
  const Definitions definitions = AttributesOf(columns);
  const AttributeSchema schema(definitions);
  const TieringProgram program(found->tiering, schema, definitions);
  std::vector<int64_t> users(4);
  for (size_t i = 0; i < columns[0].values.size(); ++i) {
    UserAttributes user(schema);
    user.SetDouble(0, columns[0].values[i]);
    user.SetDouble(1, columns[1].values[i]);
    ++users[static_cast<size_t>(program.TierOf(user, 0))];
  }
  // As many users moved as disagree, at most.
  double moved = 0.0;
  for (size_t c = 0; c < users.size(); ++c) moved += std::abs(static_cast<double>(users[c] - found->clusters[c].users));
  EXPECT_LE(moved / 2, (1.0 - found->agreement) * 2'000 + 1e-6);
}

TEST(ClustersTest, TheSameSeedGivesTheSameClusters) {
  const std::vector<Column> shop = Shop(3, 500);
  const auto once = Find(shop, {.clusters = 5, .seed = 9});
  const auto again = Find(shop, {.clusters = 5, .seed = 9});
  ASSERT_TRUE(once.ok() && again.ok());
  EXPECT_EQ(RulesOf(*once), RulesOf(*again));
  EXPECT_EQ(once->silhouette, again->silhouette);
}

TEST(ClustersTest, UnitsAndOrderDoNotMatter) {
  std::vector<Column> shop = Shop(4, 1'000);
  const auto plain = Find(shop, {.clusters = 3, .use_log_scale = false});
  for (double& value : shop[0].values) value = -0.001 * value;
  std::swap(shop[0], shop[1]);
  const auto changed = Find(shop, {.clusters = 3, .use_log_scale = false});
  ASSERT_TRUE(plain.ok() && changed.ok());
  for (size_t c = 0; c < 3; ++c) EXPECT_EQ(plain->clusters[c].users, changed->clusters[c].users);
  EXPECT_NEAR(plain->silhouette, changed->silhouette, 1e-9);
}

TEST(ClustersTest, LogarithmsTellSmallSpendersApart) {
  // 1, 10, 100 and 1,000, with noise: without logarithms the small ones are one heap.
  std::vector<Column> columns = {{"spend", v1::ATTRIBUTE_TYPE_DOUBLE, {}}};
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 2'000; ++i) {
    columns[0].values.push_back(std::pow(10.0, 1 + i % 4) * std::exp(0.1 * normal(random)));
  }
  const auto with = Find(columns, {.clusters = 4});
  const auto without = Find(columns, {.clusters = 4, .use_log_scale = false});
  ASSERT_TRUE(with.ok() && without.ok());
  for (const UserCluster& cluster : with->clusters) EXPECT_EQ(cluster.users, 500);
  EXPECT_EQ(without->clusters[3].users, 1'000);
}

TEST(ClustersTest, UsersWithoutAValueAreLeftOut) {
  std::vector<Column> shop = Shop(6, 1'000);
  for (size_t i = 0; i < 100; ++i) shop[i % 2].values[i] = kMissing;
  const auto found = Find(shop, {.clusters = 3});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->users, 900);
}

TEST(ClustersTest, TimesAreCutAtDaysOrMonths) {
  std::vector<Column> columns = {{"last_order", v1::ATTRIBUTE_TYPE_TIMESTAMP, {}}};
  const double day = 86'400e6;
  for (int i = 0; i < 200; ++i)
    columns[0].values.push_back((19'000 + i % 20 + (i < 100 ? 0 : 300)) * day + i * 1'000'003);
  const auto found = Find(columns, {.clusters = 2});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(RulesOf(*found), ElementsAre("cluster-1: last_order >= t\"2022-11-01T00:00:00Z\"", "else cluster-2"));
  EXPECT_NEAR(found->clusters[0].means[0], 19'309.5, 0.1);
}

TEST(ClustersTest, EveryClusterHasARule) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Column> columns = {{"a", v1::ATTRIBUTE_TYPE_INT, {}}, {"b", v1::ATTRIBUTE_TYPE_INT, {}}};
    for (int i = 0; i < 60; ++i) {
      columns[0].values.push_back(static_cast<double>(random() % 5));
      columns[1].values.push_back(static_cast<double>(random() % 5));
    }
    const int clusters = 2 + static_cast<int>(seed % 11);
    const auto found = Find(columns, {.clusters = clusters, .seed = seed});
    ASSERT_TRUE(found.ok()) << found.status();
    v1::Tiering tiering = found->tiering;
    tiering.set_id("clusters");
    Problems problems;
    CheckTiering(tiering, AttributesOf(columns), "", problems);
    EXPECT_TRUE(problems.empty()) << problems.ToStatus();
    EXPECT_EQ(tiering.tiers_size(), clusters);
    for (const UserCluster& cluster : found->clusters) EXPECT_GT(cluster.users, 0);
  }
}

TEST(ClustersTest, HugeAndTinyNumbersAreNumbers) {
  for (const double unit : {1e-200, 1e90}) {
    std::vector<Column> columns = {{"a", v1::ATTRIBUTE_TYPE_DOUBLE, {}}};
    for (int i = 0; i < 100; ++i) columns[0].values.push_back(unit * (i % 2 == 0 ? 1 + i : 1'000 + i));
    const auto found = Find(columns, {.clusters = 2});
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->clusters[0].users, 50);
    EXPECT_TRUE(std::isfinite(found->silhouette));
  }
}

TEST(ClustersTest, InputThatHasNoClustersIsAnError) {
  const Column some = {"a", v1::ATTRIBUTE_TYPE_DOUBLE, {1, 1, 2, 2}};
  const Column equal = {"b", v1::ATTRIBUTE_TYPE_DOUBLE, {7, 7, 7, 7}};
  EXPECT_THAT(ProblemsOfInput({some, equal}, {.clusters = 2}),
              ElementsAre("attributes[1]: \"b\" is the same for all 4 users: leave it out"));
  EXPECT_THAT(ProblemsOfInput({some}, {.clusters = 3}),
              ElementsAre("clusters: is 3, but only 2 of the 4 users differ in these attributes"));
  EXPECT_THAT(
      ProblemsOfInput({{"a", v1::ATTRIBUTE_TYPE_INT, {1, kMissing}}, {"b", v1::ATTRIBUTE_TYPE_INT, {kMissing, 2}}},
                      {.clusters = 2}),
      ElementsAre("attributes: none of 2 users has a value of all of them: a is known of 1, b is known of 1"));
  EXPECT_THAT(ProblemsOfInput({{"a", v1::ATTRIBUTE_TYPE_INT, {}}}, {.clusters = 2}),
              ElementsAre(HasSubstr("attributes: none of 0 users")));
}

TEST(ClustersTest, RequestsAreBounded) {
  const Column some = {"a", v1::ATTRIBUTE_TYPE_DOUBLE, {1, 2, 3, 4}};
  EXPECT_THAT(ProblemsOfInput({}, {.clusters = 1}),
              ElementsAre("attributes: has 0, 1 to 10 are allowed", "clusters: is 1, 2 to 12 are allowed"));
  EXPECT_THAT(ProblemsOfInput({some, some}, {.clusters = 13}),
              ElementsAre("clusters: is 13, 2 to 12 are allowed", "attributes[1]: is there already"));
  EXPECT_THAT(ProblemsOfInput({{"a", v1::ATTRIBUTE_TYPE_STRING, {1, 2}}}, {.clusters = 2}),
              ElementsAre("attributes[0]: \"a\" is STRING; INT, DOUBLE and TIMESTAMP are allowed"));
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(ProblemsOfInput({{"a", v1::ATTRIBUTE_TYPE_DOUBLE, {1, -infinity}}}, {.clusters = 2}),
              ElementsAre("attributes[0]: \"a\" has values beyond 1e+100"));
}

}  // namespace
}  // namespace tierwise
