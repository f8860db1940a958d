// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/command.h"
#include "client/cli/import_run.h"
#include "client/cli/progress.h"
#include "client/cli/yaml_documents.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "Fields: exposures have user_id, campaign, variant, tier, time, phase, propensity, forced; events have user_id, "
    "event_id, name,\n"
    "time, value, properties_json; profiles have user_id and every declared attribute. A column named like a field "
    "needs no --map.\n"
    "`#row` in place of a column is the row's number. docs/import.md says more.\n"
    "\n"
    "Importing the same file again counts nothing twice.\n"
    "\n"
    "Examples:\n"
    "  tierwise import events --file orders.csv.gz --map user_id=customer,time=ordered_at,value=total --set "
    "name=purchase\n"
    "  tierwise import profiles --file customers.ndjson --map user_id=id,country=address.country --resume\n"
    "  tierwise import exposures --file mailing.csv --set campaign=spring --translate variant:\"Mens E-Mail\"=mens\n"
    "  tierwise import events --file cells.csv --mapping visits.yaml --dry-run\n";

struct ImportOptions {
  std::string kind;
  std::string file, format, mapping, repeat, time_format, delimiter, rejects, state_folder;
  std::vector<std::string> map, set, translate, where;
  bool has_repeat = false;
  bool is_resumable = false, is_dry_run = false, is_json = false;
};

// The mapping file, if any, with the options on top.
absl::StatusOr<ImportMapping> MappingOf(const ImportOptions& options) {
  ImportMapping mapping;
  if (!options.mapping.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(options.mapping));
    TIERWISE_ASSIGN_OR_RETURN(mapping, ParseMapping(options.mapping, text));
  }
  for (const std::string& option : options.map) TIERWISE_RETURN_IF_ERROR(AddMap(option, &mapping));
  for (const std::string& option : options.set) TIERWISE_RETURN_IF_ERROR(AddSet(option, &mapping));
  for (const std::string& option : options.translate) TIERWISE_RETURN_IF_ERROR(AddTranslate(option, &mapping));
  for (const std::string& option : options.where) TIERWISE_RETURN_IF_ERROR(AddWhere(option, &mapping));
  if (options.has_repeat) mapping.repeat = options.repeat;
  if (!options.time_format.empty()) TIERWISE_RETURN_IF_ERROR(SetTimeFormat(options.time_format, &mapping));
  if (!options.delimiter.empty()) TIERWISE_RETURN_IF_ERROR(SetDelimiter(options.delimiter, &mapping));
  return mapping;
}

absl::StatusOr<ImportJob> JobOf(const ImportOptions& options) {
  ImportJob job;
  TIERWISE_ASSIGN_OR_RETURN(job.kind, ParseFactKind(options.kind));
  TIERWISE_ASSIGN_OR_RETURN(job.mapping, MappingOf(options));
  job.file = options.file;
  job.format = options.format == "csv"      ? RecordFormat::kCsv
               : options.format == "ndjson" ? RecordFormat::kNdjson
                                            : RecordFormat::kByName;
  job.rejects = !options.rejects.empty() ? options.rejects
                : options.file == "-"    ? "stdin.rejected.csv"
                                         : options.file + ".rejected.csv";
  job.is_resumable = options.is_resumable || !options.state_folder.empty();
  job.state_folder = options.state_folder;
  job.is_dry_run = options.is_dry_run;
  return job;
}

void PrintSummary(const ImportOptions& options, const ImportJob& job, const ImportSummary& summary,
                  absl::Duration elapsed, Terminal& terminal) {
  if (options.is_json) {
    terminal.out << nlohmann::ordered_json({{"kind", options.kind},
                                            {"file", options.file},
                                            {"dry_run", options.is_dry_run},
                                            {"rows", summary.rows},
                                            {"accepted", summary.accepted},
                                            {"rejected", summary.rejected},
                                            {"filtered", summary.filtered},
                                            {"resumed", summary.resumed}})
                        .dump(2)
                 << '\n';
  } else {
    terminal.out << options.kind << ": " << WithThousands(summary.accepted)
                 << (options.is_dry_run ? " would be sent" : " accepted") << " of " << WithThousands(summary.rows)
                 << " rows in " << absl::FormatDuration(absl::Trunc(elapsed, absl::Milliseconds(10)));
    if (summary.filtered > 0) terminal.out << "; " << WithThousands(summary.filtered) << " filtered out";
    if (summary.resumed > 0) terminal.out << "; " << WithThousands(summary.resumed) << " done by an earlier run";
    terminal.out << '\n';
  }
  if (summary.rejected > 0) {
    terminal.err << Styled(terminal.err_has_color, Style::kYellow,
                           absl::StrCat(WithThousands(summary.rejected), " rows rejected"))
                 << "; lines and reasons are in " << job.rejects << '\n';
  }
}

absl::StatusOr<ExitCode> Import(const ImportOptions& options, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(const ImportJob job, JobOf(options));
  const absl::Time start = absl::Now();
  const Connection connection(invocation.connection);
  const absl::StatusOr<ImportSummary> summary = RunImport(job, connection, invocation.terminal);
  if (!summary.ok()) {
    if (job.is_resumable && !absl::IsInvalidArgument(summary.status())) {
      invocation.terminal.err << "the same command goes on where this one stopped\n";
    }
    return summary.status();
  }
  PrintSummary(options, job, *summary, absl::Now() - start, invocation.terminal);
  return summary->rejected > 0 ? ExitCode::kPartlyRejected : ExitCode::kOk;
}

}  // namespace

void AddImportCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = app.add_subcommand("import", "Load exposures, events or profiles from a file");
  command->add_option("KIND", options->kind, "What the rows become: exposures, events or profiles")->required();
  command->add_option("--file", options->file, "CSV with a header, or newline JSON; .gz too; - is standard input")
      ->required();
  command->add_option("--format", options->format, "csv or ndjson, where the file's name does not tell")
      ->check(CLI::IsMember({"csv", "ndjson"}));
  command->add_option("--mapping", options->mapping,
                      "The options below, kept in a YAML file; those given here go on top");
  command->add_option("--map", options->map, "The field is in this column")
      ->type_name("FIELD=COLUMN")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--set", options->set, "The field is this text in every row")
      ->type_name("FIELD=TEXT")
      ->allow_extra_args(false);
  command->add_option("--translate", options->translate, "Texts of the file to texts of the field")
      ->type_name("FIELD:FROM=TO,...")
      ->allow_extra_args(false);
  command->add_option("--where", options->where, "Only rows with this text; != for all others")
      ->type_name("COLUMN=TEXT")
      ->allow_extra_args(false);
  command->add_option("--repeat", options->repeat, "Column of how many rows a row stands for")->type_name("COLUMN");
  command->add_option("--time-format", options->time_format, "any, rfc3339, unix or unix_ms; default any");
  command->add_option("--delimiter", options->delimiter, "Between CSV fields: one character, or tab");
  command->add_option("--rejects", options->rejects, "Where rejected lines go; default FILE.rejected.csv");
  command->add_flag("--resume", options->is_resumable, "Keep a checkpoint beside the file; go on where there is one");
  command->add_option("--state", options->state_folder, "Keep the checkpoint in this folder")->type_name("DIR");
  command->add_flag("--dry-run", options->is_dry_run, "Read and check every row, send nothing");
  command->add_flag("--json", options->is_json, "Print the summary as JSON");
  command->footer(kExamples);
  command->callback([options, command, &invocation] {
    options->has_repeat = command->count("--repeat") > 0;
    invocation.action = [options, &invocation] { return Import(*options, invocation); };
  });
}

}  // namespace tierwise
