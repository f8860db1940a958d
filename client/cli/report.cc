// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/message_text.h"
#include "client/cli/report_text.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/report_service.pb.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tierwise report spring\n"
    "  tierwise report spring --verbose\n"
    "  tierwise report spring --as-of 2026-03-01 --metric revenue --confidence 0.9\n"
    "  tierwise report spring --csv > spring.csv\n";

struct ReportOptions {
  std::string campaign;
  std::string as_of;
  std::vector<std::string> metrics;
  double confidence = 0;
  bool is_json = false;
  bool is_csv = false;
  bool is_full = false;
};

absl::StatusOr<ExitCode> Report(const ReportOptions& options, const Invocation& invocation) {
  v1::GetReportRequest request;
  request.set_campaign(options.campaign);
  request.set_confidence(options.confidence);
  if (!options.as_of.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const absl::Time as_of, ParseTimeText(options.as_of));
    *request.mutable_as_of() = ToProto(as_of);
  }
  for (const std::string& metric : options.metrics) request.add_metrics(metric);
  const Connection connection(invocation.connection);
  v1::GetReportResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response.report(), Fields::kComplete).dump(2) << '\n';
    return ExitCode::kOk;
  }
  ReportView view;
  view.report = std::move(*response.mutable_report());
  TIERWISE_ASSIGN_OR_RETURN(const v1::Definition campaign,
                            FetchDefinition(connection, absl::StrCat("campaigns/", options.campaign)));
  view.campaign = campaign.campaign();
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Definition> metrics, FetchAll(connection, "metrics"));
  for (const v1::Definition& metric : metrics) view.metrics[metric.metric().id()] = metric.metric();
  const Detail detail = options.is_full ? Detail::kFull : Detail::kCompact;
  terminal.out << (options.is_csv ? ReportCsv(view)
                                  : RenderReport(view, terminal.width, terminal.out_has_color, detail));
  return ExitCode::kOk;
}

}  // namespace

void AddReportCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "Lift per tier: what a campaign did");
  command->add_option("CAMPAIGN", options->campaign, "Id of the campaign")->required();
  command->add_option("--as-of", options->as_of, "The report as it was at that time")->type_name("TIME");
  command->add_option("--metric", options->metrics, "Only this metric; several may be given")->allow_extra_args(false);
  command->add_option("--confidence", options->confidence, "Of intervals; default 0.95")
      ->check(CLI::Range(0.5, 0.9999));
  command->add_flag("-v,--verbose", options->is_full, "Every health check and every estimator");
  auto* json = command->add_flag("--json", options->is_json, "JSON, numbers in full precision");
  command->add_flag("--csv", options->is_csv, "CSV, one line for each comparison, numbers in full precision")
      ->excludes(json);
  command->footer(kExamples);
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Report(*options, invocation); }; });
}

}  // namespace tierwise
