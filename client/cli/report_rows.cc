// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_rows.h"

#include <algorithm>

namespace tierwise {
namespace {

// Lowest first.
int Preference(const v1::Comparison& row) {
  if (row.has_adjusted_p_value()) return 0;
  switch (row.estimator()) {
    case v1::ESTIMATOR_ADJUSTED_POST_STRATIFIED:
    case v1::ESTIMATOR_REGRESSION_ADJUSTED:
      return 1;
    case v1::ESTIMATOR_POST_STRATIFIED:
      return 2;
    case v1::ESTIMATOR_UNADJUSTED:
      return 3;
    default:
      return 4;
  }
}

}  // namespace

std::string ControlOf(const v1::Campaign& campaign) {
  for (const v1::Variant& variant : campaign.variants()) {
    if (variant.control()) return variant.id();
  }
  return "";
}

const v1::ArmSummary* ArmOf(const v1::MetricReport& metric, absl::string_view tier, absl::string_view variant) {
  for (const v1::ArmSummary& arm : metric.arms()) {
    if (arm.tier() == tier && arm.variant() == variant) return &arm;
  }
  return nullptr;
}

std::vector<Scope> ScopesOf(const v1::MetricReport& metric, absl::string_view variant) {
  std::vector<Scope> scopes;
  for (const v1::Comparison& row : metric.comparisons()) {
    if (row.variant() != variant) continue;
    auto scope =
        std::find_if(scopes.begin(), scopes.end(), [&row](const Scope& each) { return each.tier == row.tier(); });
    if (scope == scopes.end()) {
      scope = scopes.insert(row.tier().empty() ? scopes.begin() : scopes.end(), Scope{row.tier(), nullptr, {}});
    }
    scope->others.push_back(&row);
  }
  for (Scope& scope : scopes) {
    const auto main = std::min_element(scope.others.begin(), scope.others.end(),
                                       [](const auto* a, const auto* b) { return Preference(*a) < Preference(*b); });
    scope.main = *main;
    scope.others.erase(main);
  }
  return scopes;
}

std::vector<std::string> VariantsOf(const v1::MetricReport& metric) {
  std::vector<std::string> variants;
  for (const v1::Comparison& row : metric.comparisons()) {
    if (std::find(variants.begin(), variants.end(), row.variant()) == variants.end()) variants.push_back(row.variant());
  }
  return variants;
}

const v1::Interval* BoundedInterval(const v1::Effect& effect) {
  if (effect.intervals().empty()) return nullptr;
  const v1::Interval& interval = effect.intervals(0);
  return interval.has_lower() || interval.has_upper() ? &interval : nullptr;
}

std::string EstimatorTitle(v1::Estimator estimator) {
  switch (estimator) {
    case v1::ESTIMATOR_UNADJUSTED:
      return "unadjusted";
    case v1::ESTIMATOR_POST_STRATIFIED:
      return "post-stratified";
    case v1::ESTIMATOR_REGRESSION_ADJUSTED:
      return "adjusted";
    case v1::ESTIMATOR_ADJUSTED_POST_STRATIFIED:
      return "adjusted, post-stratified";
    case v1::ESTIMATOR_PARTIALLY_POOLED:
      return "partially pooled";
    default:
      return "unknown estimator";
  }
}

}  // namespace tierwise
