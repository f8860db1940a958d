// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/csv.h"
#include "client/cli/message_text.h"
#include "client/cli/report_text.h"

namespace tierwise {
namespace {

// Enough digits to read the same double back.
std::string Full(double number) { return absl::StrFormat("%.17g", number); }

const v1::ArmSummary* ArmOf(const v1::MetricReport& metric, const std::string& tier, const std::string& variant) {
  for (const v1::ArmSummary& arm : metric.arms()) {
    if (arm.tier() == tier && arm.variant() == variant) return &arm;
  }
  return nullptr;
}

void AppendArm(const v1::ArmSummary* arm, std::vector<std::string>* fields) {
  fields->push_back(arm == nullptr ? "" : absl::StrCat(arm->users()));
  fields->push_back(arm == nullptr ? "" : Full(arm->total()));
  fields->push_back(arm == nullptr || !arm->has_mean() ? "" : Full(arm->mean()));
}

void AppendEffect(const v1::Effect& effect, std::vector<std::string>* fields) {
  fields->push_back(effect.has_estimate() ? Full(effect.estimate()) : "");
  fields->push_back(effect.has_standard_error() ? Full(effect.standard_error()) : "");
  const bool has_interval = !effect.intervals().empty();
  const v1::Interval interval = has_interval ? effect.intervals(0) : v1::Interval();
  fields->push_back(interval.has_lower() ? Full(interval.lower()) : "");
  fields->push_back(interval.has_upper() ? Full(interval.upper()) : "");
  fields->push_back(interval.method());
  fields->push_back(has_interval ? ShortName(interval.kind()) : "");
  fields->push_back(has_interval ? Full(interval.confidence()) : "");
}

}  // namespace

std::string ReportCsv(const ReportView& view) {
  std::string control;
  for (const v1::Variant& variant : view.campaign.variants()) {
    if (variant.control()) control = variant.id();
  }
  std::string out = CsvLine({"campaign",
                             "campaign_revision",
                             "as_of",
                             "metric",
                             "metric_revision",
                             "tier",
                             "variant",
                             "control",
                             "estimator",
                             "control_users",
                             "control_total",
                             "control_mean",
                             "users",
                             "total",
                             "mean",
                             "difference",
                             "difference_standard_error",
                             "difference_lower",
                             "difference_upper",
                             "difference_interval",
                             "difference_interval_kind",
                             "difference_confidence",
                             "lift",
                             "lift_standard_error",
                             "lift_lower",
                             "lift_upper",
                             "lift_interval",
                             "lift_interval_kind",
                             "lift_confidence",
                             "p_value",
                             "ln_p_value",
                             "test",
                             "reason"});
  const std::string as_of = ToReadableJson(view.report, Fields::kSet).value("as_of", "");
  for (const v1::MetricReport& metric : view.report.metrics()) {
    for (const v1::Comparison& row : metric.comparisons()) {
      std::vector<std::string> fields = {view.report.campaign(),
                                         absl::StrCat(view.report.campaign_revision()),
                                         as_of,
                                         metric.metric(),
                                         absl::StrCat(metric.metric_revision()),
                                         row.tier(),
                                         row.variant(),
                                         control,
                                         ShortName(row.estimator())};
      AppendArm(ArmOf(metric, row.tier(), control), &fields);
      AppendArm(ArmOf(metric, row.tier(), row.variant()), &fields);
      AppendEffect(row.difference(), &fields);
      AppendEffect(row.lift(), &fields);
      fields.push_back(row.has_p_value() ? Full(row.p_value()) : "");
      fields.push_back(row.has_ln_p_value() ? Full(row.ln_p_value()) : "");
      fields.push_back(row.test());
      fields.push_back(row.reason());
      absl::StrAppend(&out, CsvLine(fields));
    }
  }
  return out;
}

}  // namespace tierwise
