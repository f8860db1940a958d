// SPDX-License-Identifier: Apache-2.0
#include "client/cli/cell_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/csv.h"
#include "client/cli/suggestion.h"
#include "client/cli/yaml_documents.h"
#include "client/cli/yaml_message.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string NameOf(const std::string& path) { return path == "-" ? "standard input" : path; }

absl::StatusOr<std::string> ReadText(const std::string& path, Terminal& terminal) {
  std::string text;
  if (path == "-") {
    std::ostringstream all;
    all << terminal.in.rdbuf();
    text = all.str();
  } else {
    TIERWISE_ASSIGN_OR_RETURN(text, ReadSmallFile(path));
  }
  const size_t valid = ValidUtf8Prefix(text);
  if (valid == text.size()) return text;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(valid), '\n');
  return InvalidField(absl::StrCat(NameOf(path), ":", line), "is not UTF-8; save the file in that encoding");
}

absl::StatusOr<CellFormat> FormatOf(const CellFileRequest& request) {
  if (request.format != CellFormat::kByName) return request.format;
  if (request.path == "-") return InvalidField("--format", "must be given with standard input: json or csv");
  if (absl::EndsWith(request.path, ".csv")) return CellFormat::kCsv;
  for (const char* extension : {".json", ".yaml", ".yml"}) {
    if (absl::EndsWith(request.path, extension)) return CellFormat::kJson;
  }
  return InvalidField(request.path, "must end in .json or .csv, or --format must say which of the two it is");
}

// The file that is read and where its parts stand.
struct Target {
  google::protobuf::Message* file;
  CellPlaces places;

  const google::protobuf::FieldDescriptor* CellsField() const {
    return file->GetDescriptor()->FindFieldByName("cells");
  }
  int CellCount() const { return file->GetReflection()->FieldSize(*file, CellsField()); }
  google::protobuf::Message* AddCell() { return file->GetReflection()->AddMessage(file, CellsField()); }
};

// JSON is YAML, whose reader knows lines.
void ReadJson(const std::string& name, const std::string& text, Problems& problems, Target& target) {
  target.places.name = name;
  try {  // yaml-cpp reports by exceptions
    const YAML::Node root = YAML::Load(text);
    YamlMessageReader reader(name, &problems);
    reader.Read(root, "", target.file);
    target.places.lines = reader.lines();
  } catch (const YAML::Exception& error) {
    problems.Add(error.mark.is_null() ? name : absl::StrCat(name, ":", error.mark.line + 1),
                 absl::StrCat("not JSON: ", error.msg));
  }
  for (int i = 0; i < target.CellCount(); ++i) {
    const std::string path = absl::StrCat("cells[", i, "]");
    const auto line = target.places.lines.find(path);
    target.places.cells.push_back(
        {absl::StrCat(name, ":", line == target.places.lines.end() ? 1 : line->second), path});
  }
}

struct CsvRow {
  int line = 0;
  std::string text;
};

