// SPDX-License-Identifier: Apache-2.0
#include "client/cli/yaml_documents.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "client/cli/message_text.h"
#include "experiments/base/problems.h"

namespace tierwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "field: description" of every problem of a text that is wrong.
std::vector<std::string> ProblemsIn(const std::string& text) {
  std::vector<std::string> lines;
  const auto documents = ParseDefinitions("f.yaml", text);
  EXPECT_FALSE(documents.ok()) << "was read: " << text;
  for (const Problem& problem : ProblemsOf(documents.status()))
    lines.push_back(problem.field + ": " + problem.description);
  return lines;
}

v1::Definition Read(const std::string& text) {
  const auto documents = ParseDefinitions("f.yaml", text);
  EXPECT_TRUE(documents.ok()) << documents.status();
  return documents.ok() && !documents->empty() ? documents->front().definition : v1::Definition();
}

TEST(YamlDocumentsTest, ReadsShortFormsOfEnumsDurationsTimesAndConditions) {
  const v1::Definition attribute = Read("kind: Attribute\nid: spend\ntype: double\n");
  EXPECT_EQ(attribute.attribute().type(), v1::ATTRIBUTE_TYPE_DOUBLE);
  const v1::Definition full = Read("kind: Attribute\nid: spend\ntype: ATTRIBUTE_TYPE_DOUBLE\n");
  EXPECT_EQ(full.attribute().type(), v1::ATTRIBUTE_TYPE_DOUBLE);
  const v1::Definition metric = Read("kind: Metric\nid: visit\nconversion: {event: visit}\nwindow: 14d\ndelay: 90m\n");
  EXPECT_EQ(metric.metric().window().seconds(), 14 * 86'400);
  EXPECT_EQ(metric.metric().delay().seconds(), 5'400);
  const v1::Definition tiering = Read(
      "kind: Tiering\nid: value\ntiers: [{id: head}, {id: tail}]\n"
      "rules:\n  rules:\n    - {tier: head, when: spend >= 500}\n  otherwise: tail\n");
  EXPECT_EQ(tiering.tiering().rules().rules(0).when().text(), "spend >= 500");
  const v1::Definition campaign = Read("kind: Campaign\nid: c\nschedule: {start_time: 2026-03-01}\n");
  EXPECT_EQ(campaign.campaign().schedule().start_time().seconds(), 1'772'323'200);
}

TEST(YamlDocumentsTest, ParametersKeepTheTypesThatYamlGivesThem) {
  const v1::Definition definition = Read(
      "kind: Campaign\nid: c\nvariants:\n  - id: a\n    parameters: {percent: 15, code: \"007\", on: true, none: null, "
      "list: [1, x]}\n");
  const auto& fields = definition.campaign().variants(0).parameters().fields();
  EXPECT_EQ(fields.at("percent").number_value(), 15);
  EXPECT_EQ(fields.at("code").string_value(), "007");
  EXPECT_TRUE(fields.at("on").bool_value());
  EXPECT_TRUE(fields.at("none").has_null_value());
  EXPECT_EQ(fields.at("list").list_value().values(1).string_value(), "x");
}

TEST(YamlDocumentsTest, ReadsJsonAndSeveralDocuments) {
  const auto documents = ParseDefinitions(
      "f.json",
      "{\"kind\": \"Layer\", \"id\": \"email\", \"displayName\": \"E\\u002dmail\"}\n---\nkind: layer\nid: push\n---\n");
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].definition.layer().display_name(), "E-mail");
  EXPECT_EQ((*documents)[1].definition.layer().id(), "push");
  EXPECT_EQ((*documents)[1].line, 3);
}

TEST(YamlDocumentsTest, AnUnknownFieldNamesFileLinePathAndTheNearestName) {
  EXPECT_THAT(
      ProblemsIn(
          "kind: Campaign\nid: c\ntier_plans:\n  - tier: '*'\n    arms:\n      - variant: a\n        wieght: 1\n"),
      ElementsAre("f.yaml:7: tier_plans[0].arms[0].wieght: unknown field; did you mean \"weight\"?"));
}

TEST(YamlDocumentsTest, EveryProblemIsReportedAtOnce) {
  EXPECT_THAT(ProblemsIn("kind: Metric\nid: m\nwindow: soon\ncap: much\ndirection: up\nconversion: {event: [a]}\n"),
              ElementsAre(HasSubstr("f.yaml:3: window: `soon` is not a duration; write e.g. 14d"),
                          HasSubstr("f.yaml:4: cap: `much` must be a finite number"),
                          HasSubstr("f.yaml:5: direction: `up` must be one of increase, decrease"),
                          HasSubstr("f.yaml:6: conversion.event: is a list, must be text")));
}

TEST(YamlDocumentsTest, WrongShapesAreNamed) {
  EXPECT_THAT(ProblemsIn("kind: Campaign\nid: c\nmetrics: visit\n"),
              ElementsAre(HasSubstr("f.yaml:3: metrics: is a single value, must be a list")));
  EXPECT_THAT(ProblemsIn("- 1\n"), ElementsAre(HasSubstr("f.yaml:1: a document must be a mapping with `kind`")));
  EXPECT_THAT(ProblemsIn("kind: Campain\nid: c\n"),
              ElementsAre("f.yaml:1: kind: unknown kind `Campain`; did you mean \"Campaign\"?"));
  EXPECT_THAT(ProblemsIn("id: c\n"), ElementsAre(HasSubstr("f.yaml:1: kind: is missing; known: Attribute, Segment")));
  EXPECT_THAT(ProblemsIn("kind: Layer\n"), ElementsAre("f.yaml:1: id: is missing"));
}

TEST(YamlDocumentsTest, GivenTwiceIsAProblem) {
  EXPECT_THAT(ProblemsIn("kind: Layer\nid: a\nid: b\n"), ElementsAre("f.yaml:3: id: given twice"));
  EXPECT_THAT(ProblemsIn("kind: Layer\nid: a\n---\nkind: Layer\nid: a\n"),
              ElementsAre("f.yaml:4: layers/a is given twice; first at f.yaml:1"));
}

TEST(YamlDocumentsTest, TwoMembersOfAOneofAreAProblem) {
  EXPECT_THAT(ProblemsIn("kind: Metric\nid: m\ncount: {event: a}\nsum: {event: a}\n"),
              ElementsAre("f.yaml:4: sum: stands beside `count`, but only one of the two may be given"));
}

TEST(YamlDocumentsTest, BrokenYamlNamesTheLine) {
  EXPECT_THAT(ProblemsIn("kind: Layer\nid: [a\n"), ElementsAre(HasSubstr("f.yaml:3: not YAML")));
}

TEST(YamlDocumentsTest, DeepNestingIsAnErrorNotACrash) {
  EXPECT_FALSE(ProblemsIn("kind: Campaign\nid: c\naudience: " + std::string(10'000, '[')).empty());
  std::string tree = "kind: Segment\nid: s\ncondition: {tree: ";
  for (int i = 0; i < 10'000; ++i) tree += "{negation: ";
  EXPECT_FALSE(ProblemsIn(tree).empty());
}

TEST(YamlDocumentsTest, AliasesThatMultiplyAreStopped) {
  std::string text =
      "kind: Campaign\nid: c\nvariants:\n  - parameters:\n      a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    text += "      a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += (j == 0 ? "*a" : ", *a") + std::to_string(i - 1);
    text += "]\n";
  }
  EXPECT_THAT(ProblemsIn(text), ElementsAre(HasSubstr("more than 100,000 values")));
}

TEST(YamlDocumentsTest, ProblemsOfTheServerGetTheLinesOfTheFile) {
  const auto documents =
      ParseDefinitions("f.yaml", "kind: Campaign\nid: spring\ntier_plans:\n  - tier: x\n    arms: []\n");
  ASSERT_TRUE(documents.ok());
  for (const char* field : {"campaigns/spring.tier_plans[0].arms", "definitions[0].campaign.tier_plans[0].arms"}) {
    const absl::Status status = WithPositions(InvalidField(field, "at least one"), *documents);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(ProblemsOf(status), ElementsAre(Problem{"f.yaml:5: tier_plans[0].arms", "at least one"}));
  }
  const absl::Status missing = WithPositions(InvalidField("campaigns/spring.metrics", "at least one"), *documents);
  EXPECT_THAT(ProblemsOf(missing), ElementsAre(Problem{"f.yaml:1: metrics", "at least one"}));
}

TEST(YamlDocumentsTest, ASmallDirectoryOfDefinitionsIsRead) {
  const auto documents = ReadDefinitions({TIERWISE_SOURCE_DIR "/examples/hillstrom"}, false);
  ASSERT_TRUE(documents.ok()) << documents.status();
  EXPECT_EQ(documents->size(), 8u);
  EXPECT_EQ(ReadDefinitions({"/does/not/exist.yaml"}, false).status().code(), absl::StatusCode::kNotFound);
}

TEST(MessageTextTest, ADefinitionReadBackFromItsTextIsTheSame) {
  for (const std::string text :
       {"kind: Campaign\nid: c\ndisplay_name: \"yes\"\ndescription: |\n  two\n    lines: here\naudience: country in "
        "[\"CN\", \"SG\"] and not (vip = true)\n"
        "variants:\n  - id: a\n    control: true\n    parameters: {n: 1.5, big: 9007199254740993, s: \"1\", t: "
        "\"true\", e: {}, l: [], q: \"a: b #c\"}\n"
        "metrics: [m]\nschedule:\n  start_time: 2026-03-01T08:00:00.5Z\ntraffic_share_bp: 0\n",
        "kind: Metric\nid: m\nsum: {event: \"- odd: name\"}\nwindow: 90m\ncap: 0.1\ndirection: decrease\n",
        "kind: Attribute\nid: a\ntype: string\nallowed_values: [\"1\", \"null\", \"a, b\", \"\", \" x \", "
        "\"\\t\"]\n"}) {
    const v1::Definition definition = Read(text);
    const std::string written = ToYaml(ToReadableJson(definition, Fields::kInput));
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(Read(written), definition)) << written;
  }
}

TEST(MessageTextTest, OutputOnlyFieldsAreShownButNotExported) {
  v1::Definition definition =
      Read("kind: Campaign\nid: c\ntier_plans: [{tier: '*', arms: [{variant: a, weight: 1}]}]\n");
  definition.mutable_campaign()->mutable_meta()->set_revision(7);
  definition.mutable_campaign()->set_state(v1::CAMPAIGN_STATE_RUNNING);
  definition.mutable_campaign()->mutable_tier_plans(0)->set_phase(2);
  const std::string shown = ToYaml(ToReadableJson(definition, Fields::kSet));
  EXPECT_THAT(shown, HasSubstr("revision: 7"));
  EXPECT_THAT(shown, HasSubstr("state: running"));
  EXPECT_EQ(ToYaml(ToReadableJson(definition, Fields::kInput)),
            "kind: Campaign\nid: c\ntier_plans:\n  - tier: \"*\"\n    arms:\n      - variant: a\n        weight: 1\n");
}

}  // namespace
}  // namespace tierwise
