// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/message_text.h"

namespace tierwise {
namespace {

// Full names of the fields whose comment in the API's files says "Output only".
std::set<std::string> DocumentedAsOutputOnly() {
  std::set<std::string> fields;
  for (const char* file : {"attribute", "segment", "tiering", "metric", "layer", "holdout", "campaign"}) {
    std::ifstream proto(std::string(TIERWISE_SOURCE_DIR "/proto/tierwise/v1/") + file + ".proto");
    std::string line, message;
    bool is_output_only = false;
    while (std::getline(proto, line)) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (words.empty()) continue;
      if (words[0] == "message") message = words[1];
      if (words[0] == "//") {
        is_output_only |= absl::StrContains(line, "// Output only.");
        continue;
      }
      if (is_output_only) {
        for (size_t i = 1; i < words.size(); ++i) {
          if (words[i] == "=") fields.insert("tierwise.v1." + message + "." + words[i - 1]);
        }
      }
      is_output_only = false;
    }
  }
  return fields;
}

void Collect(const google::protobuf::Descriptor* type, std::set<std::string>* seen,
             std::set<std::string>* output_only) {
  if (!seen->insert(type->full_name()).second) return;
  for (int i = 0; i < type->field_count(); ++i) {
    if (IsOutputOnly(*type->field(i))) output_only->insert(type->field(i)->full_name());
    if (type->field(i)->message_type() != nullptr) Collect(type->field(i)->message_type(), seen, output_only);
  }
}

TEST(OutputOnlyTest, AgreesWithTheCommentsOfTheApi) {
  const std::set<std::string> documented = DocumentedAsOutputOnly();
  ASSERT_GT(documented.size(), 10u);
  std::set<std::string> seen, output_only;
  Collect(v1::Definition::descriptor(), &seen, &output_only);
  EXPECT_EQ(output_only, documented);
}

}  // namespace
}  // namespace tierwise