// Splits into records, which may hold quoted line ends; empty lines are passed over.
std::vector<CsvRow> RowsOf(absl::string_view text) {
  std::vector<CsvRow> rows;
  absl::ConsumePrefix(&text, kByteOrderMark);
  int line = 1;
  while (!text.empty()) {
    CsvRow row{line, ""};
    QuoteTracker quotes(',');
    do {
      const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      quotes.Add(text.substr(0, end));
      absl::StrAppend(&row.text, text.substr(0, end));
      text.remove_prefix(end);
      ++line;
    } while (quotes.is_inside() && !text.empty());
    while (!row.text.empty() && (row.text.back() == '\n' || row.text.back() == '\r')) row.text.pop_back();
    if (!row.text.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> ReadHeader(const std::string& position, const std::string& text,
                                    absl::Span<const absl::string_view> required, const Target& target,
                                    Problems& problems) {
  const auto header = SplitCsv(text, ',');
  if (!header.ok()) {
    problems.Add(position, header.status().message());
    return {};
  }
  std::vector<std::string> known;
  const auto* type = target.CellsField()->message_type();
  for (int i = 0; i < type->field_count(); ++i) known.push_back(type->field(i)->name());
  for (auto name = header->begin(); name != header->end(); ++name) {
    if (std::find(known.begin(), known.end(), *name) == known.end()) {
      problems.Add(position, absl::StrCat("unknown column `", *name, "`", Suggestion(*name, known)));
    } else if (std::find(header->begin(), name, *name) != name) {
      problems.Add(position, absl::StrCat("the column `", *name, "` is given twice"));
    }
  }
  for (const absl::string_view needed : required) {
    if (std::find(header->begin(), header->end(), needed) == header->end()) {
      problems.Add(position, absl::StrCat("the column `", needed, "` is missing"));
    }
  }
  return *header;
}

void ReadCsv(const std::string& name, const std::string& text, absl::Span<const absl::string_view> required,
             Problems& problems, Target& target) {
  const std::vector<CsvRow> rows = RowsOf(text);
  if (rows.empty()) return problems.Add(name, "the file is empty: a header with the columns' names is needed");
  const auto position = [&name](const CsvRow& row) { return absl::StrCat(name, ":", row.line); };
  const std::vector<std::string> header = ReadHeader(position(rows[0]), rows[0].text, required, target, problems);
  if (!problems.empty()) return;
  for (size_t i = 1; i < rows.size(); ++i) {
    const std::string where = position(rows[i]);
    const auto fields = SplitCsv(rows[i].text, ',');
    if (!fields.ok()) {
      problems.Add(where, fields.status().message());
      continue;
    }
    if (fields->size() != header.size()) {
      problems.Add(where, absl::StrCat("has ", fields->size(), " fields, the header has ", header.size()));
      continue;
    }
    YAML::Node cell(YAML::NodeType::Map);
    for (size_t j = 0; j < header.size(); ++j) {
      if (!(*fields)[j].empty()) cell.force_insert(header[j], (*fields)[j]);
    }
    YamlMessageReader(where, &problems).Read(cell, "", target.AddCell());
    target.places.cells.push_back({where, ""});
  }
}

}  // namespace

std::string CellPlaces::Where(const std::string& path) const {
  for (std::string around = path; !around.empty();) {
    if (const auto line = lines.find(around); line != lines.end()) {
      return absl::StrCat(name, ":", line->second, ": ", path);
    }
    const size_t cut = around.find_last_of(".[");
    around.resize(cut == std::string::npos ? 0 : cut);
  }
  return absl::StrCat(name, ": ", path);
}

std::string CellPlaces::WhereCell(size_t cell, absl::string_view field) const {
  const Place& place = cells[cell];
  const absl::string_view dot = place.path.empty() || field.empty() ? "" : ".";
  const std::string path = absl::StrCat(place.path, dot, field);
  return path.empty() ? place.position : absl::StrCat(place.position, ": ", path);
}

absl::StatusOr<CellPlaces> ReadCellFile(const CellFileRequest& request, absl::Span<const absl::string_view> required,
                                        Terminal& terminal, google::protobuf::Message* file) {
  TIERWISE_ASSIGN_OR_RETURN(const CellFormat format, FormatOf(request));
  TIERWISE_ASSIGN_OR_RETURN(const std::string text, ReadText(request.path, terminal));
  Problems problems;
  Target target{file, {}};
  if (format == CellFormat::kJson) {
    if (!request.plan.empty()) return InvalidField("--plan", "goes with a CSV file; JSON has all of it in one file");
    ReadJson(NameOf(request.path), text, problems, target);
  } else {
    target.places.name = NameOf(request.path);
    if (!request.plan.empty()) {
      TIERWISE_ASSIGN_OR_RETURN(const std::string plan, ReadText(request.plan, terminal));
      ReadJson(request.plan, plan, problems, target);
      if (target.CellCount() > 0) problems.Add(target.places.Where("cells"), "must stand in the CSV file only");
    }
    ReadCsv(NameOf(request.path), text, required, problems, target);
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  if (target.CellCount() == 0) return InvalidField(target.places.Where("cells"), "is missing: there is no data");
  return std::move(target.places);
}

}  // namespace tierwise
