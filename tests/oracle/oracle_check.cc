// SPDX-License-Identifier: Apache-2.0
// oracle_check DIR: runs every case of every *.json in DIR (schema "abstats-cases/1") through the product's own
// functions. Exits 0 when every field of every case agrees, 1 when one does not or is not known, 2 when DIR cannot be
// read.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/oracle/case_report.h"
#include "tests/oracle/comparison.h"
#include "tests/oracle/families.h"
#include "tests/oracle/not_compared.h"

namespace tierwise::oracle {
namespace {

using nlohmann::json;

CaseResult RunCase(const Family& family, const json& file, const json& test_case) {
  CaseReport report;
  // The JSON library throws where a field is missing or has another type.
  try {
    family.check(test_case.at("input"), report);
    return Compare(family.name, file.at("tolerance"), test_case, report);
  } catch (const std::exception& error) {
    return {.mismatches = {{"(case)", "a result", error.what()}}};
  }
}

// Records that contradict their definition, over all files.
struct ContradictionCount {
  std::string reason;
  std::string cases;
  int records = 0;
};
using Contradictions = std::map<std::string, ContradictionCount>;  // by family and field

bool RunFile(const json& file, Contradictions& contradictions) {
  const std::string name = file.value("family", "");
  const absl::Span<const Family> families = Families();
  const auto family = std::find_if(families.begin(), families.end(), [&](const Family& f) { return f.name == name; });
  const json& cases = file.at("cases");
  if (family == families.end()) {
    std::cout << name << ": 0/" << cases.size() << "\n  unknown family\n";
    return false;
  }
  size_t passed = 0;
  std::string failures;
  for (const json& test_case : cases) {
    const CaseResult result = RunCase(*family, file, test_case);
    const std::string id = test_case.value("id", "(no id)");
    if (result.mismatches.empty()) ++passed;
    for (const Contradiction& contradiction : result.contradictions) {
      ContradictionCount& count = contradictions[name + " " + contradiction.field];
      count.reason = contradiction.reason;
      count.cases += " " + id;
      ++count.records;
    }
    for (const Mismatch& mismatch : result.mismatches) {
      failures += "  " + id + " " + mismatch.field + ": expected " + mismatch.expected + ", got " + mismatch.got + "\n";
    }
  }
  std::cout << name << ": " << passed << "/" << cases.size() << "\n" << failures;
  return failures.empty();
}

bool RunPath(const std::filesystem::path& path, Contradictions& contradictions) {
  try {
    std::ifstream stream(path);
    const json file = json::parse(stream);
    if (file.value("schema", "") == "abstats-cases/1") return RunFile(file, contradictions);
    std::cout << path.string() << ": unknown schema\n";
  } catch (const std::exception& error) {
    std::cout << path.string() << ": " << error.what() << "\n";
  }
  return false;
}

int Run(const std::filesystem::path& directory) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  if (paths.empty()) {
    std::cout << "no oracle cases in " << directory.string() << "\n";
    return 2;
  }
  std::sort(paths.begin(), paths.end());
  bool is_ok = true;
  Contradictions contradictions;
  for (const auto& path : paths) is_ok = RunPath(path, contradictions) && is_ok;
  if (!contradictions.empty()) {
    std::cout << "\nreference record contradicts its own definition (the product is checked against the definition):\n";
  }
  for (const auto& [field, count] : contradictions) {
    std::cout << "  " << field << ": " << count.records << " records:" << count.cases << "\n    " << count.reason
              << "\n";
  }
  std::cout << "\nnot compared:\n";
  for (const NotCompared& entry : FieldsNotCompared()) {
    std::cout << "  " << entry.family << " " << entry.field << ": " << entry.reason << "\n";
  }
  return is_ok ? 0 : 1;
}

}  // namespace
}  // namespace tierwise::oracle

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: oracle_check DIR\n";
    return 2;
  }
  return tierwise::oracle::Run(argv[1]);
}
