// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "experiments/audience/condition_text.h"

namespace tierwise {
namespace {

// Texts are stored in catalogs and written in people's files: what they mean and how they are printed may never change.
// Lines may be added to the file, not altered.
TEST(ConditionGoldenTest, TextFormsNeverChange) {
  std::ifstream file(TIERWISE_SOURCE_DIR "/tests/golden/conditions/text_forms.tsv");
  ASSERT_TRUE(file.is_open());
  int forms = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> columns = absl::StrSplit(line, '\t');
    ASSERT_EQ(columns.size(), 3u) << line;
    v1::ConditionNode expected;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(columns[2], &expected)) << line;
    const auto tree = ParseCondition(columns[0]);
    ASSERT_TRUE(tree.ok()) << line << tree.status();
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*tree, expected)) << line;
    EXPECT_EQ(PrintCondition(expected), columns[1]);
    ++forms;
  }
  EXPECT_GE(forms, 40);
}

}  // namespace
}  // namespace tierwise
