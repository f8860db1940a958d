// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/oracle/case_report.h"

namespace tierwise::oracle {

// Whether `text` matches `pattern`, in which '*' is any text.
bool Matches(absl::string_view pattern, absl::string_view text);

struct Mismatch {
  std::string field;
  std::string expected;
  std::string got;
};

// A record that its own field's definition contradicts.
struct Contradiction {
  std::string field;
  std::string recorded;
  std::string definition;
  std::string reason;
};

struct CaseResult {
  std::vector<Mismatch> mismatches = {};
  std::vector<Contradiction> contradictions = {};
};

// Every expected field of `test_case` that `report` does not match within `tolerance` (the file's object: patterns of
// fields, or "<tag> cases" with patterns inside, to {"rel", "abs"}; "default" for the rest), or does not know.
CaseResult Compare(absl::string_view family, const nlohmann::json& tolerance, const nlohmann::json& test_case,
                   const CaseReport& report);

}  // namespace tierwise::oracle
