// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "absl/time/clock.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/report_text.h"
#include "client/cli/summary_data.h"
#include "client/cli/time_text.h"
#include "experiments/analysis/report.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "FILE holds moments per tier, variant and metric: n and conversions of a rate; n, mean and variance of a mean.\n"
    "docs/analyze.md describes all fields. No server is needed.\n"
    "\n"
    "Examples:\n"
    "  tierwise analyze examples/analyze/hillstrom.json\n"
    "  tierwise analyze cells.csv --control plain\n"
    "  tierwise analyze cells.csv --plan plan.json --confidence 0.9\n"
    "  tierwise analyze - --format csv --control plain --json < cells.csv\n"
    "\n"
    "cells.csv:\n"
    "  tier,variant,metric,n,conversions,mean,variance\n"
    "  head,plain,buy,1000,100,,\n"
    "  head,offer,buy,1004,131,,\n"
    "  head,plain,spend,1000,,4.2,310.5\n"
    "  head,offer,spend,1004,,5.1,352.8\n";

struct AnalyzeOptions {
  CellFileRequest request;
  SummaryOverrides overrides;
  std::string as_of;
  double confidence = 0.95;
  bool is_json = false;
  bool is_csv = false;
  bool is_full = false;
};

// A window that the file does not state is not one of 0 seconds.
void ClearUnknownWindows(v1::Report& report) {
  for (v1::MetricReport& metric : *report.mutable_metrics()) {
    if (FromProto(metric.window()) != absl::ZeroDuration()) continue;
    metric.clear_window();
    metric.clear_delay();
  }
}

absl::StatusOr<ExitCode> Analyze(AnalyzeOptions options, const Invocation& invocation) {
  Terminal& terminal = invocation.terminal;
  if (!options.as_of.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(options.overrides.as_of, ParseTimeText(options.as_of));
  }
  options.overrides.now = absl::Now();
  TIERWISE_ASSIGN_OR_RETURN(const SummarySource source, ReadSummary(options.request, terminal));
  TIERWISE_ASSIGN_OR_RETURN(const SummaryData summary, AssembleSummary(source, options.overrides));
  TIERWISE_ASSIGN_OR_RETURN(v1::Report report, BuildReport(summary.data, options.confidence));
  ClearUnknownWindows(report);
  if (options.is_json) {
    terminal.out << ToReadableJson(report, Fields::kComplete).dump(2) << '\n';
    return ExitCode::kOk;
  }
  const ReportView view = summary.View(std::move(report));
  const Detail detail = options.is_full ? Detail::kFull : Detail::kCompact;
  terminal.out << (options.is_csv ? ReportCsv(view)
                                  : RenderReport(view, terminal.width, terminal.out_has_color, detail));
  return ExitCode::kOk;
}

}  // namespace

void AddAnalyzeCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<AnalyzeOptions>();
  CLI::App* command = app.add_subcommand("analyze", "The report on summary data of your own; no server needed");
  command->add_option("FILE", options->request.path, "JSON or CSV; - is standard input")->required();
  command
      ->add_option_function<std::string>(
          "--format",
          [options](const std::string& format) {
            options->request.format = format == "csv" ? CellFormat::kCsv : CellFormat::kJson;
          },
          "json or csv; default: by the file's name")
      ->check(CLI::IsMember({"json", "csv"}));
  command->add_option("--plan", options->request.plan, "JSON with all but the cells of a CSV file");
  command->add_option("--control", options->overrides.control, "The variant that the others are compared with");
  command->add_option("--as-of", options->as_of, "When the users were counted")->type_name("TIME");
  command->add_option("--confidence", options->confidence, "Of intervals")
      ->check(CLI::Range(0.5, 0.9999))
      ->capture_default_str();
  command->add_flag("-v,--verbose", options->is_full, "Every health check and every estimator");
  auto* json = command->add_flag("--json", options->is_json, "JSON, numbers in full precision");
  command->add_flag("--csv", options->is_csv, "CSV, one line for each comparison, numbers in full precision")
      ->excludes(json);
  command->footer(kExamples);
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Analyze(*options, invocation); }; });
}

}  // namespace tierwise
