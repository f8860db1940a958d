// SPDX-License-Identifier: Apache-2.0
// Computes every worked example of a page of the docs from what the page gives and compares with what it prints. An
// example is a fenced block "example NAME" of lines "name = values" (given) and "name -> values" (results).
#include "tests/experiments/stats/worked_examples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace tierwise {

const std::vector<double>& Given::List(const std::string& name) const {
  static const std::vector<double> none(8, std::numeric_limits<double>::quiet_NaN());
  used_.insert(name);
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second;
  ADD_FAILURE() << name << " is not given";
  return none;
}

std::string Given::Unused() const {
  std::vector<std::string> unused;
  for (const auto& [name, values] : values_) {
    if (used_.count(name) == 0) unused.push_back(name);
  }
  return absl::StrJoin(unused, " ");
}

namespace {

struct DocumentedExample {
  Given given;
  std::map<std::string, std::vector<std::string>> results;  // as printed
};

std::vector<std::string> Words(absl::string_view text) { return absl::StrSplit(text, ' ', absl::SkipEmpty()); }

void ReadLine(absl::string_view line, DocumentedExample& example) {
  const std::vector<std::string> words = Words(line);
  ASSERT_GE(words.size(), 3u) << line;
  const std::vector<std::string> figures(words.begin() + 2, words.end());
  if (words[1] == "->") {
    EXPECT_TRUE(example.results.emplace(words[0], figures).second) << "twice: " << line;
    return;
  }
  ASSERT_EQ(words[1], "=") << line;
  std::vector<double> values;
  for (const std::string& figure : figures) {
    double value = 0.0;
    ASSERT_TRUE(absl::SimpleAtod(figure, &value)) << line;
    values.push_back(value);
  }
  example.given.Put(words[0], std::move(values));
}

std::map<std::string, DocumentedExample> ReadDocument() {
  std::map<std::string, DocumentedExample> examples;
  std::ifstream file(TIERWISE_SOURCE_DIR "/" + WorkedExamplesPage());
  DocumentedExample* current = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (absl::StartsWith(line, "```example ")) {
      current = &examples[std::string(absl::StripPrefix(line, "```example "))];
    } else if (absl::StartsWith(line, "```")) {
      current = nullptr;
    } else if (current != nullptr) {
      ReadLine(line, *current);
    }
  }
  return examples;
}

// Half a unit of the last digit printed in `figure`, such as 0.0005 for "1.234" and 5e-9 for "1.23e-6".
double HalfLastDigit(absl::string_view figure) {
  const std::vector<absl::string_view> parts = absl::StrSplit(figure, 'e');
  const size_t point = parts[0].find('.');
  const size_t digits = point == absl::string_view::npos ? 0 : parts[0].size() - point - 1;
  int exponent = 0;
  if (parts.size() > 1 && !absl::SimpleAtoi(parts[1], &exponent)) return 0.0;
  return 0.5 * std::pow(10.0, exponent - static_cast<int>(digits));
}

bool AgreesToPrintedDigits(absl::string_view figure, double computed) {
  double printed = 0.0;
  if (!absl::SimpleAtod(figure, &printed)) return false;
  if (std::isinf(printed) || std::isinf(computed)) return printed == computed;
  return std::abs(printed - computed) <= HalfLastDigit(figure) * (1.0 + 1e-6);
}

void ExpectPrinted(absl::string_view name, const std::vector<std::string>& printed,
                   const std::vector<double>& computed) {
  bool agrees = printed.size() == computed.size();
  for (size_t i = 0; agrees && i < printed.size(); ++i) agrees = AgreesToPrintedDigits(printed[i], computed[i]);
  EXPECT_TRUE(agrees) << "the page prints\n  " << name << " -> " << absl::StrJoin(printed, " ") << "\ncomputed:\n  "
                      << name << " -> " << absl::StrJoin(computed, " ");
}

TEST(WorkedExamplesTest, ThePageHasExactlyTheExamplesThatAreComputed) {
  std::set<std::string> documented, computed;
  for (const auto& [name, example] : ReadDocument()) documented.insert(name);
  for (const WorkedExample& example : WorkedExamples()) computed.insert(example.name);
  EXPECT_EQ(documented, computed);
}

TEST(WorkedExamplesTest, FiguresOnThePageAreWhatTheCodeReturns) {
  const auto document = ReadDocument();
  for (const WorkedExample& example : WorkedExamples()) {
    SCOPED_TRACE(example.name);
    const auto found = document.find(example.name);
    if (found == document.end()) continue;  // the test above fails
    const DocumentedExample& documented = found->second;
    std::set<std::string> names;
    for (const auto& [name, values] : example.compute(documented.given)) {
      names.insert(name);
      const auto printed = documented.results.find(name);
      ASSERT_NE(printed, documented.results.end()) << name << " is not on the page: " << absl::StrJoin(values, " ");
      ExpectPrinted(name, printed->second, values);
    }
    for (const auto& [name, figures] : documented.results)
      EXPECT_EQ(names.count(name), 1u) << name << " is not computed";
    EXPECT_EQ(documented.given.Unused(), "");
  }
}

TEST(WorkedExamplesTest, ASectionGoesByTheNameOfItsExample) {
  std::ifstream file(TIERWISE_SOURCE_DIR "/" + WorkedExamplesPage());
  std::string section;
  for (std::string line; std::getline(file, line);) {
    if (absl::StartsWith(line, "#")) {
      section = absl::AsciiStrToLower(absl::StrJoin(Words(absl::StripPrefix(line.substr(line.find(' ')), " ")), "-"));
    } else if (absl::StartsWith(line, "```example ")) {
      EXPECT_EQ(section, absl::StripPrefix(line, "```example "));
    }
  }
}

TEST(WorkedExamplesTest, AWrongLastDigitIsSeen) {
  EXPECT_TRUE(AgreesToPrintedDigits("1.234", 1.23449));
  EXPECT_FALSE(AgreesToPrintedDigits("1.235", 1.23449));
  EXPECT_TRUE(AgreesToPrintedDigits("1.23e-06", 1.2349e-6));
  EXPECT_FALSE(AgreesToPrintedDigits("1.24e-06", 1.2349e-6));
  EXPECT_FALSE(AgreesToPrintedDigits("1.0", std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(AgreesToPrintedDigits("?", 1.0));
}

}  // namespace
}  // namespace tierwise
