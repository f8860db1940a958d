// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_text.h"

#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_limits.h"
#include "experiments/audience/condition_parser.h"
#include "experiments/audience/condition_printer.h"
#include "experiments/base/problems.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

absl::Status AtColumn(size_t column, absl::string_view message) {
  return InvalidField("", absl::StrCat("column ", column, ": ", message));
}

}  // namespace

absl::StatusOr<v1::ConditionNode> ParseCondition(absl::string_view text) {
  if (text.size() > kMaxConditionBytes) {
    return AtColumn(ColumnOf(text, kMaxConditionBytes),
                    absl::StrCat("the text has ", text.size(), " bytes, at most ", kMaxConditionBytes, " are allowed"));
  }
  if (const size_t valid = ValidUtf8Prefix(text); valid < text.size()) {
    return AtColumn(ColumnOf(text, valid), "the text is not valid UTF-8");
  }
  ParsedCondition parsed = ParseTokens(SplitIntoTokens(text));
  Problems problems;
  for (const SyntaxError& error : parsed.errors) {
    problems.Add("", absl::StrCat("column ", ColumnOf(text, error.offset), ": ", error.message));
  }
  if (!problems.empty()) return problems.ToStatus();
  return std::move(parsed.tree);
}

std::string PrintCondition(const v1::ConditionNode& tree) { return PrintWithOffsets(tree).text; }

}  // namespace tierwise
