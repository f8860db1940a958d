// SPDX-License-Identifier: Apache-2.0
#include "tests/oracle/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tests/oracle/not_compared.h"

namespace tierwise::oracle {

using nlohmann::json;

json CaseReport::Json(const Interval& interval) {
  const bool has_lower = std::isfinite(interval.lower);
  const bool has_upper = std::isfinite(interval.upper);
  if (!has_lower && !has_upper) return nullptr;
  return {has_lower ? json(interval.lower) : json(nullptr), has_upper ? json(interval.upper) : json(nullptr)};
}

bool Matches(absl::string_view pattern, absl::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (size_t skipped = 0; skipped <= text.size(); ++skipped) {
      if (Matches(pattern.substr(1), text.substr(skipped))) return true;
    }
    return false;
  }
  return !text.empty() && pattern[0] == text[0] && Matches(pattern.substr(1), text.substr(1));
}

namespace {

struct Tolerance {
  double relative = 0.0;
  double absolute = 0.0;
};

Tolerance ToleranceOf(const json& rule) { return {rule.value("rel", 0.0), rule.value("abs", 0.0)}; }

bool IsRule(const json& rule) { return rule.is_object() && (rule.contains("rel") || rule.contains("abs")); }

// Whether one of the comma-separated patterns is the path, its end, its last key or, where `by_first_word`, that key's
// first word
// ("mean" of "mean_a").
bool NamesField(absl::string_view patterns, absl::string_view path, bool by_first_word) {
  const std::vector<absl::string_view> keys = absl::StrSplit(path, '.');
  for (absl::string_view pattern : absl::StrSplit(patterns, ',')) {
    pattern = absl::StripAsciiWhitespace(pattern);
    if (Matches(pattern, path) || Matches(pattern, keys.back())) return true;
    if (absl::EndsWith(path, absl::StrCat(".", pattern))) return true;
    if (by_first_word && absl::StartsWith(keys.back(), absl::StrCat(pattern, "_"))) return true;
  }
  return false;
}

Tolerance FindTolerance(const json& tolerance, const json& tags, absl::string_view path) {
  for (const auto& [key, rule] : tolerance.items()) {
    const absl::string_view tag = absl::StripSuffix(key, " cases");
    if (tag.size() == key.size() || !rule.is_object() || IsRule(rule)) continue;
    if (std::find(tags.begin(), tags.end(), std::string(tag)) == tags.end()) continue;
    for (const auto& [fields, inner] : rule.items()) {
      if (IsRule(inner) && NamesField(fields, path, true)) return ToleranceOf(inner);
    }
  }
  for (const auto& [key, rule] : tolerance.items()) {
    if (key != "default" && IsRule(rule) && NamesField(key, path, false)) return ToleranceOf(rule);
  }
  return ToleranceOf(tolerance.at("default"));
}

std::optional<double> NumberOf(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

class Comparison {
 public:
  Comparison(absl::string_view family, const json& tolerance, const json& tags, const CaseReport& report)
      : family_(family), tolerance_(tolerance), tags_(tags), report_(report) {}

  // Descends to the fields that the report names.
  void Walk(const std::string& path, const json& expected) {
    if (IsNotCompared(path)) return;
    if (const CaseReport::Value* value = report_.Find(path); value != nullptr && !value->definition.is_null()) {
      CompareByDefinition(path, expected, *value);
    } else if (value != nullptr) {
      if (!(value->null_is_uncomputed && expected.is_null())) CompareValue(path, path, expected, value->got, *value);
    } else if (expected.is_object()) {
      for (const auto& [key, inner] : expected.items()) Walk(path.empty() ? key : absl::StrCat(path, ".", key), inner);
    } else {
      result_.mismatches.push_back({path, expected.dump(), "unknown field"});
    }
  }

  CaseResult Take() { return std::move(result_); }

 private:
  // The product against the definition; then against the record, unless that contradicts the definition.
  void CompareByDefinition(const std::string& path, const json& expected, const CaseReport::Value& value) {
    CompareValue(path, absl::StrCat(path, " (by its definition)"), value.definition, value.got, value);
    if (expected.is_null()) return;
    const size_t mismatches = result_.mismatches.size();
    CompareValue(path, path, expected, value.definition, value);
    if (result_.mismatches.size() == mismatches) {
      CompareValue(path, path, expected, value.got, value);
      return;
    }
    result_.mismatches.resize(mismatches);
    result_.contradictions.push_back({path, expected.dump(), value.definition.dump(), value.contradiction});
  }

  bool IsNotCompared(const std::string& path) const {
    const std::vector<absl::string_view> keys = absl::StrSplit(path, '.');
    const auto names = [&](const NotCompared& entry) {
      return Matches(entry.family, family_) && (Matches(entry.field, path) || Matches(entry.field, keys.back()));
    };
    return std::any_of(FieldsNotCompared().begin(), FieldsNotCompared().end(), names);
  }

  // `path` names the field in tolerances, `shown` also holds the place in an array.
  void CompareValue(const std::string& path, const std::string& shown, const json& expected, const json& got,
                    const CaseReport::Value& value) {
    if (expected.is_object()) {
      for (const auto& [key, inner] : expected.items()) {
        const std::string inner_path = absl::StrCat(path, ".", key);
        if (IsNotCompared(inner_path)) continue;
        if (!got.is_object() || !got.contains(key)) {
          result_.mismatches.push_back({absl::StrCat(shown, ".", key), inner.dump(), "unknown field"});
        } else {
          CompareValue(inner_path, absl::StrCat(shown, ".", key), inner, got.at(key), value);
        }
      }
      return;
    }
    if (expected.is_array()) {
      if (!got.is_array() || got.size() != expected.size()) {
        result_.mismatches.push_back({shown, expected.dump(), got.dump()});
        return;
      }
      for (size_t i = 0; i < expected.size(); ++i) {
        CompareValue(path, absl::StrCat(shown, "[", i, "]"), expected[i], got[i], value);
      }
      return;
    }
    if (!IsMatch(path, expected, got, value)) result_.mismatches.push_back({shown, expected.dump(), got.dump()});
  }

  bool IsMatch(const std::string& path, const json& expected, const json& got, const CaseReport::Value& value) const {
    const std::optional<double> want = NumberOf(expected);
    const std::optional<double> have = NumberOf(got);
    if (!want.has_value() || !have.has_value()) return expected == got;
    if (std::isinf(*want) || std::isinf(*have)) return *want == *have;
    if (value.less_is_better && *have <= *want) return true;
    const Tolerance tolerance = FindTolerance(tolerance_, tags_, path);
    return std::abs(*have - *want) <= std::max(tolerance.absolute, tolerance.relative * std::abs(*want));
  }

  absl::string_view family_;
  const json& tolerance_;
  const json& tags_;
  const CaseReport& report_;
  CaseResult result_;
};

}  // namespace

CaseResult Compare(absl::string_view family, const json& tolerance, const json& test_case, const CaseReport& report) {
  const json tags = test_case.value("tags", json::array());
  Comparison comparison(family, tolerance, tags, report);
  for (const auto& [field, expected] : test_case.at("expected").items()) comparison.Walk(field, expected);
  return comparison.Take();
}

}  // namespace tierwise::oracle
