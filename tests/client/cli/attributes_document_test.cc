// SPDX-License-Identifier: Apache-2.0
// docs/attributes.md says what is so: its definitions compile, and the user of its example has the values that it
// names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/time_text.h"
#include "client/cli/yaml_documents.h"
#include "experiments/assignment/normalize.h"
#include "experiments/assignment/snapshot.h"
#include "experiments/audience/derivation_fold.h"

namespace tierwise {
namespace {

// The YAML blocks of the page, one after the other.
std::vector<std::string> Blocks() {
  const auto page = ReadSmallFile(absl::StrCat(TIERWISE_SOURCE_DIR, "/docs/attributes.md"));
  EXPECT_TRUE(page.ok()) << page.status();
  std::vector<std::string> blocks;
  for (const absl::string_view part : absl::StrSplit(*page, "```yaml\n")) {
    if (part.data() != page->data()) blocks.emplace_back(part.substr(0, part.find("```")));
  }
  return blocks;
}

Definitions DefinitionsOfBlock(const std::string& block) {
  const auto documents = ParseDefinitions("attributes.md", block);
  EXPECT_TRUE(documents.ok()) << documents.status() << block;
  Definitions definitions;
  Problems problems;
  for (DefinitionDocument document : *documents) {
    Normalize(document.definition, problems);
    definitions.Put(document.definition);
  }
  EXPECT_TRUE(problems.empty()) << problems.ToStatus();
  return definitions;
}

TEST(AttributesDocumentTest, EveryDefinitionCompiles) {
  const std::vector<std::string> blocks = Blocks();
  EXPECT_EQ(blocks.size(), 5u);
  for (const std::string& block : blocks) {
    const auto snapshot = Compile(DefinitionsOfBlock(block), {});
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
  }
}

// Columns of the example's events.
struct Example {
  std::vector<uint64_t> user, event, category;
  std::vector<int64_t> time;
  std::vector<uint16_t> name;
  std::vector<double> value;

  EventColumns Columns() const {
    return {.user = user, .time_micros = time, .name = name, .event = event, .value = value, .property = category};
  }
};

int64_t MicrosAt(const std::string& time) { return absl::ToUnixMicros(*ParseTimeText(time)); }

Example EventsFor(const DerivationPass& pass) {
  Example example;
  const auto add = [&](const std::string& time, const std::string& name, double value, const std::string& category) {
    example.user.push_back(1);
    example.event.push_back(example.event.size() + 1);
    example.time.push_back(MicrosAt(time));
    const auto found = std::find(pass.event_names.begin(), pass.event_names.end(), name);
    example.name.push_back(found == pass.event_names.end() ? kOtherName
                                                           : static_cast<uint16_t>(found - pass.event_names.begin()));
    example.value.push_back(value);
    example.category.push_back(category.empty() ? kNoProperty : KeyOf(category));
  };
  add("2026-04-01 12:00:00", "order", 40, "shoes");
  add("2026-05-20 09:00:00", "visit", 0, "");
  add("2026-05-20 09:20:00", "order", 60, "hats");
  add("2026-05-25 12:00:00", "order", -20, "hats");
  add("2026-05-31 18:00:00", "visit", 0, "");
  add("2026-05-31 18:45:00", "visit", 0, "");
  return example;
}

TEST(AttributesDocumentTest, TheUserOfTheExampleHasTheValuesThatItNames) {
  std::map<std::string, DerivedValue> values;
  const Derivations derivations(DefinitionsOfBlock(Blocks()[1]));
  for (const DerivationPass& pass : derivations.passes()) {
    const Example example = EventsFor(pass);
    const std::vector<DerivedValue> derived = DeriveFor(pass, example.Columns(), MicrosAt("2026-06-01 12:00:00"));
    for (size_t i = 0; i < derived.size(); ++i) {
      EXPECT_TRUE(derived[i].is_known) << pass.attributes[i].id;
      values[pass.attributes[i].id] = derived[i];
    }
  }
  EXPECT_EQ(values.size(), 16u);
  EXPECT_EQ(values["orders_30d"].integer, 2);
  EXPECT_EQ(values["spend"].number, 80.0);
  EXPECT_DOUBLE_EQ(values["spend_per_event"].number, 80.0 / 3.0);
  EXPECT_EQ(values["is_weekly_active"].integer, 1);
  EXPECT_EQ(values["bought_again"].integer, 1);
  EXPECT_EQ(values["active_days_30d"].integer, 3);
  EXPECT_EQ(values["sessions_30d"].integer, 4);
  EXPECT_EQ(values["categories"].integer, 2);
  EXPECT_EQ(values["favourite_category"].key, KeyOf("hats"));
  EXPECT_EQ(values["first_order_at"].integer, MicrosAt("2026-04-01 12:00:00"));
  EXPECT_EQ(values["last_seen_at"].integer, MicrosAt("2026-05-31 18:45:00"));
  EXPECT_EQ(values["recency_days"].integer, MicrosAt("2026-05-25 12:00:00"));  // 7 days before noon on 1 June
  EXPECT_EQ(values["tenure_days"].integer, MicrosAt("2026-04-01 12:00:00"));   // 61 days
  EXPECT_EQ(values["orders_per_visit"].number, 1.0);
  EXPECT_EQ(values["order_trend"].number, 1.0);
  EXPECT_EQ(kLifeStageNames[values["stage"].integer], "active");
}

}  // namespace
}  // namespace tierwise
