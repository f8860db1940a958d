// SPDX-License-Identifier: Apache-2.0
#include "client/cli/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"

namespace tierwise {
namespace {

using Lines = absl::Span<const absl::string_view>;

constexpr size_t kContext = 3;
constexpr size_t kMaxCompared = 2'000;

struct Step {
  char mark;  // ' ', '-' or '+'
  absl::string_view line;
};

std::vector<absl::string_view> LinesOf(absl::string_view text) {
  if (text.empty()) return {};
  return absl::StrSplit(absl::StripSuffix(text, "\n"), '\n');
}

// Longest common subsequence by dynamic programming: lengths[i][j] is that of before[i:] and after[j:].
void AppendCompared(Lines before, Lines after, std::vector<Step>* steps) {
  std::vector<std::vector<uint16_t>> lengths(before.size() + 1, std::vector<uint16_t>(after.size() + 1, 0));
  for (size_t i = before.size(); i-- > 0;) {
    for (size_t j = after.size(); j-- > 0;) {
      lengths[i][j] = before[i] == after[j] ? static_cast<uint16_t>(lengths[i + 1][j + 1] + 1)
                                            : std::max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  size_t i = 0, j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      steps->push_back({' ', before[i]});
      ++i, ++j;
    } else if (i < before.size() && (j == after.size() || lengths[i + 1][j] >= lengths[i][j + 1])) {
      steps->push_back({'-', before[i++]});
    } else {
      steps->push_back({'+', after[j++]});
    }
  }
}

std::vector<Step> StepsBetween(Lines before, Lines after) {
  size_t head = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) ++head;
  size_t tail = 0;
  while (tail < before.size() - head && tail < after.size() - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Step> steps;
  for (const absl::string_view line : before.first(head)) steps.push_back({' ', line});
  const Lines changed_before = before.subspan(head, before.size() - head - tail);
  const Lines changed_after = after.subspan(head, after.size() - head - tail);
  if (std::max(changed_before.size(), changed_after.size()) <= kMaxCompared) {
    AppendCompared(changed_before, changed_after, &steps);
  } else {
    for (const absl::string_view line : changed_before) steps.push_back({'-', line});
    for (const absl::string_view line : changed_after) steps.push_back({'+', line});
  }
  for (const absl::string_view line : before.last(tail)) steps.push_back({' ', line});
  return steps;
}

// One past the last step of the hunk that starts with the change at `first`.
size_t EndOfHunk(absl::Span<const Step> steps, size_t first) {
  size_t last_change = first;
  for (size_t i = first; i < steps.size() && i <= last_change + 2 * kContext; ++i) {
    if (steps[i].mark != ' ') last_change = i;
  }
  return std::min(steps.size(), last_change + 1 + kContext);
}

// "a,b" of a hunk's head; a is the line before where there are none, as diff has it.
std::string RangeText(size_t begin, size_t count) { return absl::StrCat(count == 0 ? begin : begin + 1, ",", count); }

}  // namespace

std::string UnifiedDiff(absl::string_view before, absl::string_view after) {
  const std::vector<absl::string_view> before_lines = LinesOf(before);
  const std::vector<absl::string_view> after_lines = LinesOf(after);
  const std::vector<Step> steps = StepsBetween(before_lines, after_lines);
  std::string out;
  size_t next = 0, line_before = 0, line_after = 0;
  auto skip_to = [&](size_t end) {
    for (; next < end; ++next) {
      line_before += steps[next].mark != '+';
      line_after += steps[next].mark != '-';
    }
  };
  while (true) {
    size_t change = next;
    while (change < steps.size() && steps[change].mark == ' ') ++change;
    if (change == steps.size()) return out;
    skip_to(std::max(next, change - std::min(change, kContext)));
    const size_t begin = next, begin_before = line_before, begin_after = line_after;
    skip_to(EndOfHunk(steps, change));
    absl::StrAppend(&out, "@@ -", RangeText(begin_before, line_before - begin_before), " +",
                    RangeText(begin_after, line_after - begin_after), " @@\n");
    for (size_t i = begin; i < next; ++i) absl::StrAppend(&out, std::string(1, steps[i].mark), steps[i].line, "\n");
  }
}

}  // namespace tierwise
