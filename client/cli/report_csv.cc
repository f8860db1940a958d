// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/csv.h"
#include "client/cli/message_text.h"
#include "client/cli/report_rows.h"
#include "client/cli/report_text.h"

namespace tierwise {
namespace {

// Enough digits to read the same double back.
std::string Full(double number) { return absl::StrFormat("%.17g", number); }

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
  const std::string control = ControlOf(view.campaign);
  std::string out = CsvLine({"campaign",
                             "campaign_revision",
                             "as_of",
                             "metric",
                             "metric_revision",
                             "role",
                             "uncapped",
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
                             "adjusted_p_value",
                             "family",
                             "claimed",
                             "chance_to_beat_control",
                             "expected_loss",
                             "reason"});
  const std::string as_of = ToReadableJson(view.report, Fields::kSet).value("as_of", "");
  for (const v1::MetricReport& metric : view.report.metrics()) {
    for (const v1::Comparison& row : metric.comparisons()) {
      std::vector<std::string> fields = {view.report.campaign(),
                                         absl::StrCat(view.report.campaign_revision()),
                                         as_of,
                                         metric.metric(),
                                         absl::StrCat(metric.metric_revision()),
                                         ShortName(metric.role()),
                                         metric.uncapped() ? "true" : "false",
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
      fields.push_back(row.has_adjusted_p_value() ? Full(row.adjusted_p_value()) : "");
      fields.push_back(row.family());
      fields.push_back(row.claimed() ? "true" : "false");
      fields.push_back(row.has_posterior() ? Full(row.posterior().chance_to_beat_control()) : "");
      fields.push_back(row.has_posterior() ? Full(row.posterior().expected_loss()) : "");
      fields.push_back(row.reason());
      absl::StrAppend(&out, CsvLine(fields));
    }
  }
  return out;
}

}  // namespace tierwise
