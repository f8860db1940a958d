// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/policy_data.h"

#include <cmath>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "experiments/base/problems.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {
namespace {

constexpr size_t kMostAttributes = 20;
constexpr size_t kMostArms = 64;
constexpr size_t kMostTiers = 1'000;
constexpr int kMostCategories = 1'000;
constexpr size_t kFewestUsers = 8;

// Adds a problem for the first entry of a column that is not good; its path is built for that one alone.
void CheckColumn(absl::string_view field, size_t size, size_t users, absl::string_view allowed,
                 absl::FunctionRef<bool(size_t)> is_good, Problems& problems) {
  if (size != users) {
    problems.Add(field, absl::StrCat("has ", size, " entries for ", users, " users"));
    return;
  }
  for (size_t i = 0; i < size; ++i) {
    if (is_good(i)) continue;
    problems.Add(absl::StrCat(field, "[", i, "]"), absl::StrCat("must be ", allowed));
    return;
  }
}

}  // namespace

absl::Status CheckPolicyData(const PolicyData& data) {
  Problems problems;
  const size_t n = data.users();
  if (n < kFewestUsers) problems.Add("arm", absl::StrCat("has ", n, " users; at least ", kFewestUsers, " are needed"));
  if (data.arms < 2 || data.arms > kMostArms) problems.Add("arms", absl::StrCat("is ", data.arms, "; must be 2 to 64"));
  if (data.tiers < 1 || data.tiers > kMostTiers) {
    problems.Add("tiers", absl::StrCat("is ", data.tiers, "; must be 1 to 1000"));
  }
  if (data.attributes.size() > kMostAttributes) {
    problems.Add("attributes", absl::StrCat("are ", data.attributes.size(), "; at most 20 are allowed"));
  }
  CheckColumn(
      "arm", n, n, "below arms", [&](size_t i) { return data.arm[i] < data.arms; }, problems);
  CheckColumn(
      "tier", data.tier.size(), n, "below tiers", [&](size_t i) { return data.tier[i] < data.tiers; }, problems);
  CheckColumn(
      "outcome", data.outcome.size(), n, "finite", [&](size_t i) { return std::abs(data.outcome[i]) <= kMostExtreme; },
      problems);
  CheckColumn(
      "propensity", data.propensity.size(), n, "above 0 and at most 1",
      [&](size_t i) { return data.propensity[i] > 0.0 && data.propensity[i] <= 1.0; }, problems);
  for (size_t a = 0; a < data.attributes.size(); ++a) {
    const PolicyAttribute& attribute = data.attributes[a];
    const std::string field = absl::StrCat("attributes[", a, "]");
    if (attribute.is_categorical && (attribute.categories < 1 || attribute.categories > kMostCategories)) {
      problems.Add(field + ".categories",
                   absl::StrCat("of \"", attribute.name, "\" are ", attribute.categories, "; must be 1 to 1000"));
    }
    const auto is_good = [&](size_t i) {
      const double value = attribute.values[i];
      if (std::isnan(value)) return true;
      if (!attribute.is_categorical) return std::isfinite(value);
      return value >= 0.0 && value < attribute.categories && value == std::floor(value);
    };
    CheckColumn(field + ".values", attribute.values.size(), n,
                attribute.is_categorical ? "a category or NaN" : "a number or NaN", is_good, problems);
  }
  return problems.ToStatus();
}

}  // namespace tierwise
